"""Hook calls for tests: one patient, Ada, as a client would send her."""

from __future__ import annotations

from typing import Any

INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"


def patient_view(**changes: Any) -> dict[str, Any]:
    """A patient-view call about Ada; a change to `...` leaves the field out."""
    return _changed(
        {
            "hookInstance": INSTANCE,
            "hook": "patient-view",
            "fhirServer": "https://ehr.example.org/fhir",
            "context": {"userId": "Practitioner/dr-berg", "patientId": "ada"},
            "prefetch": {"patient": {"resourceType": "Patient", "id": "ada"}},
        },
        changes,
    )


def order_select(**changes: Any) -> dict[str, Any]:
    """The official sandbox's order-select: a Bundle without a type, a category and a reason that are no lists."""
    draft = {
        "resourceType": "MedicationRequest",
        "id": "request-123",
        "status": "draft",
        "intent": "order",
        "category": {"coding": [{"code": "outpatient"}]},
        "reasonCode": {"text": "lung cancer"},
        "subject": {"reference": "Patient/ada"},
        "medicationCodeableConcept": {"text": "sotorasib"},
    }
    context = {
        "userId": "Practitioner/dr-berg",
        "patientId": "ada",
        "selections": ["MedicationRequest/request-123"],
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": draft}]},
    }
    return _changed(patient_view(hook="order-select", context=context), changes)


def _changed(call: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**call, **changes}
    return {key: value for key, value in merged.items() if value is not ...}
