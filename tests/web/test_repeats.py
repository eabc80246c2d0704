"""Order-sign after order-select: what is left out, and above all what is not."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from cds_targets.hooks.response import EXTENSION, Card, CardExtensions, HookResponse
from cds_targets.settings import Settings
from cds_targets.store.issued import Shown
from cds_targets.store.store import Store
from cds_targets.store.tables import issued
from cds_targets.web.app import create_app
from cds_targets.web.repeats import SELECT, SIGN, is_repeated
from tests.test_examples import GRETA, IRIS, advisor, example
from tests.web.conftest import FixedAdvisor

DAY = date(2026, 11, 23)
VIEW = "targeted-therapies"


def card(kind: str = "toxicity", indicator: str = "warning", **told: Any) -> Card:
    extension = {"id": "liver", "version": 1, "status": "draft", "kind": kind, "about": ["sotorasib"], **told}
    return Card(
        uuid="0f6f2a5e-8d0c-5d4e-9b8f-3a1c2e4d6f70",
        summary="Check the liver",
        indicator=indicator,
        source={"label": "cds-targets"},
        extension=CardExtensions.model_validate({EXTENSION: extension}),
    )


def before(service: str = SELECT, content: str = "same", version: int = 1, answered: bool = False) -> Shown:
    return Shown(service, "liver", version, content, answered)


SHOWN, ANSWERED = before(), before(answered=True)
# (what, card, what was shown before, service, left out in evaluation, left out in production)
RULE: list[tuple[str, Card, list[Shown], str, bool, bool]] = [
    ("nothing was shown before", card("notice", "info"), [], SIGN, False, False),
    ("an information", card("notice", "info"), [SHOWN], SIGN, True, True),
    ("an information at the next selection", card("notice", "info"), [SHOWN], SELECT, False, False),
    ("an information signed before", card("notice", "info"), [before(SIGN)], SIGN, False, False),
    ("an information in other words", card("notice", "info"), [before(content="other")], SIGN, False, False),
    ("an information of another version", card("notice", "info"), [before(version=2)], SIGN, False, False),
    ("an information with something unknown", card("notice", "info", unknown=["x"]), [SHOWN], SIGN, False, False),
    ("an answered one with something unknown", card("notice", "info", unknown=["x"]), [ANSWERED], SIGN, False, False),
    ("a warning of toxicity", card("toxicity"), [SHOWN], SIGN, False, False),
    ("a warning of resistance", card("resistance"), [SHOWN], SIGN, False, False),
    ("a warning of sequence", card("sequencing"), [SHOWN], SIGN, False, False),
    ("a warning of a missing test", card("testing"), [SHOWN], SIGN, False, True),
    ("something critical", card("testing", "critical"), [SHOWN], SIGN, False, False),
    ("an answered warning of toxicity", card("toxicity"), [ANSWERED], SIGN, True, True),
    ("an answered warning at the next selection", card("toxicity"), [ANSWERED], SELECT, True, True),
    ("a warning answered when signing", card("toxicity"), [before(SIGN, answered=True)], SIGN, True, True),
    ("an answered warning in other words", card("toxicity"), [before(content="o", answered=True)], SIGN, False, False),
    ("an answered critical one", card("toxicity", "critical"), [ANSWERED], SIGN, True, True),
]


@pytest.mark.parametrize(("name", "shown", "earlier", "service", "evaluation", "production"), RULE)
def test_f11_what_is_left_out(
    name: str, shown: Card, earlier: list[Shown], service: str, evaluation: bool, production: bool
) -> None:
    assert is_repeated(service, shown, "same", earlier, evaluation=True) is evaluation, name
    assert is_repeated(service, shown, "same", earlier, evaluation=False) is production, name


class Desk:
    """A service that always answers with the same cards (a warning of toxicity unless told), and a clock."""

    def __init__(self, *cards: Card, **settings: Any) -> None:
        self.moment = datetime(2026, 11, 23, 9, tzinfo=UTC)
        self.store = Store.in_memory(lambda: self.moment)
        answer = HookResponse(cards=cards or (card(),))
        app = create_app(Settings(**settings), FixedAdvisor(lambda: answer), self.store, lambda: DAY)
        self.client: FlaskClient = app.test_client()

    def call(self, hook: str, who: str = GRETA, user: str | None = None, patient: str | None = None) -> list[Any]:
        body = copy.deepcopy(example(who, hook))
        body["hookInstance"] += str(self.moment)
        if user is not None:
            body["context"]["userId"] = user
        if patient is not None:
            body["context"]["patientId"] = patient
        service = SELECT if hook == "order-select" else SIGN
        found: list[Any] = self.client.post(f"/cds-services/{service}", json=body).get_json()["cards"]
        return found

    def dismiss(self, shown: list[Any], service: str = SELECT) -> None:
        items = [
            {"card": one["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-23T09:00:00Z"} for one in shown
        ]
        assert self.client.post(f"/cds-services/{service}/feedback", json={"feedback": items}).status_code == 200


def test_a_warning_returns_at_signing_until_feedback_answers_it() -> None:
    desk = Desk()
    selected = desk.call("order-select")
    assert [len(desk.call("order-sign")) for _ in range(3)] == [1, 1, 1]
    desk.dismiss(selected)
    assert desk.call("order-sign") == []
    desk.moment += timedelta(hours=25)
    assert len(desk.call("order-sign")) == 1


def test_a_dismissal_holds_for_its_user_its_patient_and_its_drug_only() -> None:
    desk = Desk()
    desk.dismiss(desk.call("order-select"))
    assert len(desk.call("order-sign", user="Practitioner/other")) == 1
    assert len(desk.call("order-sign", who=IRIS)) == 1


def test_a_signing_without_a_selection_shows_everything_and_the_same_again() -> None:
    desk = Desk()
    assert desk.call("order-sign") == desk.call("order-sign") != []


def test_zero_hours_repeats_everything() -> None:
    desk = Desk(repeat_hours=0)
    desk.dismiss(desk.call("order-select"))
    assert len(desk.call("order-sign")) == 1


def test_an_information_is_said_once_and_what_was_left_out_is_on_record() -> None:
    desk = Desk(card("notice", "info"))
    assert len(desk.call("order-select")) == 1
    assert desk.call("order-sign") == []
    with desk.store.audit_rows() as rows:
        told = [(row["facts"]["outcome"], row["facts"]["held"]) for row in rows]
    assert told == [("cards", []), ("nothing", ["repeated:liver"])]


def test_an_information_without_a_drug_is_said_again_for_another_order() -> None:
    desk = Desk(card("notice", "info", about=[]))
    assert len(desk.call("order-select", who=GRETA)) == 1
    assert len(desk.call("order-sign", who=IRIS, patient=GRETA, user=example(GRETA, "order-sign")["context"]["userId"]))
    assert desk.call("order-sign", who=GRETA) == []


def test_the_shipped_content_says_the_same_at_both_hooks_so_that_an_answer_is_recognised() -> None:
    store = Store.in_memory()
    client = create_app(Settings(), advisor(), store, lambda: DAY).test_client()
    for service, hook in ((SELECT, "order-select"), (SIGN, "order-sign")):
        assert client.post(f"/cds-services/{service}", json=example(GRETA, hook)).get_json()["cards"]
    with store.database.reading() as connection:
        rows = connection.execute(select(issued.c.service, issued.c.card, issued.c.content)).all()
    selected = {(row.card, row.content) for row in rows if row.service == SELECT}
    assert {(row.card, row.content) for row in rows if row.service == SIGN} & selected
