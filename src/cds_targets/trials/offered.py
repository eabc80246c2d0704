"""What is offered to a patient: curated studies by their newest status, and what the registry mentions beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cds_targets.facts.record import PatientRecord
from cds_targets.terms import Terms
from cds_targets.trials.current import current
from cds_targets.trials.match import StudyMatch, match_studies, rank
from cds_targets.trials.registry import SHOWN, Mentioning, Registry
from cds_targets.trials.study import Study


@dataclass(frozen=True, slots=True)
class Offered:
    """Curated matches, the best first, and the registry's mentions."""

    matches: tuple[StudyMatch, ...]
    mentioned: Mentioning = field(default_factory=Mentioning)


def offered(
    studies: Sequence[Study],
    record: PatientRecord,
    terms: Terms,
    registry: Registry | None = None,
    curated: Sequence[Study] = (),
    limit: int = SHOWN,
) -> Offered:
    """`curated` are all curated studies, shown or not: none of them is named a second time as a mention."""
    if registry is None:
        return Offered(tuple(match_studies(studies, record, terms)))
    matches = match_studies(current(studies, registry.news(study.nct for study in studies)), record, terms)
    home, places = record.patient, terms.places
    placed = [replace(match, where=registry.where(match.study.nct, home, places)) for match in matches]
    known = {study.nct for study in (*curated, *studies)}
    return Offered(tuple(sorted(placed, key=rank)), registry.match(record, terms, known, limit))
