"""Laboratory tests and measurements, their units, and the panels that can be ordered."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from pydantic import Field

from cds_targets.terms.files import Codes, TermModel

# A LOINC name in full; its specimen says that nothing else is meant (bilirubin in urine).
_IN_FULL = re.compile(
    r"(.+?) \[(?:mass/volume|moles/volume|enzymatic activity/volume|catalytic activity/volume|#/volume)\]"
    r" in (?:serum or plasma|serum|plasma|blood|serum, plasma or blood)(?: by .+)?"
)
_IN_BRACKETS = re.compile(r"(.+?) ?\(([^()]+)\)")


class LabTest(TermModel):
    """One quantity. `unit` is the canonical UCUM unit; `molar_mass` (g/mol) lets mass and amount be converted.

    `valence` is the charge of an ion, by which equivalents are divided.

    `plausible` is the range outside which a value is taken for a mistake of unit, never used. `grades` are the lower
    bounds (exceeded) of CTCAE grades 1 to 4 as multiples of the upper limit of normal. `ecg` tests are asked for as
    measurements, all others as laboratory results.
    """

    id: str
    name: str
    unit: str
    codes: Codes = Field(default_factory=Codes)
    aliases: tuple[str, ...] = ()
    plausible: tuple[float, float] | None = None
    molar_mass: float | None = None
    valence: int = 1
    grades: tuple[float, float, float, float] | None = None
    ecg: bool = False
    source: str | None = None

    def grade(self, times_upper: float) -> int:
        """The CTCAE grade of a multiple of the upper limit of normal; 0 below grade 1 or without bounds."""
        return sum(times_upper > bound for bound in self.grades or ())


class Panel(TermModel):
    """An orderable test or panel: what a suggestion places as a ServiceRequest, and which tests answer it."""

    id: str
    name: str
    codes: Codes
    aliases: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    text: str | None = None
    source: str

    def named(self, written: str) -> bool:
        """Whether an order of these words places it."""
        return written.strip().casefold() in {word.casefold() for word in (self.name, self.text, *self.aliases) if word}

    def placed_by(self, orders: Collection[str]) -> bool:
        """Whether the panel, or every test of it, is among the ids of ordered tests and panels."""
        return self.id in orders or (bool(self.tests) and set(self.tests) <= set(orders))


class Schedule(TermModel):
    """When a series is repeated: `every` `period_unit` (UCUM: d, wk, mo) for `for_period` `for_unit`."""

    id: str
    name: str
    every: int
    period_unit: str
    count: int | None = None
    for_period: int | None = None
    for_unit: str | None = None
    source: str


class LabFile(TermModel):
    """`labs.yaml`."""

    source: str
    tests: tuple[LabTest, ...]


class OrderFile(TermModel):
    """`orders.yaml`."""

    source: str
    panels: tuple[Panel, ...]
    schedules: tuple[Schedule, ...] = ()


@dataclass(frozen=True, slots=True)
class Labs:
    """Tests, panels and schedules by id, tests by code and name."""

    tests: dict[str, LabTest]
    panels: dict[str, Panel] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    _by_code: dict[tuple[str, str], str] = field(default_factory=dict)
    _by_word: dict[str, str] = field(default_factory=dict)
    _panel_by_code: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, labs: LabFile, orders: OrderFile) -> Labs:
        """Build the indexes."""
        return cls(
            tests={test.id: test for test in labs.tests},
            panels={panel.id: panel for panel in orders.panels},
            schedules={schedule.id: schedule for schedule in orders.schedules},
            _by_code={pair: test.id for test in labs.tests for pair in test.codes.pairs()},
            _by_word={_folded(word): t.id for t in labs.tests for word in (t.id, t.name, *t.aliases)},
            _panel_by_code={pair: panel.id for panel in orders.panels for pair in panel.codes.pairs()},
        )

    def by_code(self, system: str, code: str) -> str | None:
        """The test of a code."""
        return self._by_code.get((system, code))

    def named(self, text: str) -> str | None:
        """The test of a name or alias, also of two that say the same ("Alanine aminotransferase (ALT)")."""
        word, twice = _folded(text), _IN_BRACKETS.fullmatch(text.strip())
        if word in self._by_word or twice is None:
            return self._by_word.get(word) or self.named_in_full(text)
        first, second = (self._by_word.get(_folded(part)) for part in twice.groups())
        return first if first == second else None

    def named_in_full(self, text: str) -> str | None:
        """The test of a LOINC name with its specimen ("Magnesium [Moles/volume] in Serum or Plasma")."""
        found = _IN_FULL.fullmatch(text.strip().casefold())
        return self._by_word.get(_folded(found[1])) if found is not None else None

    def panel_by_code(self, system: str, code: str) -> str | None:
        """The panel of an order code."""
        return self._panel_by_code.get((system, code))


def _folded(text: str) -> str:
    """Lower case, punctuation aside; a percent sign tells a share from a count and stays."""
    return " ".join(re.sub(r"[^\w%]+", " ", text.casefold()).split())
