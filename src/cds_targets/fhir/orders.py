"""The FHIR resources a suggestion places: complete R4 ServiceRequests, validated before they leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fhir.resources.R4B.servicerequest import ServiceRequest

from cds_targets.facts.dates import add_months
from cds_targets.fhir import codes
from cds_targets.terms.labs import Panel, Schedule


@dataclass(frozen=True, slots=True)
class OrderContext:
    """Whose order it is, who asks, on what day, and which draft order it belongs to."""

    patient_id: str
    hook: str
    day: date
    requester: str | None = None
    reason: str | None = None


def service_request(panel: Panel, context: OrderContext, schedule: Schedule | None = None) -> dict[str, Any]:
    """A draft ServiceRequest for a panel, today or as a series; raises ValueError if it would not be valid FHIR."""
    coding = [{"system": codes.LOINC, "code": code, "display": panel.name} for code in panel.codes.loinc]
    resource: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order" if context.hook == "order-sign" else "proposal",
        "code": {"coding": coding, "text": panel.text or panel.name} if coding else {"text": panel.text or panel.name},
        "subject": {"reference": f"Patient/{context.patient_id}"},
        "authoredOn": context.day.isoformat(),
    }
    if schedule is None:
        resource["occurrenceDateTime"] = context.day.isoformat()
    else:
        resource["occurrenceTiming"] = {"repeat": _repeat(schedule, context.day), "code": {"text": schedule.name}}
    if context.requester:
        resource["requester"] = {"reference": context.requester}
    if context.reason:
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
