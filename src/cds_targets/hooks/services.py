"""What is published: five services, one hook each, and what each needs to be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from cds_targets.errors import FieldIssue, MissingData, RequestError, UnknownService
from cds_targets.fhir.record import PREFETCH
from cds_targets.hooks.request import HookRequest

SPECIFICATION = "2.0.1"
ORDER_HOOKS = frozenset({"order-select", "order-sign"})

Hook = Literal["patient-view", "order-select", "order-sign"]


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of the discovery answer."""

    id: str
    hook: Hook
    title: str
    description: str
    requirements: str

    def published(self) -> dict[str, Any]:
        """As CDS Hooks discovery shows it."""
        return {
            "hook": self.hook,
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "usageRequirements": self.requirements,
            "version": SPECIFICATION,
            "prefetch": {key: template.query for key, template in PREFETCH.items()},
        }


_CHART = (
    "Needs genomic results, diagnoses or treatments of the patient in the prefetch; what is missing is named on a "
    "card. For clinicians; content not clinically reviewed."
)
_ORDERS = (
    "Needs context.draftOrders; chart data in the prefetch lets the order be judged. For clinicians; content not "
    "clinically reviewed."
)

SERVICES: dict[str, Service] = {
    service.id: service
    for service in (
        Service(
            "targeted-therapies",
            "patient-view",
            "Targeted therapies for this tumour",
            "Therapies that the patient's tumour alterations speak for or against, with strength and evidence.",
            _CHART,
        ),
        Service(
            "treatment-monitoring",
            "patient-view",
            "Monitoring of targeted treatment",
            "Tests that are due, overdue or out of range on the targeted drugs the patient already takes.",
            _CHART,
        ),
        Service(
            "matching-trials",
            "patient-view",
            "Clinical trials that seek this patient",
            "Trials whose tumour and genomic criteria the patient meets, criterion by criterion: potential matches.",
            _CHART,
        ),
        Service(
            "therapy-safety-select",
            "order-select",
            "Safety of the selected cancer drug",
            "What to know while choosing a drug: missing or contradicting biomarker, resistance, sequence, toxicity.",
            _ORDERS,
        ),
        Service(
            "therapy-safety-sign",
            "order-sign",
            "Safety of the cancer drug being signed",
            "What must be settled before the order is signed: biomarker, sequence, baseline tests, toxicity.",
            _ORDERS,
        ),
    )
}


def discovery() -> dict[str, Any]:
    """The body of `GET /cds-services`."""
    return {"services": [service.published() for service in SERVICES.values()]}


def service_of(service_id: str) -> Service:
    """The service of that id; raises UnknownService."""
    try:
        return SERVICES[service_id]
    except KeyError:
        raise UnknownService("there is no service of this id") from None


def check_call(service: Service, request: HookRequest) -> None:
    """Whether the call suits the service; raises RequestError or, for an order hook without its orders, MissingData.

    The official sandbox names the hook of its screen rather than the service's: an order service answers that call
    all the same when the draft orders are there. Any other mismatch is refused.
    """
    orders = request.context.draft_orders
    if request.hook != service.hook:
        named_by_screen = request.hook in {"patient-view", *ORDER_HOOKS} and service.hook in ORDER_HOOKS
        if not named_by_screen or orders is None:
            raise RequestError([FieldIssue("hook", f"this service answers {service.hook}")])
    if service.hook in ORDER_HOOKS and orders is None:
        raise MissingData(("context.draftOrders",), "the draft orders are missing: without them nothing can be judged")
