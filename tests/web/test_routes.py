"""What each address answers."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, tzinfo
from typing import Any, Self

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from cds_targets.hooks.response import EXTENSION, CardExtensions, HookResponse
from cds_targets.hooks.response import Card as WireCard
from cds_targets.settings import Settings
from cds_targets.store.store import Store
from cds_targets.store.tables import feedback
from cds_targets.web.app import create_app
from tests.calls import order_select, patient_view
from tests.web.conftest import TODAY, FixedAdvisor

VIEW = "/cds-services/targeted-therapies"
SELECT = "/cds-services/therapy-safety-select"
ADA = {"userId": "Practitioner/dr-berg", "patientId": "ada"}


def post(client: FlaskClient, path: str, body: Any, **headers: str) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(path, data=data, headers={"Content-Type": "application/json", **headers})


def outcome_of(answer: TestResponse) -> dict[str, Any]:
    body = answer.get_json()
    assert body["resourceType"] == "OperationOutcome"
    issues: list[dict[str, Any]] = body["issue"]
    return issues[0]


def test_discovery_lists_five_services(client: FlaskClient) -> None:
    answer = client.get("/cds-services")
    assert answer.status_code == 200
    assert len(answer.get_json()["services"]) == 5


def test_a_call_is_answered_with_the_cards_of_the_advisor(client: FlaskClient, advisor: FixedAdvisor) -> None:
    shown = WireCard(
        uuid="c1",
        summary="KRAS G12C: sotorasib or adagrasib",
        indicator="info",
        source={"label": "cds-targets"},
        extension=CardExtensions.model_validate(
            {EXTENSION: {"id": "x", "version": 1, "status": "draft", "kind": "therapy", "therapies": [["sotorasib"]]}}
        ),
    )
    advisor.answer = lambda: HookResponse(cards=(shown,))
    answer = post(client, VIEW, patient_view())
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.get_json()["cards"][0]["summary"] == "KRAS G12C: sotorasib or adagrasib"
    assert [(service, today) for service, _, today in advisor.calls] == [("targeted-therapies", TODAY)]


def test_a_call_with_nothing_to_say_is_an_empty_list(client: FlaskClient) -> None:
    assert post(client, VIEW, patient_view()).data == b'{"cards":[]}'


# What the official sandbox sends although the specification does not allow it (its section 2, Q2, Q3, 2.4), and what
# the answer must be; never a 500.
SANDBOX: list[tuple[str, str, dict[str, Any], int]] = [
    ("a draft order without type, lists or intent", SELECT, order_select(), 200),
    ("the hook of the screen, not of the service", SELECT, order_select(hook="patient-view"), 200),
    ("the tab clicked again: no selections, no draftOrders", SELECT, order_select(context=ADA), 412),
    ("selections without draftOrders", SELECT, order_select(context={**ADA, "selections": ["x"]}), 412),
    ("draftOrders null", SELECT, order_select(context={**ADA, "draftOrders": None}), 412),
    (
        "an empty draft with no medication",
        SELECT,
        order_select(
            context={
                **ADA,
                "selections": ["MedicationRequest/request-123"],
                "draftOrders": {
                    "resourceType": "Bundle",
                    "entry": [{"resource": {"resourceType": "MedicationRequest", "id": "request-123"}}],
                },
            }
        ),
        200,
    ),
    (
        "a study order with empty codes",
        SELECT,
        order_select(
            context={
                **ADA,
                "selections": ["ServiceRequest/example-request-id"],
                "draftOrders": {
                    "resourceType": "Bundle",
                    "entry": [
                        {
                            "resource": {
                                "resourceType": "ServiceRequest",
                                "id": "example-request-id",
                                "intent": "plan",
                                "code": {"coding": [{}]},
                                "reasonCode": [],
                            }
                        }
                    ],
                },
            }
        ),
        200,
    ),
    ("no encounter, an http FHIR server", VIEW, patient_view(fhirServer="http://localhost:8080/fhir"), 200),
    ("a constant hookInstance", VIEW, patient_view(hookInstance="constant"), 200),
    ("no access token in fhirAuthorization", VIEW, patient_view(fhirAuthorization={"scope": "patient/*.read"}), 200),
    ("no prefetch", VIEW, patient_view(prefetch=...), 200),
    ("an order screen's hook on patient-view", VIEW, order_select(), 400),
]


@pytest.mark.parametrize(("name", "path", "body", "status"), SANDBOX, ids=[row[0] for row in SANDBOX])
def test_the_sandboxs_malformed_calls_never_fail(
    client: FlaskClient, name: str, path: str, body: dict[str, Any], status: int
) -> None:
    answer = post(client, path, body)
    assert answer.status_code == status
    if status != 200:
        assert outcome_of(answer)["diagnostics"]


def test_412_names_what_is_needed(client: FlaskClient) -> None:
    issue = outcome_of(post(client, SELECT, order_select(context=ADA)))
    assert issue["code"] == "incomplete"
    assert "context.draftOrders" in issue["diagnostics"]


def test_400_names_the_fields_and_not_their_values(client: FlaskClient) -> None:
    answer = post(client, VIEW, patient_view(context={"userId": 5, "patientId": {"family": "Lovelace"}}))
    assert answer.status_code == 400
    body = answer.get_json()
    assert [issue["expression"] for issue in body["issue"]] == [["context.userId"], ["context.patientId"]]
    assert "Lovelace" not in answer.text


def test_unknown_services_and_addresses_are_404(client: FlaskClient) -> None:
    for answer in (post(client, "/cds-services/nothing", patient_view()), client.get("/nothing")):
        assert answer.status_code == 404
        assert outcome_of(answer)["code"] == "not-found"
    assert post(client, "/cds-services/nothing/feedback", {}).status_code == 404


def test_another_method_is_405_and_says_which(client: FlaskClient) -> None:
    answer = client.get(VIEW)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert client.delete("/cds-services").status_code == 405


def test_a_base_address_with_a_slash_at_its_end_works(client: FlaskClient) -> None:
    for path in ("/cds-services//targeted-therapies", "/cds-services/targeted-therapies/"):
        assert post(client, path, patient_view()).status_code == 200
    assert client.get("/cds-services/").status_code == 200


BODIES: list[tuple[bytes, dict[str, str], int]] = [
    (b"", {}, 400),
    (b"{", {}, 400),
    (b"NaN", {}, 400),
    (b"[]", {}, 400),
    (b'{"hook": "a", "hook": "b"}', {}, 400),
    (b'{"hook": "\xff"}', {}, 400),
    (b'{"hook": "\\ud800"}', {}, 400),
    (b'{"hook": "\\u0000"}', {}, 400),
    (b"\xef\xbb\xbf{}", {}, 400),
    ("{}".encode("utf-16"), {}, 400),
    (b"[" * 200_000, {}, 400),
    (b'{"a":' * 65 + b"1" + b"}" * 65, {}, 400),
    (b"9" * 5_000, {}, 400),
    (b"1e999", {}, 400),
    (b"{}", {"Content-Type": "text/plain"}, 415),
    (b"{}", {"Content-Type": "application/json; charset=latin-1"}, 415),
    (b"{}", {"Content-Encoding": "br"}, 415),
    (b"{}", {"Content-Encoding": "gzip"}, 400),
    (gzip.compress(b"{}")[:-4], {"Content-Encoding": "gzip"}, 400),
    (gzip.compress(b"{}") + b"more", {"Content-Encoding": "gzip"}, 400),
    (gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"}, 413),
    (b" " * 5_000_001, {}, 413),
]


@pytest.mark.parametrize(("body", "headers", "status"), BODIES, ids=range(len(BODIES)))
def test_t15_t16_bodies_that_cannot_be_read(
    client: FlaskClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    for path in (VIEW, VIEW + "/feedback"):
        answer = post(client, path, body, **headers)
        assert answer.status_code == status
        assert outcome_of(answer)["severity"] == "error"


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/fhir+json", "application/json; charset=UTF-8"]
)
def test_json_may_be_called_json_or_fhir_and_zipped(client: FlaskClient, content_type: str) -> None:
    zipped = gzip.compress(json.dumps(patient_view()).encode())
    answer = post(client, VIEW, zipped, **{"Content-Type": content_type, "Content-Encoding": "gzip"})
    assert answer.status_code == 200


def test_a_body_without_a_stated_length_is_bounded_too(client: FlaskClient) -> None:
    class Endless:
        def read(self, size: int = -1) -> bytes:
            return b" " * (size if size > 0 else 65_536)

        def readline(self, size: int = -1) -> bytes:
            return self.read(size)

    answer = client.post(
        VIEW,
        headers={"Content-Type": "application/json"},
        environ_overrides={"wsgi.input": Endless(), "wsgi.input_terminated": True},
    )
    assert answer.status_code == 413


C1, C2 = "0b6d8f6e-3b0a-4c1e-8a36-1f0a5e6f2d01", "0b6d8f6e-3b0a-4c1e-8a36-1f0a5e6f2d02"


def test_feedback_is_taken_and_counted(client: FlaskClient, store: Store) -> None:
    item = {"card": C1, "outcome": "overridden", "outcomeTimestamp": "2026-03-01T09:30:00Z"}
    reason = {"reason": {"code": "patient-refuses", "system": "https://example.org"}, "userComment": "Ada moves away"}
    body = {"feedback": [item, {**item, "card": C2, "overrideReason": reason}]}
    assert post(client, VIEW + "/feedback", body).get_json() == {"received": 2, "new": 2}
    assert post(client, VIEW + "/feedback", body).get_json() == {"received": 2, "new": 0}
    with store.database.reading() as connection:
        first, second = connection.execute(select(feedback).order_by(feedback.c.id)).all()
    assert (first.service, first.uuid, first.reason_code, first.commented) == ("targeted-therapies", C1, None, 0)
    assert (second.reason_system, second.reason_code) == ("https://example.org", "patient-refuses")
    assert second.commented == 1


def test_wrong_feedback_is_400(client: FlaskClient) -> None:
    answer = post(client, VIEW + "/feedback", {"feedback": [{"card": "c1"}]})
    assert answer.status_code == 400
    assert outcome_of(answer)["expression"] == ["feedback[0].outcome"]


def test_health_says_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/health/live").get_json() == {"status": "live"}
    assert client.get("/health/ready").get_json()["status"] == "ready"


def test_people_are_told_what_this_is_and_is_not(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.content_type.startswith("text/html")
    for words in ("clinicians", "not been reviewed", "emergencies", "Synthetic patients only", "/cds-services"):
        assert words in answer.text


def test_the_interface_is_published(client: FlaskClient) -> None:
    assert client.get("/openapi.yaml").text.startswith("openapi: 3.1")
    assert client.get("/schemas/card-extension.json").get_json()["title"] == EXTENSION


def test_today_is_the_sites_calendar_day(advisor: FixedAdvisor, monkeypatch: pytest.MonkeyPatch) -> None:
    class LateOnTheFirst(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2026, 3, 1, 23, 30, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr("cds_targets.web.app.datetime", LateOnTheFirst)
    for zone in ("UTC", "Pacific/Auckland", "America/Los_Angeles"):
        post(create_app(Settings(time_zone=zone), advisor).test_client(), VIEW, patient_view())
    assert [str(today) for _, _, today in advisor.calls] == ["2026-03-01", "2026-03-02", "2026-03-01"]
