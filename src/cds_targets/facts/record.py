"""The patient record: every kind of fact together with how completely it could be seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from cds_targets.facts.clinical import (
    Comorbidity,
    Demographics,
    Exposure,
    Lab,
    Metastasis,
    Order,
    Performance,
    Requested,
    Tumour,
)
from cds_targets.facts.genomic import Genomics


class Topic(StrEnum):
    """A kind of fact that is sent, fetched and missed as one."""

    PATIENT = "patient data"
    GENOMICS = "genomic results"
    DIAGNOSES = "diagnoses"
    THERAPIES = "medication history"
    LABS = "laboratory results"
    MEASUREMENTS = "ECG and performance status"
    ORDERS = "draft orders"

    def not_sent(self) -> str:
        """The sentence for a topic nothing was sent of."""
        return f"no {self.value} {'were' if self.value.endswith('s') else 'was'} sent"


class Coverage(StrEnum):
    """How much of a topic was seen. Only COMPLETE lets silence mean no."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Seen:
    """The coverage of one topic; `gaps` are clinician's sentences ("no medication history was sent")."""

    coverage: Coverage = Coverage.COMPLETE
    gaps: tuple[str, ...] = ()

    def joined(self, other: Seen) -> Seen:
        """Two sources of one topic: complete only if both are, missing only if both are."""
        both = {self.coverage, other.coverage}
        coverage = self.coverage if len(both) == 1 else Coverage.PARTIAL
        return Seen(coverage, tuple(dict.fromkeys(self.gaps + other.gaps)))


MISSING = Seen(Coverage.MISSING)
REQUEST_STANDS = timedelta(days=7)  # our own rule: how far from today an open request still counts as ordered


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """Everything read of one patient on `as_of` (a calendar day in the site's time zone).

    `seen` has an entry for every topic; a topic that lacks one counts as missing. `foreign` counts the entries about
    other patients that were left out.
    """

    as_of: date
    patient: Demographics = field(default_factory=Demographics)
    genomics: Genomics = field(default_factory=Genomics)
    tumours: tuple[Tumour, ...] = ()
    metastases: tuple[Metastasis, ...] = ()
    comorbidities: tuple[Comorbidity, ...] = ()
    therapies: tuple[Exposure, ...] = ()
    labs: tuple[Lab, ...] = ()
    performance: tuple[Performance, ...] = ()
    orders: tuple[Order, ...] = ()
    requested: tuple[Requested, ...] = ()
    seen: dict[Topic, Seen] = field(default_factory=dict)
    foreign: int = 0

    def of(self, topic: Topic) -> Seen:
        """How completely `topic` was seen."""
        return self.seen.get(topic) or Seen(Coverage.MISSING, (topic.not_sent(),))

    def gaps(self, topics: Iterable[Topic] = Topic) -> tuple[str, ...]:
        """Every gap sentence of the topics, once each."""
        return tuple(dict.fromkeys(gap for topic in topics for gap in self.of(topic).gaps))

    def active_tumours(self) -> tuple[Tumour, ...]:
        """Primary tumours that are not known to be over."""
        return tuple(t for t in self.tumours if t.active is not False)

    def tests_ordered(self) -> frozenset[str]:
        """Tests and panels among the draft orders, or ordered before and surely due around now.

        An open request of long ago may have been forgotten; one for a later day does not answer what is due today.
        """
        since, until = self.as_of - REQUEST_STANDS, self.as_of + REQUEST_STANDS
        standing = [
            open_.tests for open_ in self.requested if since <= open_.when.earliest and open_.when.latest <= until
        ]
        return frozenset(test for tests in (*(order.tests for order in self.orders), *standing) for test in tests)

    def with_orders(self, orders: tuple[Order, ...]) -> PatientRecord:
        """The same record with other draft orders."""
        return replace(self, orders=orders)
