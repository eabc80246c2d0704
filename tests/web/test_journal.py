"""What is kept of each call before it is answered, what the site decided, and the numbers for operators."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from cds_targets.advice import Advisor
from cds_targets.hooks.response import HookResponse
from cds_targets.settings import Settings
from cds_targets.store.governance import Decision
from cds_targets.store.store import Store
from cds_targets.web.app import create_app
from tests.calls import order_select, patient_view
from tests.test_examples import DAY, IRIS, TOMAS, advisor, example
from tests.web.conftest import FixedAdvisor
from tests.web.test_repeats import card

VIEW = "/cds-services/targeted-therapies"
TRIALS = "/cds-services/matching-trials"
SELECT = "/cds-services/therapy-safety-select"
SHOWN = "kras-g12c-nsclc-second-line"
BY = ("Dr Berg", "wrong threshold")


def calls(store: Store) -> list[Any]:
    with store.audit_rows() as rows:
        return [row["facts"] for row in rows if row["event"] == "call"]


def break_it(store: Store) -> None:
    with store.database.writing() as connection:
        connection.execute(text("DROP TABLE audit_head"))


def real(store: Store) -> FlaskClient:
    """The shipped content under the site's decisions, read anew at each call."""
    loaded = advisor()
    by = Advisor(Settings(), loaded.library, loaded.studies, loaded.contents, lambda: store.policy(False))
    return create_app(Settings(), by, store, lambda: DAY, by.policy, knowledge="k" * 64).test_client()


def ids(client: FlaskClient, path: str = VIEW, who: str = IRIS) -> list[str]:
    answer = client.post(path, json=example(who, "patient-view"))
    assert answer.status_code == 200
    return [one["extension"]["org.cds-targets.card"]["id"] for one in answer.get_json()["cards"]]


def test_f14_every_answer_is_on_record_with_its_kind(client: FlaskClient, advisor: FixedAdvisor, store: Store) -> None:
    client.post(VIEW, json=patient_view())
    advisor.answer = lambda: HookResponse(cards=(card(),))
    client.post(VIEW, json=patient_view())
    client.post(SELECT, json=order_select(context={"userId": "Practitioner/a", "patientId": "ada"}))
    client.post(VIEW, json={})
    assert [(one["service"], one["outcome"], one["cards"]) for one in calls(store)] == [
        ("targeted-therapies", "nothing", []),
        ("targeted-therapies", "cards", [f"liver 1 {card().uuid}"]),
        ("therapy-safety-select", "missing-data", []),
    ]


def test_f15_a_row_names_the_content_it_came_from(store: Store) -> None:
    shown = ids(real(store))
    (row,) = calls(store)
    assert row["knowledge"] == "k" * 64
    assert [one.split()[0] for one in row["cards"]] == shown


def test_a_store_that_fails_gives_503_and_never_silence(client: FlaskClient, store: Store) -> None:
    break_it(store)
    item = {"card": "c1", "outcome": "overridden", "outcomeTimestamp": "2026-03-01T09:30:00Z"}
    for answer in (
        client.post(VIEW, json=patient_view()),
        client.post(VIEW + "/feedback", json={"feedback": [item]}),
        client.post(SELECT, json=order_select(context={"userId": "Practitioner/a", "patientId": "ada"})),
        client.get("/health/ready"),
    ):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert answer.get_json()["issue"][0]["code"] == "transient"
        assert "audit_head" not in answer.text
    assert client.get("/health/live").status_code == 200
    assert "cds_targets_store_failures_total 4.0" in client.get("/metrics").text


def test_f18_a_card_that_is_off_is_not_shown_and_one_in_shadow_is_counted(store: Store) -> None:
    client = real(store)
    assert SHOWN in ids(client)
    store.decide("card", SHOWN, Decision.OFF, *BY)
    assert SHOWN not in ids(client)
    store.decide("card", SHOWN, Decision.SHADOW, *BY)
    assert SHOWN not in ids(client)
    assert f"shadow:{SHOWN}" in calls(store)[-1]["held"]
    assert f'cds_targets_cards_held_total{{card="{SHOWN}",why="shadow"}} 1.0' in client.get("/metrics").text
    store.decide("card", SHOWN, Decision.ON, *BY)
    assert SHOWN in ids(client)


def test_f18_a_study_can_be_switched_off(store: Store) -> None:
    client = real(store)
    study = ids(client, TRIALS, TOMAS)[0]
    store.decide("card", study, Decision.OFF, *BY)
    assert study not in ids(client, TRIALS, TOMAS)
    store.decide("card", study, Decision.SHADOW, *BY)
    assert study not in ids(client, TRIALS, TOMAS)
    assert f"shadow:{study}" in calls(store)[-1]["held"]


def test_f18_a_service_that_is_off_says_so_and_judges_nothing(store: Store) -> None:
    client = real(store)
    store.decide("service", "targeted-therapies", Decision.OFF, *BY)
    answer = client.post(VIEW, json=example(IRIS, "patient-view"))
    assert answer.status_code == 503
    assert "switched this service off" in answer.get_json()["issue"][0]["diagnostics"]
    assert calls(store)[-1]["outcome"] == "off"
    assert ids(client, TRIALS)


def test_f17_a_service_in_shadow_judges_and_shows_nothing(store: Store) -> None:
    client = real(store)
    store.decide("service", "targeted-therapies", Decision.SHADOW, *BY)
    assert ids(client) == []
    assert calls(store)[-1]["outcome"] == "shadow"
    assert f"shadow:{SHOWN}" in calls(store)[-1]["held"]


@pytest.mark.parametrize(
    "line",
    [
        'cds_targets_calls_total{service="targeted-therapies",status="200",what="call"} 2.0',
        'cds_targets_calls_total{service="therapy-safety-select",status="412",what="call"} 1.0',
        'cds_targets_calls_total{service="targeted-therapies",status="200",what="feedback"} 1.0',
        'cds_targets_call_seconds_count{service="targeted-therapies",what="call"} 2.0',
        'cds_targets_cards_total{card="liver",kind="toxicity"} 1.0',
        'cds_targets_silent_total{service="targeted-therapies"} 1.0',
        'cds_targets_unknowns_total{service="targeted-therapies"} 1.0',
        'cds_targets_feedback_total{service="targeted-therapies"} 1.0',
    ],
)
def test_metrics_count_what_operators_ask(client: FlaskClient, advisor: FixedAdvisor, line: str) -> None:
    client.post(VIEW, json=patient_view())
    advisor.answer = lambda: HookResponse(cards=(card(unknown=["the liver"]),))
    client.post(VIEW, json=patient_view())
    client.post(SELECT, json=order_select(context={"userId": "Practitioner/a", "patientId": "ada"}))
    item = {"card": "c1", "outcome": "overridden", "outcomeTimestamp": "2026-03-01T09:30:00Z"}
    client.post(VIEW + "/feedback", json={"feedback": [item]})
    assert line in client.get("/metrics").text.splitlines()
