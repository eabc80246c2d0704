"""Three-valued verdicts: a tree with a clinician's sentence at every node. The explanation is this tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Whether a condition holds."""

    MET = "met"
    NOT_MET = "not met"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one condition, or of several joined.

    `facts` name the sources it rests on (`Observation/v1`); `caveats` qualify a MET; `values` are what the card's text
    may use, by `name.attribute`; `gaps` say what cannot be known though the outcome is clear (a result is unusable).
    """

    condition: str
    outcome: Outcome
    sentence: str
    facts: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    children: tuple[Verdict, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    gaps: tuple[str, ...] = ()

    def leaves(self) -> Iterator[Verdict]:
        """The nodes without children, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def open_sentences(self) -> Iterator[str]:
        """The sentences of what is unknown; where one of several suffices and is met, the others do not matter."""
        if self.condition.removeprefix("unless ") == "any" and self.outcome is not Outcome.UNKNOWN:
            return
        yield from self.gaps
        if not self.children and self.outcome is Outcome.UNKNOWN:
            yield self.sentence
        for child in self.children:
            yield from child.open_sentences()

    def bound(self) -> dict[str, str]:
        """Every bound value of the tree; what a node binds itself counts before what its children bind."""
        found: dict[str, str] = {}
        for child in self.children:
            found.update(child.bound())
        return found | dict(self.values)


def all_of(condition: str, children: Iterable[Verdict]) -> Verdict:
    """NOT_MET if any child is, else UNKNOWN if any is, else MET."""
    parts = tuple(children)
    outcomes = {part.outcome for part in parts}
    if Outcome.NOT_MET in outcomes:
        outcome = Outcome.NOT_MET
    elif Outcome.UNKNOWN in outcomes:
        outcome = Outcome.UNKNOWN
    else:
        outcome = Outcome.MET
    deciding = [part.sentence for part in parts if part.outcome is outcome]
    return Verdict(condition, outcome, "; ".join(deciding), children=parts)


def any_of(condition: str, children: Iterable[Verdict]) -> Verdict:
    """MET if any child is, else UNKNOWN if any is, else NOT_MET."""
    parts = tuple(children)
    outcomes = {part.outcome for part in parts}
    if Outcome.MET in outcomes:
        outcome = Outcome.MET
    elif Outcome.UNKNOWN in outcomes:
        outcome = Outcome.UNKNOWN
    else:
        outcome = Outcome.NOT_MET
    deciding = [part.sentence for part in parts if part.outcome is outcome]
    joined = "; ".join(dict.fromkeys(deciding))
    return Verdict(condition, outcome, joined, children=parts)


def none_of(children: Iterable[Verdict]) -> Verdict:
    """MET if every child is NOT_MET: the `unless` part of a card."""
    parts = tuple(inverted(child) for child in children)
    return all_of("unless", parts)


def inverted(verdict: Verdict) -> Verdict:
    """The verdict of "it is not so that ..."."""
    flipped = {Outcome.MET: Outcome.NOT_MET, Outcome.NOT_MET: Outcome.MET, Outcome.UNKNOWN: Outcome.UNKNOWN}
    return Verdict(
        f"unless {verdict.condition}",
        flipped[verdict.outcome],
        verdict.sentence,
        verdict.facts,
        children=verdict.children,
        values=verdict.values,
    )
