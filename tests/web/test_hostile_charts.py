"""The whole service with its shipped content, and charts no EHR should send: never a 5xx, never a false silence."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_targets.advice import Advisor
from cds_targets.settings import Settings
from cds_targets.web.app import create_app
from tests.calls import patient_view
from tests.charts import ADA, BODIES, CHART, bundle

TODAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def service() -> FlaskClient:
    return create_app(Settings(), Advisor.load(Settings()), today=lambda: TODAY).test_client()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, (*path, key))


def altered(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    changed = copy.deepcopy(value)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = junk
    return changed


SPOTS = [
    (service_id, path)
    for service_id, body in BODIES.items()
    for path in places({key: body[key] for key in ("context", "prefetch")})
]
JUNK: list[Any] = [None, "", " ", 0, -1, 1e308, 10**30, True, [], {}, [None], [[]], {"x": {}}]
JUNK += ["9999-99-99", "0000-01-01", "2026-02-30", "Patient/other", "#", "urn:uuid:x", "<script>alert(1)</script>"]
JUNK += ["=1+1", "\u202e\u0007", "p." + "A" * 5_000, {"value": "1e999"}, {"value": True, "unit": 5}, {"reference": 5}]
JUNK += [{"coding": [{}]}, {"coding": [None]}, {"coding": "x"}, {"resourceType": []}]
JUNK += [{"resourceType": "Bundle", "entry": 1}, {"resourceType": "OperationOutcome"}]


@settings(max_examples=400, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(range(len(SPOTS))), st.sampled_from(JUNK)), min_size=1, max_size=3))
def test_t16_no_alteration_of_a_chart_makes_the_service_fail(
    service: FlaskClient, changes: list[tuple[int, Any]]
) -> None:
    service_id = SPOTS[changes[0][0]][0]
    body = BODIES[service_id]
    for spot, junk in changes:
        try:
            body = altered(body, SPOTS[spot][1], junk)
        except (KeyError, IndexError, TypeError):
            continue
    answer = service.post(f"/cds-services/{service_id}", data=json.dumps(body), content_type="application/json")
    assert answer.status_code in {200, 400, 412}, answer.text


def test_every_single_place_of_a_chart_may_be_junk(service: FlaskClient) -> None:
    for service_id, path in SPOTS:
        for junk in (None, 5, "x", [], {}, [5]):
            body = json.dumps(altered(BODIES[service_id], path, junk))
            answer = service.post(f"/cds-services/{service_id}", data=body, content_type="application/json")
            assert answer.status_code in {200, 400, 412}, (service_id, path, junk, answer.text)


def test_t42_the_same_call_gets_the_same_cards_and_another_call_other_uuids(service: FlaskClient) -> None:
    def uuids(**changes: str) -> list[str]:
        body = {**BODIES["targeted-therapies"], **changes}
        return [
            card["uuid"] for card in service.post("/cds-services/targeted-therapies", json=body).get_json()["cards"]
        ]

    assert uuids() == uuids()
    assert not set(uuids()) & set(uuids(hookInstance="a4a88a1e-e280-4c9f-ba65-7c8ec733418c"))


def test_the_chart_as_it_is_gets_cards_from_every_service_that_should_speak(service: FlaskClient) -> None:
    for service_id in ("targeted-therapies", "therapy-safety-select", "therapy-safety-sign"):
        answer = service.post(f"/cds-services/{service_id}", json=BODIES[service_id])
        assert answer.status_code == 200
        assert answer.get_json()["cards"], service_id


GONE: list[tuple[str, Any]] = [
    ("left out", ...),
    (
        "an OperationOutcome",
        {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]},
    ),
    ("an error page", "<html>502</html>"),
    ("a bundle that cannot be read", {"resourceType": "Bundle", "entry": "none"}),
    ("a first page only", {"resourceType": "Bundle", "entry": [], "link": [{"relation": "next", "url": "https://x"}]}),
]


@pytest.mark.parametrize(("name", "value"), GONE, ids=[name for name, _ in GONE])
@pytest.mark.parametrize("key", ["observations", "conditions", "medicationAdministrations"])
def test_t19_what_did_not_arrive_is_never_silence(service: FlaskClient, key: str, name: str, value: Any) -> None:
    chart = {other: sent for other, sent in CHART.items() if other != key}
    if value is not ...:
        chart[key] = value
    answer = service.post("/cds-services/targeted-therapies", json=patient_view(prefetch=chart))
    assert answer.status_code in {200, 412}
    if answer.status_code == 200:
        cards = answer.get_json()["cards"]
        assert cards
        assert any(card["extension"]["org.cds-targets.card"].get("unknown") for card in cards)


CANARY = "Zebedee"


def test_t13_patient_text_reaches_no_log(service: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    texts = [path for service_id, path in SPOTS if service_id == "targeted-therapies"]
    with caplog.at_level(logging.DEBUG):
        for path in texts:
            body = altered(BODIES["targeted-therapies"], path, CANARY)
            service.post("/cds-services/targeted-therapies", json=body)
    assert len(caplog.records) >= len(texts)
    assert CANARY not in caplog.text


def test_t17_beyond_the_limit_of_entries_a_chart_counts_as_partly_seen() -> None:
    limited = Settings(max_entries=100)
    client = create_app(limited, Advisor.load(limited), today=lambda: TODAY).test_client()
    vitals = {"resourceType": "Observation", "id": "x", "status": "final", "subject": ADA, "code": {"text": "Weight"}}
    chart = {**CHART, "observations": bundle(*[vitals] * 101)}
    answer = client.post("/cds-services/targeted-therapies", json=patient_view(prefetch=chart))
    assert answer.status_code == 200
    assert "more than 100" in answer.text
