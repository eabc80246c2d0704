"""What must have been seen before a service may say nothing about a patient."""

from __future__ import annotations

from cds_targets.facts.record import Coverage, PatientRecord, Topic
from cds_targets.hooks.services import Service
from cds_targets.terms import Terms

_CHART = (Topic.GENOMICS, Topic.DIAGNOSES, Topic.THERAPIES)


def silence_rests_on(service: Service, record: PatientRecord, terms: Terms) -> tuple[Topic, ...]:
    """The topics whose gaps are named where no card is shown; what concerns nothing about this patient is not missed.

    What a card that cannot be judged rests on is named apart from this, whatever the service.
    """
    if service.hook != "patient-view":
        drugs = [terms.drugs.by_name[order.drug] for order in record.orders if order.drug]
        if not drugs:
            return (Topic.ORDERS,)  # of what is no drug of ours nothing is said, whatever the chart lacks
        if not any(drug.antineoplastic for drug in drugs):
            return (Topic.ORDERS, Topic.THERAPIES)  # of other drugs only that they meet a cancer drug
        return (Topic.ORDERS, *_CHART, Topic.LABS)
    if service.id == "treatment-monitoring":
        return (Topic.THERAPIES,)
    return _CHART if concerns(service, record) else (Topic.DIAGNOSES,)


def concerns(service: Service, record: PatientRecord) -> bool:
    """Whether the service is about this patient: of therapies and trials nobody without cancer misses anything."""
    return service.id not in ("targeted-therapies", "matching-trials") or not _surely_without_cancer(record)


def _surely_without_cancer(record: PatientRecord) -> bool:
    """Whether the diagnoses were seen, all of them, and none of them, no treatment and no result speaks of cancer."""
    return (
        record.of(Topic.DIAGNOSES).coverage is Coverage.COMPLETE
        and bool(record.comorbidities)
        and not record.tumours
        and not record.metastases
        and not record.genomics.by_gene
        and not record.genomics.biomarkers
        and not record.genomics.uninterpreted
        and not any(exposure.antineoplastic for exposure in record.therapies)
    )
