"""A figure: what was counted, out of how much, and what it must not exceed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`found` of `tried`; more than `most` is a failure, None only tells. `why` names what was found."""

    what: str
    found: float
    tried: str
    most: float | None = 0
    why: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it is what it must be."""
        return self.most is None or self.found <= self.most

    def __str__(self) -> str:
        must = "" if self.most is None else f"  (at most {self.most:g})"
        return f"{'ok  ' if self.holds else 'FAIL'}  {self.what}: {self.found:.3g} of {self.tried}{must}"


def control(holds: bool, sentence: str) -> None:
    """Stop where a figure would say nothing, because even what must work did not."""
    if not holds:
        raise SystemExit(f"FAIL  no figure: {sentence}")
