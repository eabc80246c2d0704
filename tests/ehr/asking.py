"""Iris's chart on a server that is asked for it, and the calls that leave it out."""

from __future__ import annotations

import copy
import json
from typing import Any

from cds_targets.advice import Advisor
from cds_targets.ehr.fetcher import Fetcher
from cds_targets.ehr.guarded import Server
from cds_targets.hooks.request import HookRequest, parse_request
from cds_targets.hooks.response import to_json
from cds_targets.settings import Settings
from tests.ehr.faulty import Exchange, Running
from tests.test_examples import DAY, IRIS, advisor, example

TOKEN = "s3cret-token"
KEY_OF_SEARCH = {
    "Patient": "patient",
    "Condition": "conditions",
    "MedicationRequest": "medicationRequests",
    "MedicationStatement": "medicationStatements",
    "MedicationAdministration": "medicationAdministrations",
    "DiagnosticReport": "reports",
    "ServiceRequest": "serviceRequests",
}


def key_of(exchange: Exchange) -> str:
    if exchange.kind != "Observation":
        return KEY_OF_SEARCH[exchange.kind]
    if "category" in exchange.query:
        return "observations"
    return "variants" if "69548-6" in exchange.query["code"][0] else "measurements"


def chart(exchange: Exchange) -> None:
    """Iris's chart, as a good server gives it."""
    exchange.json(example(IRIS, "patient-view")["prefetch"][key_of(exchange)])


def access(**changes: Any) -> dict[str, Any]:
    """What an EHR hands over for one call."""
    usual = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs"}
    return {**usual, "subject": "client", "patient": IRIS, **changes}


def call(server: Running, *left: str, token: str | None = TOKEN, **changes: Any) -> HookRequest:
    """A patient-view call about Iris with only the prefetch keys `left`; `changes` are of fhirAuthorization."""
    body = copy.deepcopy(example(IRIS, "patient-view"))
    body["prefetch"] = {key: value for key, value in body["prefetch"].items() if key in left}
    body["fhirServer"] = server.base
    if token:
        body["fhirAuthorization"] = access(access_token=token, **changes)
    return parse_request(body)


def fetcher(server: Running, budget: float = 3.0) -> Fetcher:
    return Fetcher([Server(server.base, internal=True)], budget)


def answered(request: HookRequest, by: Fetcher, service: str = "targeted-therapies") -> list[dict[str, Any]]:
    asking = Advisor(Settings(), advisor().library, advisor().studies, fetcher=by)
    found: list[dict[str, Any]] = json.loads(to_json(asking.advise(service, request, DAY)))["cards"]
    return found


def read(card: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = card["extension"]["org.cds-targets.card"]
    return found
