"""How many lines of systemic therapy were given, as a range with its reasons.

The rules (house rules, stated in the README): drugs begun within 28 days of each other are one regimen and one line;
maintenance is no new line; (neo)adjuvant, curative and consolidation treatment counts only if relapse came within six
months of its end, and where the relapse is not dated it may or may not count; a drug added later while the earlier
ones go on may or may not be a new line, and so may a regimen taken up again without a new drug. A line
number stated by the record is believed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from cds_targets.facts.clinical import Exposure
from cds_targets.facts.dates import add_months
from cds_targets.facts.genomic import Source
from cds_targets.facts.record import Coverage, PatientRecord, Topic

SAME_REGIMEN_DAYS = 28
RELAPSE_MONTHS = 6
_CURATIVE = frozenset({"adjuvant", "neoadjuvant", "consolidation", "curative"})


@dataclass(frozen=True, slots=True)
class LineCount:
    """Fewest and most lines the record allows, why they differ or what was left out, and the sources."""

    at_least: int
    at_most: int
    reasons: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class _Regimen:
    """Drugs begun together, the first of them some day from `earliest` to `latest`."""

    drugs: list[Exposure]
    earliest: date
    latest: date

    def may_go_on(self, day: date) -> bool:
        """Whether one of its drugs was perhaps still given on `day`."""
        return any(
            e.ongoing is True
            or (e.last is not None and e.last.latest >= day)
            or (e.last is None and e.ongoing is not False)
            for e in self.drugs
        )

    def has_all_of(self, later: _Regimen) -> bool:
        """Whether a later regimen brought no new drug: it may be the same line taken up again."""
        return {e.drug for e in later.drugs} <= {e.drug for e in self.drugs}

    def told_with(self, exposure: Exposure) -> bool:
        """Whether the same entry of the record first names a drug of this regimen and another one ("FOLFOX")."""
        entry = _first_entry(exposure)
        return entry is not None and any(_first_entry(e) == entry for e in self.drugs)


def prior_lines(record: PatientRecord, not_counting: frozenset[str] = frozenset()) -> LineCount:
    """Lines recorded before today, the drugs in `not_counting` (those being ordered) aside."""
    systemic = [
        course
        for e in record.therapies
        if e.antineoplastic and e.given is not False and e.drug not in not_counting
        for course in _courses(e)
        if course.intent != "maintenance"
    ]
    sources = tuple(source for exposure in systemic for source in exposure.sources)
    reasons: list[str] = []
    counted: list[Exposure] = []
    doubtful: list[Exposure] = []
    for exposure in systemic:
        name = exposure.drug or exposure.written
        if exposure.given is None:
            doubtful.append(exposure)
            reasons.append(f"whether {name} was given is not recorded")
        elif exposure.intent in _CURATIVE:
            verdict = _relapsed_soon(exposure, record)
            if verdict is True:
                counted.append(exposure)
            elif verdict is None:
                doubtful.append(exposure)
                reasons.append(f"{exposure.intent} {name} counts only if relapse came within 6 months of its end")
            else:
                reasons.append(f"{exposure.intent} {name} does not count: relapse came later than 6 months")
        else:
            counted.append(exposure)
    low, high = _count(counted)
    high += _count(doubtful)[1]
    stated = max((e.line for e in systemic if e.line is not None), default=0)
    return LineCount(max(low, stated), max(high, stated), tuple(dict.fromkeys(reasons)), sources)


def _first_entry(exposure: Exposure) -> str | None:
    """The entry of the record that tells of the earliest start."""
    if not exposure.sources:
        return None
    earliest = min(exposure.sources, key=lambda source: source.when.earliest if source.when else date.max)
    return earliest.reference


def _courses(exposure: Exposure) -> list[Exposure]:
    """An exposure as its courses; only the last may still go on."""
    last = len(exposure.courses) - 1
    return [
        replace(
            exposure,
            first=course.first,
            last=course.last,
            intent=course.intent,
            sources=course.sources,
            ongoing=exposure.ongoing if number == last else False,
        )
        for number, course in enumerate(exposure.courses)
    ] or [exposure]


def _relapsed_soon(exposure: Exposure, record: PatientRecord) -> bool | None:
    """Whether spread was first recorded within six months of the end of this treatment; None if undated."""
    if exposure.last is None:
        return None
    known = [m.onset for m in record.metastases if m.onset is not None and m.certain]
    later = [onset for onset in known if onset.earliest > exposure.last.latest]
    if not later:
        return None
    first = min(later, key=lambda onset: onset.earliest)
    if first.latest <= add_months(exposure.last.earliest, RELAPSE_MONTHS):
        return True
    if record.of(Topic.DIAGNOSES).coverage is not Coverage.COMPLETE:
        return None  # an earlier relapse may not have been sent
    return False if first.earliest > add_months(exposure.last.latest, RELAPSE_MONTHS) else None


def _count(exposures: Iterable[Exposure]) -> tuple[int, int]:
    """Fewest and most lines these treatments make up."""
    treatments = list(exposures)
    dated = [e for e in treatments if e.first is not None or e.last is not None]
    undated = {_first_entry(e) or e for e in treatments if e not in dated}
    fewest = _regimens(dated, surely_later=True)
    low, high = len(fewest), len(_regimens(dated, surely_later=False))
    low -= sum(before.may_go_on(after.earliest) or before.has_all_of(after) for before, after in pairwise(fewest))
    return (max(low, 1) if undated else low), high + len(undated)


def _regimens(exposures: list[Exposure], *, surely_later: bool) -> list[_Regimen]:
    """Treatments in regimens: a new one for a drug that surely (else: perhaps) began over 28 days after the first."""
    found: list[_Regimen] = []
    for exposure in sorted(exposures, key=lambda e: _began(e)[::-1]):
        earliest, latest = _began(exposure)
        before = found[-1] if found else None
        if before is not None:
            days = (earliest - before.latest).days if surely_later else (latest - before.earliest).days
            if days <= SAME_REGIMEN_DAYS or before.told_with(exposure):
                before.drugs.append(exposure)
                continue
        found.append(_Regimen([exposure], earliest, latest))
    return found


def _began(exposure: Exposure) -> tuple[date, date]:
    """The days on which it may have begun; without a recorded start any day up to its last."""
    if exposure.first is not None:
        return exposure.first.earliest, exposure.first.latest
    assert exposure.last is not None  # noqa: S101 - callers pass dated treatments only
    return date.min, exposure.last.latest
