"""T30 over HTTP: two EHRs on one service; nothing of the one is told to the other, and nothing is taken from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from cds_targets.settings import Settings
from cds_targets.store.database import of_tenant
from cds_targets.store.store import Store
from cds_targets.store.tables import comments, feedback
from cds_targets.web.app import create_app
from tests.auth.signing import PUBLIC, Signer, key_set
from tests.store.conftest import BACKENDS
from tests.test_examples import DAY, GRETA, advisor, example

# The fixtures of a database with the two roles it has in operation.
from tests.store.conftest import key_file, owner, server, service  # noqa: F401  # isort: skip

MARK = "Zebedee1815"
SELECT, SIGN = "/cds-services/therapy-safety-select", "/cds-services/therapy-safety-sign"
EHRS = {"north": Signer("n1"), "south": Signer("s1")}


@pytest.fixture(params=BACKENDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A file, or PostgreSQL as the role of the service."""
    if request.param == "sqlite":
        opened = Store.open(str(tmp_path / "store.db"))
        yield opened
        opened.close()
    else:
        yield request.getfixturevalue("service")


@pytest.fixture
def client(kept: Store, tmp_path: Path) -> FlaskClient:
    entries = []
    for name, signer in EHRS.items():
        (tmp_path / f"{name}.json").write_bytes(key_set(signer))
        entries.append(f'  - {{name: {name}, issuer: "https://{name}.example.org", jwks_file: {name}.json}}\n')
    (tmp_path / "ehrs.yaml").write_text("ehrs:\n" + "".join(entries))
    settings = Settings(ehrs=tmp_path / "ehrs.yaml", public_url=PUBLIC)
    return create_app(settings, advisor(), kept, lambda: DAY).test_client()


def send(client: FlaskClient, who: str, method: str, path: str, body: Any = None) -> TestResponse:
    """A call that this EHR signed."""
    now = int(time.time())
    claims = {"iss": f"https://{who}.example.org", "aud": PUBLIC + path, "iat": now, "exp": now + 200}
    token = EHRS[who].token({"jku": ...}, **claims, jti=str(uuid4()))
    return client.open(path, method=method, json=body, headers={"Authorization": f"Bearer {token}"})


def cards(client: FlaskClient, who: str, path: str) -> list[str]:
    hook = "order-select" if path == SELECT else "order-sign"
    answer = send(client, who, "POST", path, example(GRETA, hook))
    assert answer.status_code == 200
    return [card["uuid"] for card in answer.get_json()["cards"]]


def told(client: FlaskClient, who: str, card: str) -> TestResponse:
    item = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-23T09:30:00Z"}
    body = {"feedback": [{**item, "overrideReason": {"userComment": MARK}}]}
    return send(client, who, "POST", f"{SELECT}/feedback", body)


def test_t30_a_card_of_another_tenant_is_answered_like_one_that_never_was(client: FlaskClient, kept: Store) -> None:
    (card, *_) = cards(client, "north", SELECT)
    theirs, nobodys = told(client, "south", card), told(client, "south", str(uuid4()))
    assert (
        (theirs.status_code, theirs.get_json())
        == (nobodys.status_code, nobodys.get_json())
        == (
            200,
            {"received": 1, "new": 1},
        )
    )
    assert {name for name, _ in theirs.headers} == {name for name, _ in nobodys.headers}
    for tenant, number in (("north", 0), ("south", 2)):
        with kept.database.reading(of_tenant(tenant)) as connection:
            found = connection.execute(select(feedback.c.uuid).where(feedback.c.tenant == tenant)).all()
            assert len(found) == number
            assert connection.execute(select(comments.c.text)).all() == []
    assert told(client, "north", card).get_json() == {"received": 1, "new": 1}  # nor did the other's take its place
    with kept.database.reading(of_tenant("north")) as connection:
        assert connection.execute(select(comments.c.text)).scalars().all() == [MARK]


def test_t30_what_one_tenant_was_shown_is_left_out_for_no_other(client: FlaskClient) -> None:
    at_first = cards(client, "south", SIGN)
    assert cards(client, "south", SELECT)
    for card in cards(client, "north", SELECT):
        told(client, "north", card)
    assert cards(client, "north", SIGN) == []
    assert cards(client, "south", SIGN) == at_first != []


def test_t30_no_address_tells_one_tenant_of_another(client: FlaskClient) -> None:
    shown = cards(client, "north", SELECT)
    told(client, "north", shown[0])
    rules = [rule for rule in client.application.url_map.iter_rules() if "GET" in (rule.methods or ())]
    assert len(rules) >= 6
    for rule in rules:
        answer = send(client, "south", "GET", rule.rule)
        assert answer.status_code < 500
        for mark in (*shown, MARK, GRETA, "north"):
            assert mark not in answer.text + str(answer.headers), (rule.rule, mark)
