"""A Bundle with a whole patient, sorted into what a hook call would have prefetched."""

from __future__ import annotations

from typing import Any

from cds_targets.errors import FieldIssue, RequestError
from cds_targets.fhir.reading import as_dict, as_list, as_text

# The prefetch keys a type of resource stands for: one search of each would have brought it.
_KEYS: dict[str, tuple[str, ...]] = {
    "Observation": ("observations", "variants", "measurements"),
    "Condition": ("conditions",),
    "MedicationRequest": ("medicationRequests",),
    "MedicationStatement": ("medicationStatements",),
    "MedicationAdministration": ("medicationAdministrations",),
    "DiagnosticReport": ("reports",),
    "ServiceRequest": ("serviceRequests",),
}
_MEDICATIONS = ("medicationRequests", "medicationStatements", "medicationAdministrations")


def prefetch_of_bundle(bundle: Any) -> tuple[dict[str, Any], str]:
    """The prefetch of a Bundle, and its patient's id; raises RequestError if it is no Bundle with one Patient.

    Whatever kind of thing the Bundle holds is taken to be there completely, and whatever it does not hold at all counts
    as not sent: a Bundle without a medication says nothing about treatment. Any medication resource speaks for all
    three kinds of them.
    """
    if as_text(as_dict(bundle).get("resourceType")) != "Bundle":
        raise RequestError([FieldIssue("/resourceType", "must be Bundle")])
    patients: list[dict[str, Any]] = []
    parts: dict[str, list[Any]] = {}
    others: list[Any] = []
    for entry in as_list(bundle.get("entry")):
        resource = as_dict(as_dict(entry).get("resource"))
        kind = as_text(resource.get("resourceType"))
        if kind == "Patient":
            patients.append(resource)
        elif kind in _KEYS:
            for key in _KEYS[kind]:
                parts.setdefault(key, [])
            parts[_KEYS[kind][0]].append(entry)
        else:
            others.append(entry)
    identities = {as_text(patient.get("id")) for patient in patients}
    if len(identities) != 1:
        raise RequestError([FieldIssue("/entry", "must hold one Patient")])
    if any(key in parts for key in _MEDICATIONS):
        for key in _MEDICATIONS:
            parts.setdefault(key, [])
    prefetch: dict[str, Any] = {key: _searchset(entries) for key, entries in parts.items()}
    if others:
        prefetch["others"] = _searchset(others)
    return {**prefetch, "patient": patients[0]}, identities.pop()


def _searchset(entries: list[Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries}
