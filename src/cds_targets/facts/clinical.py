"""The patient around the tumour: diagnoses, treatments, orders, laboratory values, performance."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cds_targets.facts.dates import When
from cds_targets.facts.genomic import Source


class Extent(StrEnum):
    """How far a cancer has spread, as stated or as its stage says."""

    EARLY = "early"
    LOCALLY_ADVANCED = "locally advanced"
    METASTATIC = "metastatic"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Demographics:
    """Who the patient is, as far as eligibility needs it; no name, no identifier."""

    birth: When | None = None
    sex: str | None = None
    country: str | None = None
    state: str | None = None
    city: str | None = None
    deceased: bool | None = None


@dataclass(frozen=True, slots=True)
class Tumour:
    """A primary malignancy: `term` is the id in `cards/terms/tumours.yaml` (OncoTree code), None if not placed.

    `certain` is False for suspected or provisional diagnoses; `active` None when the record does not say.
    """

    term: str | None
    source: Source
    written: str = ""
    extent: Extent = Extent.UNKNOWN
    stage: str | None = None
    active: bool | None = True
    certain: bool = True
    onset: When | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metastasis:
    """A secondary site (`site` in plain words: brain, liver, bone, lung, lymph node ... or unknown)."""

    site: str
    source: Source
    active: bool | None = True
    certain: bool = True
    onset: When | None = None
    written: str = ""


@dataclass(frozen=True, slots=True)
class Comorbidity:
    """Another condition; `term` is its id in `cards/terms/conditions.yaml`, None if it is none we know."""

    term: str | None
    source: Source
    written: str = ""
    active: bool | None = True
    certain: bool = True
    onset: When | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """One of several stretches of treatment with the same drug, parted by a long pause."""

    first: When
    last: When | None
    intent: str | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Exposure:
    """Treatment with one drug, merged from every resource that tells of it.

    `drug` is the generic name in lower case (a term of `cards/terms/drugs.yaml`), or None when the drug could be
    read as text only and is none we know. `given` is False for a plan or order that has not started, None if
    that cannot be told. `ongoing` is True for an open period of an active drug, None when the record does not say.
    `last` is the latest dose that happened, else the period's end. `intent`: palliative, adjuvant, neoadjuvant,
    maintenance, consolidation, curative or None. `line` only where the record states it. `courses` are told apart only
    where there are several.
    """

    drug: str | None
    sources: tuple[Source, ...]
    written: str = ""
    first: When | None = None
    last: When | None = None
    ongoing: bool | None = None
    on_hold: bool = False
    given: bool | None = True
    intent: str | None = None
    line: int | None = None
    regimen: str | None = None
    dose: str | None = None
    antineoplastic: bool = False
    notes: tuple[str, ...] = ()
    courses: tuple[Course, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """A draft order of the hook call. `drug` or `tests` (terms of labs) as far as recognised.

    `reference` is its `Type/id` in draftOrders; `selected` is whether order-select named it (always True at signing);
    `removed` is True for a cancelled or stopped entry.
    """

    reference: str
    drug: str | None = None
    tests: tuple[str, ...] = ()
    written: str = ""
    selected: bool = True
    starts: When | None = None
    dose: str | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Requested:
    """Tests ordered before this call and still open: `tests` are terms of labs, `when` is the day they are due."""

    tests: tuple[str, ...]
    when: When
    source: Source


@dataclass(frozen=True, slots=True)
class Lab:
    """A laboratory or ECG value in the canonical unit of its term; limits are the reporting laboratory's own.

    `comparator` is `<`, `<=`, `>`, `>=` or None. `value` is None when the result could not be used; `notes` say why.
    """

    test: str
    source: Source
    value: float | None = None
    unit: str = ""
    comparator: str | None = None
    lower: float | None = None
    upper: float | None = None
    when: When | None = None
    written: str = ""
    notes: tuple[str, ...] = ()

    @property
    def times_upper(self) -> float | None:
        """The value as a multiple of the laboratory's upper limit of normal, None without one."""
        # rounded: 2.1 / 0.7 is 3 times the limit, not 3.0000000000000004 times
        return None if self.value is None or not self.upper else round(self.value / self.upper, 9)


@dataclass(frozen=True, slots=True)
class Performance:
    """A performance status: `scale` is `ECOG` or `Karnofsky`."""

    scale: str
    value: int
    source: Source
    when: When | None = None
