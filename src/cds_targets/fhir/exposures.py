"""What several resources tell of one drug, merged into one exposure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cds_targets.facts.clinical import Course, Exposure
from cds_targets.facts.dates import When
from cds_targets.facts.genomic import Source
from cds_targets.terms import Terms

PAUSE_DAYS = 90  # a house rule: a longer pause parts two courses of the same drug


@dataclass(frozen=True, slots=True)
class Piece:
    """What one resource says of one drug; `stopped`: it says that the treatment has come to its end."""

    drug: str | None
    written: str
    source: Source
    given: bool | None
    first: When | None
    last: When | None
    ongoing: bool | None
    on_hold: bool
    intent: str | None
    administered: bool
    dose: str | None
    antineoplastic: bool
    stopped: bool


def merged(pieces: list[Piece], terms: Terms, as_of: date) -> list[Exposure]:
    """One exposure a drug; pieces that were not given stay apart so that they cannot lend their dates."""
    groups: dict[tuple[str, bool], list[Piece]] = {}
    for piece in pieces:
        groups.setdefault((piece.drug or piece.written, piece.given is False), []).append(piece)
    return [_exposure(group, terms, as_of) for group in groups.values()]


def _exposure(group: list[Piece], terms: Terms, as_of: date) -> Exposure:
    drug = group[0].drug
    starts = [p.first for p in group if p.first is not None and p.first.earliest <= as_of]
    given = _given(group, as_of)
    ongoing = _goes_on(group, given, as_of)
    last, notes = _last(group, ongoing, given, starts, as_of)
    intents = [p.intent for p in group if p.intent]
    return Exposure(
        drug,
        tuple(p.source for p in group),
        written=group[0].written,
        first=min(starts, key=lambda when: when.earliest) if starts else None,
        last=last,
        ongoing=ongoing,
        on_hold=any(p.on_hold and not _resumed(p, group, as_of) for p in group),
        given=given,
        intent=intents[0] if intents else None,
        dose=next((p.dose for p in group if p.dose), None),
        antineoplastic=terms.drugs.by_name[drug].antineoplastic if drug else any(p.antineoplastic for p in group),
        notes=notes,
        courses=_courses(group, as_of),
    )


def _courses(group: list[Piece], as_of: date) -> tuple[Course, ...]:
    """The courses of treatment, each over long before the next began; nothing where there was one or a date lacks."""
    if any(p.first is None for p in group):
        return ()
    begun = [(p.first, p) for p in group if p.first is not None and p.first.earliest <= as_of]
    runs: list[list[Piece]] = []
    for first, piece in sorted(begun, key=lambda pair: pair[0].earliest):
        ends = [p.last for p in runs[-1]] if runs else []
        over = [end.latest for end in ends if end is not None]
        if ends and (len(over) < len(ends) or (first.earliest - max(over)).days <= PAUSE_DAYS):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    if len(runs) < 2:
        return ()
    return tuple(
        Course(
            first=next(p.first for p in run if p.first is not None),
            last=_latest(p.last for p in run if p.last is not None),
            intent=next((p.intent for p in run if p.intent), None),
            sources=tuple(p.source for p in run),
        )
        for run in runs
    )


def _last(
    group: list[Piece], ongoing: bool | None, given: bool | None, starts: list[When], as_of: date
) -> tuple[When | None, tuple[str, ...]]:
    """The last dose: the latest administration, or the end of a course begun after it; with what to note on it."""
    doses = [p.last for p in group if p.administered and p.last is not None and p.given and p.last.earliest <= as_of]
    dose = _latest(doses)
    courses = [p for p in group if not p.administered and p.last is not None]
    ends = [p.last for p in courses if dose is None or (p.first is not None and p.first.earliest > dose.latest)]
    end = _latest(when for when in ends if when is not None)
    last = end or dose
    if last is not None and last.earliest > as_of:
        last = dose
    if last is None and given and ongoing is False:
        return _some_day_since(starts, as_of), ("the end of treatment is not recorded",)
    if last is not None and dose is None and ongoing is None and any(p.ongoing is True for p in group):
        return When(last.earliest, max(last.latest, as_of)), ("whether it went on is told in two ways",)
    return last, ()


def _goes_on(group: list[Piece], given: bool | None, as_of: date) -> bool | None:
    """Whether it is still being given; None where one entry says so and another, not older, says it was stopped."""
    courses = [p for p in group if not p.administered]
    if given is False:
        return False
    running = [p for p in courses if p.ongoing is True and (p.first is None or p.first.earliest <= as_of)]
    if running:
        settled = all(any(_began_after(one, stop) for one in running) for stop in courses if stop.stopped)
        return True if settled else None
    if courses and all(p.ongoing is not None for p in courses):
        return False
    ends = [p.last for p in courses if p.last is not None]
    if ends and len(ends) == len(courses):
        return max(end.latest for end in ends) >= as_of
    return None


def _began_after(course: Piece, stopped: Piece) -> bool:
    """Whether a course began later than one that was stopped."""
    before = stopped.first or stopped.last
    return course.first is not None and before is not None and course.first.earliest > before.latest


def _resumed(held: Piece, group: list[Piece], as_of: date) -> bool:
    """Whether a later entry has the drug given again."""
    later = (p for p in group if p.first is not None and p.first.earliest <= as_of and p.given and not p.on_hold)
    return held.first is not None and any(p.first.earliest > held.first.latest for p in later if p.first is not None)


def _given(group: list[Piece], as_of: date) -> bool | None:
    if any(p.given for p in group):
        started = [p for p in group if p.given and (p.first is None or p.first.earliest <= as_of)]
        return bool(started)
    return False if all(p.given is False for p in group) else None


def _some_day_since(starts: list[When], as_of: date) -> When | None:
    """Treatment that is over without a recorded end ended some day between its latest start and today."""
    latest = _latest(starts)
    return When(latest.earliest, as_of) if latest is not None else None


def _latest(dates: Iterable[When]) -> When | None:
    known = list(dates)
    return max(known, key=lambda when: when.latest) if known else None
