"""Origins, headers, faults and the log: T13, T14, T16, T27, T38."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_targets.errors import SettingsError
from cds_targets.hooks.response import HookResponse
from cds_targets.settings import Mode, Settings
from cds_targets.web import cors
from cds_targets.web.app import create_app
from tests.calls import patient_view
from tests.web.conftest import FixedAdvisor

SANDBOX = "https://sandbox.cds-hooks.org"
VIEW = "/cds-services/targeted-therapies"
CANARY = "Zebedee-CANARY-1815"
PREFLIGHT = {
    "Origin": SANDBOX,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.mark.parametrize("path", ["/cds-services", VIEW, VIEW + "/feedback", "/cds-services/nothing", "/nothing"])
def test_a_browsers_preflight_passes_everywhere_in_evaluation(client: FlaskClient, path: str) -> None:
    answer = client.options(path, headers=PREFLIGHT)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert {"GET", "POST"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    assert "Access-Control-Allow-Credentials" not in answer.headers


CALLS: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/cds-services", {}, 200),
    ("POST", VIEW, {"json": patient_view()}, 200),
    ("POST", VIEW, {"json": {}}, 400),
    ("POST", "/cds-services/nothing", {"json": {}}, 404),
    ("GET", VIEW, {}, 405),
    ("POST", VIEW, {"data": b"x", "content_type": "text/plain"}, 415),
]


@pytest.mark.parametrize(("method", "path", "sent", "status"), CALLS)
def test_every_answer_can_be_read_by_a_browser_and_is_not_stored(
    client: FlaskClient, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    answer = client.open(path, method=method, headers={"Origin": SANDBOX}, **sent)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Request-ID"]


def production_cors(origins: tuple[str, ...]) -> FlaskClient:
    app = Flask("production")
    cors.install(app, Settings(mode=Mode.PRODUCTION, cors_origins=origins))
    app.get("/cds-services")(lambda: "{}")
    return app.test_client()


def test_t27_production_allows_exactly_the_listed_origins() -> None:
    client = production_cors(("https://ehr.example.org",))
    allowed = client.get("/cds-services", headers={"Origin": "https://ehr.example.org"})
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://ehr.example.org"
    assert "Origin" in allowed.headers["Vary"]
    for origin in (SANDBOX, "https://ehr.example.org.evil.example", "http://ehr.example.org", "null"):
        for answer in (
            client.get("/cds-services", headers={"Origin": origin}),
            client.options("/cds-services", headers={**PREFLIGHT, "Origin": origin}),
        ):
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "Access-Control-Allow-Headers" not in answer.headers


def test_t27_production_allows_no_origin_unless_told() -> None:
    answer = production_cors(()).get("/cds-services", headers={"Origin": SANDBOX})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_production_does_not_start_open(advisor: FixedAdvisor) -> None:
    with pytest.raises(SettingsError):
        create_app(Settings(mode=Mode.PRODUCTION), advisor)


def fault() -> HookResponse:
    raise ValueError(f"{CANARY} has a bad value")


def test_t38_a_fault_gives_a_reference_and_nothing_else(
    client: FlaskClient, advisor: FixedAdvisor, caplog: pytest.LogCaptureFixture
) -> None:
    advisor.answer = fault
    with caplog.at_level(logging.INFO):
        answer = client.post(VIEW, json=patient_view())
    assert answer.status_code == 500
    body = answer.get_json()
    assert body["issue"][0]["code"] == "exception"
    assert answer.headers["X-Request-ID"] in body["issue"][0]["diagnostics"]
    for inside in (CANARY, "ValueError", "Traceback", ".py", "cds_targets"):
        assert inside not in answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    told = [json.loads(record.message) for record in caplog.records]
    assert told[0]["kind"] == "ValueError"
    assert any("test_safety.py" in place for place in told[0]["places"])
    assert CANARY not in caplog.text


HOSTILE = CANARY + '\r\n{"event":"forged"}\x1b[31m\u202e'


def test_t13_t14_nothing_a_caller_writes_reaches_the_log_or_an_error(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    texts = {"userId": HOSTILE, "patientId": CANARY, "encounterId": HOSTILE}
    feedback = {"card": HOSTILE, "outcome": HOSTILE, "outcomeTimestamp": HOSTILE, HOSTILE: HOSTILE}
    told = {"card": HOSTILE, "outcome": "overridden", "outcomeTimestamp": "2026-03-01T09:30:00Z"}
    with caplog.at_level(logging.DEBUG):
        answers = [
            client.post(VIEW, json=patient_view(context=texts, hookInstance=HOSTILE, prefetch={HOSTILE: HOSTILE})),
            client.post(VIEW, json=patient_view(hook=HOSTILE, fhirServer=HOSTILE)),
            client.post(VIEW, json=patient_view(hook=HOSTILE)),
            client.post(VIEW, json=patient_view(context={**texts, "patientId": HOSTILE})),
            client.post(VIEW, json=patient_view(fhirAuthorization={"token_type": HOSTILE, "access_token": HOSTILE})),
            client.post(VIEW, json={HOSTILE: {HOSTILE: HOSTILE}}),
            client.post(VIEW + "/feedback", json={"feedback": [feedback]}),
            client.post(VIEW + "/feedback", json={"feedback": [{**told, "overrideReason": {"userComment": HOSTILE}}]}),
            client.post("/cds-services/" + CANARY, json={}),
            client.get("/" + CANARY + "?name=" + CANARY),
            client.post(VIEW, data=HOSTILE.encode(), content_type="application/json"),
        ]
    assert len(caplog.records) == len(answers)
    for record in caplog.records:
        assert json.loads(record.message)["event"] == "answered"
        assert "\n" not in record.message
    assert CANARY not in caplog.text
    assert CANARY not in "".join(answer.text + str(answer.headers) for answer in answers)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["hook", "context", "prefetch", "resourceType", "entry", "id"]), inner)
    ),
    max_leaves=20,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("hook", "hookInstance", "context", "prefetch", "fhirServer", "fhirAuthorization", "extension"), JSON
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(changes=FIELDS, feedback=JSON)
def test_t16_no_json_makes_the_service_fail(client: FlaskClient, changes: dict[str, Any], feedback: Any) -> None:
    for path, body in (
        (VIEW, {**patient_view(), **changes}),
        ("/cds-services/therapy-safety-sign", changes),
        (VIEW + "/feedback", {"feedback": feedback}),
    ):
        answer = client.post(path, data=json.dumps(body), content_type="application/json")
        assert answer.status_code in {200, 400, 412}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(body=st.binary(max_size=200), encoding=st.sampled_from(["identity", "gzip", "x"]))
def test_t16_no_bytes_make_the_service_fail(client: FlaskClient, body: bytes, encoding: str) -> None:
    answer = client.post(VIEW, data=body, headers={"Content-Type": "application/json", "Content-Encoding": encoding})
    assert 400 <= answer.status_code < 500
