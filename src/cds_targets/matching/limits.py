"""A measured value, perhaps known only as `>1000`, against a limit."""

from __future__ import annotations

from cds_targets.matching.verdict import Outcome

_DIGITS = 9  # 2.1 / 0.7 is 3 times the limit, not 3.0000000000000004 times


def on_side(value: float | None, comparator: str | None, limit: float | None, *, over: bool, strict: bool) -> Outcome:
    """Whether the value lies over (or under) the limit; `strict`: the limit itself does not count.

    Without a limit everything does; without a value, or where the comparator leaves both sides open, UNKNOWN.
    """
    if limit is None:
        return Outcome.MET
    if value is None:
        return Outcome.UNKNOWN
    number, bound = round(value, _DIGITS), round(limit, _DIGITS)
    if comparator is None:
        return Outcome.MET if _holds(number, bound, over, strict) else Outcome.NOT_MET
    upward, itself = comparator in (">", ">="), comparator in (">=", "<=")
    if upward is over:
        # the true value lies further out than `number`: sure as soon as the nearest possible value is on the side
        sure = _holds(number, bound, over, strict and itself)
        return Outcome.MET if sure else Outcome.UNKNOWN
    # the true value lies toward the limit or beyond it: surely not as soon as the nearest possible value is not
    possible = _holds(number, bound, over, strict or not itself)
    return Outcome.UNKNOWN if possible else Outcome.NOT_MET


def _holds(number: float, bound: float, over: bool, strict: bool) -> bool:
    if number == bound:
        return not strict
    return number > bound if over else number < bound
