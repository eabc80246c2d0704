"""Matching studies as FHIR, for front ends of the mCODE clinical-trial-matching services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Protocol

import orjson
from flask import Blueprint, Response, request

from cds_targets.errors import FieldIssue, RequestError
from cds_targets.fhir.reading import decode
from cds_targets.settings import Settings
from cds_targets.web.limits import body_of


class MatchesStudies(Protocol):
    """What answers: a patient Bundle in, a searchset of ResearchStudy out; raises RequestError (400)."""

    def studies_for(self, bundle: Any, today: date) -> dict[str, Any]:
        """The studies that may fit the patient, best first."""


def studies_blueprint(settings: Settings, advisor: MatchesStudies, today: Callable[[], date]) -> Blueprint:
    """`POST /getClinicalTrial`, the one address these front ends call."""
    pages = Blueprint("studies", __name__)

    @pages.post("/getClinicalTrial")
    def get_clinical_trial() -> Response:
        bundle = _patient_data(decode(body_of(request, settings.max_body_bytes)))
        return Response(orjson.dumps(advisor.studies_for(bundle, today())), content_type="application/json")

    return pages


def _patient_data(body: Any) -> Any:
    """The Bundle: by itself, under `patientData`, or there as a string (all three are sent by released clients)."""
    if not isinstance(body, dict):
        raise RequestError([FieldIssue("", "the body must be a JSON object")])
    data = body.get("patientData", body)
    return decode(data.encode()) if isinstance(data, str) else data
