"""Ada's chart: metastatic lung adenocarcinoma with KRAS G12C, pembrolizumab until 42 days before 1 March 2026."""

from __future__ import annotations

from typing import Any

from tests.calls import order_select, patient_view


def coded(code: str, text: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://loinc.org", "code": code, "display": text}], "text": text}


def entry(resource: dict[str, Any]) -> dict[str, Any]:
    return {"fullUrl": f"https://ehr.example.org/{resource['id']}", "resource": resource}


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [entry(resource) for resource in resources]}


ADA = {"reference": "Patient/ada"}
CHART: dict[str, Any] = {
    "patient": {"resourceType": "Patient", "id": "ada", "birthDate": "1957-05-11", "gender": "female"},
    "observations": bundle(
        {
            "resourceType": "Observation",
            "id": "v1",
            "status": "final",
            "subject": ADA,
            "code": coded("69548-6", "Genetic variant assessment"),
            "effectiveDateTime": "2026-01-15",
            "valueCodeableConcept": coded("LA9633-4", "Present"),
            "component": [
                {"code": coded("48018-6", "Gene studied"), "valueCodeableConcept": {"text": "KRAS"}},
                {"code": coded("48005-3", "Amino acid change"), "valueCodeableConcept": {"text": "p.Gly12Cys"}},
                {"code": coded("81258-6", "Allele fraction"), "valueQuantity": {"value": 0.31, "unit": "1"}},
            ],
        },
        {
            "resourceType": "Observation",
            "id": "alt",
            "status": "final",
            "subject": ADA,
            "code": {"text": "ALT"},
            "effectiveDateTime": "2026-02-20T08:00:00Z",
            "valueQuantity": {"value": 41, "unit": "U/L"},
            "referenceRange": [{"high": {"value": 35}}],
        },
    ),
    "conditions": bundle(
        {
            "resourceType": "Condition",
            "id": "c1",
            "subject": ADA,
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "code": {"text": "Lung adenocarcinoma, metastatic"},
            "onsetDateTime": "2025-06",
        }
    ),
    "medicationAdministrations": bundle(
        {
            "resourceType": "MedicationAdministration",
            "id": "m1",
            "status": "completed",
            "subject": ADA,
            "medicationCodeableConcept": {"text": "pembrolizumab"},
            "effectivePeriod": {"start": "2025-09-01", "end": "2026-01-18"},
        }
    ),
}

BODIES = {
    "targeted-therapies": patient_view(prefetch=CHART),
    "matching-trials": patient_view(prefetch=CHART),
    "treatment-monitoring": patient_view(prefetch=CHART),
    "therapy-safety-select": order_select(prefetch=CHART),
    "therapy-safety-sign": order_select(hook="order-sign", prefetch=CHART),
}
