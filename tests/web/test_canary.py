"""T12, T13: nothing of a patient, a user or a token reaches a log, a metric, an error or the store, from any field."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_targets.settings import Settings
from cds_targets.store.store import Store
from cds_targets.web.app import create_app
from tests.test_examples import DAY, IRIS, advisor, example

CANARY = "Zebedee1815"
SERVICES = {
    "targeted-therapies": "patient-view",
    "treatment-monitoring": "patient-view",
    "matching-trials": "patient-view",
    "therapy-safety-select": "order-select",
    "therapy-safety-sign": "order-sign",
}
# What must keep its value for the call to be read at all.
KEPT = {"hook", "resourceType", "token_type"}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every text in a JSON value."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from places(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from places(member, (*path, index))
    elif isinstance(value, str) and path[-1] not in KEPT:
        yield path


def put(value: Any, path: tuple[Any, ...], text: str) -> Any:
    """The value with the text at the path."""
    if not path:
        return text
    if isinstance(value, dict):
        return {**value, path[0]: put(value[path[0]], path[1:], text)}
    return [*value[: path[0]], put(value[path[0]], path[1:], text), *value[path[0] + 1 :]]


def shape(path: tuple[Any, ...]) -> tuple[Any, ...]:
    """A path without its numbers: one place in a list stands for all."""
    return tuple("*" if isinstance(part, int) else part for part in path)


def kept(place: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(place.parent.glob("store.db*")))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def client(place: Path) -> Iterator[FlaskClient]:
    store = Store.open(str(place))
    yield create_app(Settings(), advisor(), store, lambda: DAY).test_client()
    store.close()


@pytest.mark.parametrize("service", SERVICES)
def test_t13_no_field_of_a_call_leaves_a_trace(
    client: FlaskClient, place: Path, caplog: pytest.LogCaptureFixture, service: str
) -> None:
    call = example(IRIS, SERVICES[service])
    call = {**call, "fhirServer": "https://ehr.example.org/fhir", "fhirAuthorization": access()}
    paths = {shape(path): path for path in places(call)}
    assert len(paths) > 60
    statuses = set()
    with caplog.at_level(logging.DEBUG):
        for path in paths.values():
            answer = client.post(f"/cds-services/{service}", json=put(call, path, CANARY))
            statuses.add(answer.status_code)
            assert CANARY not in str(answer.headers), path
            if answer.status_code != 200:
                assert CANARY not in answer.text, path
    assert statuses <= {200, 400, 412}
    assert len(caplog.records) >= len(paths)
    assert CANARY not in caplog.text
    assert CANARY not in client.get("/metrics").text
    assert CANARY.encode() not in kept(place)


def access() -> dict[str, Any]:
    return {
        "access_token": CANARY,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.read",
        "subject": "cds",
        "patient": IRIS,
    }


def test_t12_a_token_leaves_no_trace_either_where_the_service_fails(
    client: FlaskClient, place: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*arguments: Any) -> None:
        raise ValueError(f"{arguments}")

    call = {**example(IRIS, "patient-view"), "fhirServer": "https://ehr.example.org", "fhirAuthorization": access()}
    headers = {"Authorization": f"Bearer {CANARY}", "X-Request-ID": CANARY, "Origin": f"https://{CANARY}.example"}
    with caplog.at_level(logging.DEBUG):
        answers = [client.post("/cds-services/targeted-therapies", json=call, headers=headers)]
        monkeypatch.setattr("cds_targets.advice.read_record", fault)
        answers.append(client.post("/cds-services/targeted-therapies", json=call, headers=headers))
        monkeypatch.setattr("cds_targets.store.audit.append", fault)
        answers.append(client.post("/cds-services/targeted-therapies/feedback", json={"feedback": []}, headers=headers))
    assert [answer.status_code for answer in answers] == [200, 500, 500]
    told = caplog.text + client.get("/metrics").text + "".join(a.text + str(a.headers) for a in answers)
    assert CANARY not in told
    assert CANARY.encode() not in kept(place)


def test_t13_a_comment_is_kept_in_its_table_and_nowhere_else(
    client: FlaskClient, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (shown,) = client.post("/cds-services/targeted-therapies", json=example(IRIS, "patient-view")).get_json()["cards"]
    item = {
        "card": shown["uuid"],
        "outcome": "overridden",
        "outcomeTimestamp": "2026-11-23T09:30:00Z",
        "overrideReason": {"userComment": CANARY},
    }
    with caplog.at_level(logging.DEBUG):
        answer = client.post("/cds-services/targeted-therapies/feedback", json={"feedback": [item]})
    assert answer.get_json() == {"received": 1, "new": 1}
    assert CANARY not in caplog.text + json.dumps(answer.get_json()) + client.get("/metrics").text
    assert kept(place).count(CANARY.encode()) == 1


HEADERS = (
    "Accept", "Accept-Language", "Authorization", "Cookie", "Forwarded", "From", "Host", "Origin", "Referer",
    "User-Agent", "X-Correlation-ID", "X-Forwarded-For", "X-Forwarded-Host", "X-Request-ID", "Traceparent",
)  # fmt: skip


def test_t12_t13_no_header_or_address_leaves_a_trace(
    client: FlaskClient, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    call = example(IRIS, "patient-view")
    with caplog.at_level(logging.DEBUG):
        answers = [
            client.post(f"/cds-services/{path}", json=call, headers={name: f"https://{CANARY}.example"})
            for name in HEADERS
            for path in ("targeted-therapies", "targeted-therapies/feedback", "nothing")
        ]
        answers += [client.get(f"/{CANARY}"), client.get(f"/cds-services?patient={CANARY}"), client.put(f"/{CANARY}")]
        answers += [client.post(f"/cds-services/{CANARY}", json=call), client.open("/", method=CANARY.upper())]
    assert CANARY not in "".join(answer.text + str(answer.headers) for answer in answers)
    assert CANARY.lower() not in (caplog.text + client.get("/metrics").text).lower()
    assert CANARY.encode() not in kept(place)


def test_t13_no_field_of_feedback_leaves_a_trace(
    client: FlaskClient, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (shown,) = client.post("/cds-services/targeted-therapies", json=example(IRIS, "patient-view")).get_json()["cards"]
    told = {
        "card": shown["uuid"],
        "outcome": "overridden",
        "acceptedSuggestions": [{"id": shown["uuid"]}],
        "outcomeTimestamp": "2026-11-23T09:30:00Z",
        "overrideReason": {"reason": {"code": "a", "system": "https://x.example", "display": "b"}},
        "extension": {"note": "c"},
    }
    told_places = list(places({"feedback": [told]}))
    assert len(told_places) == 8
    for path in told_places:
        for canary in (CANARY, CANARY.lower(), f"{CANARY}-1815-12-10"):
            body = put({"feedback": [told]}, path, canary)
            with caplog.at_level(logging.DEBUG):
                answer = client.post("/cds-services/targeted-therapies/feedback", json=body)
            traces = answer.text + str(answer.headers) + caplog.text + client.get("/metrics").text
            assert CANARY.lower() not in traces.lower(), path
            assert CANARY.lower().encode() not in kept(place).lower(), path
