"""The FHIR resources a suggestion places: complete R4 ServiceRequests, validated before they leave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fhir.resources.R4B.servicerequest import ServiceRequest

from cds_targets.facts.dates import add_months
from cds_targets.fhir import codes
from cds_targets.terms.labs import Labs, Panel, Schedule

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_REFERENCE = re.compile(r"[A-Z][A-Za-z]{1,63}/[A-Za-z0-9.-]{1,64}")
_REQUESTER = re.compile(r"(?:Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True)
class OrderContext:
    """Whose order it is, who asks, on what day, in which encounter, and which draft order it belongs to."""

    patient_id: str
    hook: str
    day: date
    requester: str | None = None
    reason: str | None = None
    encounter: str | None = None


def service_requests(
    panel: Panel, labs: Labs, context: OrderContext, schedule: Schedule | None = None
) -> list[dict[str, Any]]:
    """The draft ServiceRequests for a panel, today or as a series: one for each code it is ordered by.

    Raises ValueError if one would not be valid FHIR.
    """
    ordered = panel.codes.loinc
    if not ordered:
        return [_service_request({"text": panel.text or panel.name}, context, schedule)]
    found = []
    for code in ordered:
        test = labs.by_code("loinc", code) if len(ordered) > 1 else None
        name = labs.tests[test].name if test else panel.name
        concept = {"coding": [{"system": codes.LOINC, "code": code, "display": name}], "text": panel.text or name}
        found.append(_service_request(concept, context, schedule))
    return found


def _service_request(concept: dict[str, Any], context: OrderContext, schedule: Schedule | None) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order" if context.hook == "order-sign" else "proposal",
        "code": concept,
        "subject": {"reference": f"Patient/{context.patient_id}"},
        "authoredOn": context.day.isoformat(),
    }
    if schedule is None:
        resource["occurrenceDateTime"] = context.day.isoformat()
    else:
        resource["occurrenceTiming"] = {"repeat": _repeat(schedule, context.day), "code": {"text": schedule.name}}
    if context.requester and _REQUESTER.fullmatch(context.requester):
        resource["requester"] = {"reference": context.requester}
    if context.encounter and _ID.fullmatch(bare := context.encounter.removeprefix("Encounter/")):
        resource["encounter"] = {"reference": f"Encounter/{bare}"}
    if context.reason and _REFERENCE.fullmatch(context.reason):
        resource["supportingInfo"] = [{"reference": context.reason}]
    ServiceRequest.model_validate(resource)
    return resource


def _repeat(schedule: Schedule, day: date) -> dict[str, Any]:
    repeat: dict[str, Any] = {"frequency": 1, "period": schedule.every, "periodUnit": schedule.period_unit}
    if schedule.count is not None:
        repeat["count"] = schedule.count
    if schedule.for_period is not None and schedule.for_unit is not None:
        end = add_months(day, schedule.for_period)
        if schedule.for_unit == "wk":
            end = day + timedelta(weeks=schedule.for_period)
        repeat["boundsPeriod"] = {"start": day.isoformat(), "end": end.isoformat()}
    return repeat
