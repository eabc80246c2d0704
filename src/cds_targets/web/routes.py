"""The addresses of the service."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import orjson
from flask import Blueprint, Response, g, request

from cds_targets.errors import MissingData
from cds_targets.fhir.reading import decode
from cds_targets.hooks.feedback import FeedbackItem, parse_feedback
from cds_targets.hooks.request import HookRequest, parse_request
from cds_targets.hooks.response import HookResponse, extension_schema, to_json
from cds_targets.hooks.services import discovery, service_of
from cds_targets.settings import Settings
from cds_targets.store.feedback import FeedbackRecord, Reasons
from cds_targets.web.authentication import own_server
from cds_targets.web.home import home_page
from cds_targets.web.journal import Caller, Journal
from cds_targets.web.limits import body_of
from cds_targets.web.published import openapi_text


class Advises(Protocol):
    """What answers a call: `advise` raises RequestError (400), UnknownService (404) or MissingData (412)."""

    @property
    def reasons(self) -> Reasons:
        """The override reasons that cards offer."""

    def advise(self, service_id: str, request: HookRequest, today: date) -> HookResponse:
        """The cards for this call on `today`, a calendar day in the site's time zone."""

    def studies_for(self, bundle: Any, today: date) -> dict[str, Any]:
        """A patient Bundle's matching studies as a FHIR searchset."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes work with."""

    settings: Settings
    advisor: Advises
    journal: Journal
    today: Callable[[], date]


def blueprint(parts: Parts) -> Blueprint:
    """Every route, bound to its parts."""
    pages = Blueprint("cds", __name__)
    limit = parts.settings.max_body_bytes
    services = orjson.dumps(discovery())
    home = home_page(parts.settings)
    openapi = openapi_text()
    schema = orjson.dumps(extension_schema())
    journal = parts.journal

    @pages.get("/")
    def index() -> Response:
        return Response(home, content_type="text/html; charset=utf-8")

    @pages.get("/cds-services")
    def discover() -> Response:
        return _json(services)

    @pages.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        started = time.perf_counter()
        service = service_of(service_id)
        g.service = service.id
        received, today = decode(body_of(request, limit)), parts.today()
        hook_request = own_server(parse_request(received))
        caller = Caller(g.get("tenant", ""), g.request_id, received, today)
        heartbeat = journal.is_heartbeat(hook_request, caller)
        g.what = "heartbeat" if heartbeat else "call"
        journal.admit(service.id, hook_request, caller)
        try:
            judged = parts.advisor.advise(service.id, hook_request, today)
        except MissingData as error:
            journal.missing(service.id, hook_request, caller, error)
            raise
        answer = journal.answered(service.id, hook_request, caller, judged)
        body = to_json(answer)
        g.facts = {
            "cards": len(answer.cards),
            "repairs": list(hook_request.notes),
            "judged_ms": round((time.perf_counter() - started) * 1000, 1),
            **({"heartbeat": 1} if heartbeat else {}),
        }
        return _json(body)

    @pages.post("/cds-services/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        service = service_of(service_id)
        g.service, g.what = service.id, "feedback"
        items = parse_feedback(decode(body_of(request, limit)))
        caller = Caller(g.get("tenant", ""), g.request_id)
        new = journal.feedback(service.id, [_record(service.id, item) for item in items], caller)
        g.facts = {"received": len(items), "new": new}
        return _json(orjson.dumps({"received": len(items), "new": new}))

    @pages.get("/openapi.yaml")
    def description() -> Response:
        return Response(openapi, content_type="application/yaml; charset=utf-8")

    @pages.get("/schemas/card-extension.json")
    def card_extension() -> Response:
        return Response(schema, content_type="application/schema+json")

    return pages


def _json(body: bytes) -> Response:
    return Response(body, content_type="application/json")


def _record(service: str, item: FeedbackItem) -> FeedbackRecord:
    why = item.override_reason
    reason = why.reason if why is not None else None
    return FeedbackRecord(
        service=service,
        card=item.card,
        outcome=item.outcome,
        at=item.outcome_timestamp,
        suggestions=tuple(accepted.id for accepted in item.accepted_suggestions),
        reason=(reason.system or "", reason.code) if reason is not None else None,
        comment=why.user_comment if why is not None else None,
    )
