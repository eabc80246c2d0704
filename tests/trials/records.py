"""Registry records and patients for the tests of trials."""

from __future__ import annotations

from functools import cache
from typing import Any

from cds_targets.facts.record import PatientRecord
from cds_targets.library.library import Library, content_folder, load_library
from cds_targets.library.patient import ExamplePatient
from cds_targets.matching.example import build_record
from cds_targets.trials.study import Study, load_studies


@cache
def library() -> Library:
    return load_library(content_folder())


@cache
def studies() -> tuple[Study, ...]:
    return tuple(load_studies(content_folder() / "trials")[0])


def patient(**short: Any) -> PatientRecord:
    return build_record(ExamplePatient(**short), library().terms)


def record(nct: str = "NCT90000001", **changes: Any) -> dict[str, Any]:
    """An API v2 record of a study in lung cancer with KRAS G12C; `changes` name single values."""
    given = {
        "title": "A study in advanced lung cancer",
        "status": "RECRUITING",
        "updated": "2026-05-01",
        "conditions": ["Non-Small Cell Lung Cancer"],
        "criteria": "Inclusion Criteria:\n* KRAS G12C mutation\n\nExclusion Criteria:\n* Pregnancy",
        "minimum": "18 Years",
        "maximum": None,
        "sex": "ALL",
        "drug": "sotorasib",
    } | changes
    return {
        "protocolSection": {
            "identificationModule": {"nctId": nct, "briefTitle": given["title"]},
            "statusModule": {
                "overallStatus": given["status"],
                "lastUpdatePostDateStruct": {"date": given["updated"], "type": "ACTUAL"},
            },
            "conditionsModule": {"conditions": given["conditions"], "keywords": []},
            "designModule": {"phases": ["PHASE1", "PHASE2"]},
            "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": given["drug"]}]},
            "eligibilityModule": {
                "eligibilityCriteria": given["criteria"],
                "sex": given["sex"],
                "minimumAge": given["minimum"],
                "maximumAge": given["maximum"],
            },
            "contactsLocationsModule": {
                "locations": [{"city": "Bonn", "country": "Germany", "geoPoint": {"lat": 50.7, "lon": 7.1}}]
            },
        }
    }
