"""How many lines of systemic therapy were given, as a range with its reasons.

The rules (house rules, stated in the README): drugs begun within 28 days of each other are one regimen and one line;
maintenance is no new line; (neo)adjuvant, curative and consolidation treatment counts only if relapse came within six
months of its end, and where the relapse is not dated it may or may not count; a drug added later while the earlier
ones go on may or may not be a new line. A line number stated by the record is believed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from cds_targets.facts.clinical import Exposure
from cds_targets.facts.dates import add_months
from cds_targets.facts.genomic import Source
from cds_targets.facts.record import PatientRecord

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
class _Start:
    drugs: tuple[Exposure, ...]
    day: date

    @property
    def over(self) -> bool:
        """Whether every drug of it is known to be over."""
        return all(exposure.ongoing is False for exposure in self.drugs)


def prior_lines(record: PatientRecord, not_counting: frozenset[str] = frozenset()) -> LineCount:
    """Lines recorded before today, the drugs in `not_counting` (those being ordered) aside."""
    systemic = [
        e
        for e in record.therapies
        if e.antineoplastic and e.given is not False and e.drug not in not_counting and e.intent != "maintenance"
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
    return False if first.earliest > add_months(exposure.last.latest, RELAPSE_MONTHS) else None


def _count(exposures: Iterable[Exposure]) -> tuple[int, int]:
    """Fewest and most lines these treatments make up."""
    treatments = list(exposures)
    undated = [e for e in treatments if e.first is None and e.last is None]
    starts = _starts([e for e in treatments if e not in undated])
    low = high = len(starts)
    for before, after in pairwise(starts):
        same_class_goes_on = not before.over and any(
            e.last is None or e.last.latest >= after.day for e in before.drugs if e.ongoing is not False
        )
        if same_class_goes_on:
            low -= 1
    if undated:
        low, high = max(low, 1), high + len(undated)
    return low, high


def _starts(exposures: list[Exposure]) -> list[_Start]:
    """Treatments grouped into regimens by the day they were first given."""

    def day(exposure: Exposure) -> date:
        when = exposure.first or exposure.last
        assert when is not None  # noqa: S101 - callers pass dated treatments only
        return when.earliest

    groups: list[list[Exposure]] = []
    for exposure in sorted(exposures, key=day):
        if groups and (day(exposure) - day(groups[-1][0])).days <= SAME_REGIMEN_DAYS:
            groups[-1].append(exposure)
        else:
            groups.append([exposure])
    return [_Start(tuple(group), day(group[0])) for group in groups]
