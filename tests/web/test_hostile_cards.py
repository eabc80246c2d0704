"""T22, T23: text of the chart is inert in every card: no markup, no link, nothing in orders but what cards say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from markdown_it import MarkdownIt
from markdown_it.token import Token

from cds_targets.settings import Settings
from cds_targets.web.app import create_app
from tests.test_examples import DAY, IRIS, TOMAS, advisor, example
from tests.web.test_canary import SERVICES, places, put, shape

# As the official sandbox renders: raw HTML is let through, addresses become links, tables and strikethrough are known.
READER = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])
INERT = {
    "paragraph",
    "inline",
    "text",
    "text_special",
    "softbreak",
    "strong",
    "em",
    "bullet_list",
    "list_item",
    "code_inline",
}
MARK = "Zq1815"
HOSTILE = [
    f"<img src=x onerror={MARK}>",
    f"{MARK} ![a](https://evil.example/{MARK}) [b](javascript:{MARK}) https://evil.example <svg/onload={MARK}>",
    f"\n\n# {MARK}\n\n<script>{MARK}</script>\n\n| {MARK} |\n|---|\n",
    f"{MARK}\u202e\u2066\x1b[31m\u200b&lt;iframe&gt;",
]


def kinds(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from kinds(token.children or [])


def allowed_links() -> set[str]:
    """What the knowledge itself links to."""
    return {evidence.link for card in advisor().library.cards for evidence in card.evidence.values() if evidence.link}


def check(card: dict[str, Any]) -> None:
    for token in kinds(READER.parse(card.get("detail", ""))):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        assert kind in INERT, (kind, token.content)
        assert token.attrs == {}
    told = json.dumps(card, ensure_ascii=False)
    for character in "\u202e\u2066\x1b\x00":
        assert character not in told
    assert "https://evil.example" not in card.get("detail", "")
    for link in card.get("links", []):
        assert link["url"] in LINKS or link["url"].startswith("https://clinicaltrials.gov/study/NCT")
    for suggestion in card.get("suggestions", []):
        assert MARK not in suggestion["label"]
        for action in suggestion.get("actions", []):
            assert action["type"] == "create"
            resource = {**action["resource"], "subject": None, "encounter": None, "requester": None}
            assert MARK not in json.dumps({**resource, "supportingInfo": None, "reasonReference": None})
    assert "systemActions" not in card


LINKS = allowed_links()


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(Settings(), advisor(), today=lambda: DAY).test_client()


@pytest.mark.parametrize("patient", [IRIS, TOMAS])
@pytest.mark.parametrize("service", SERVICES)
def test_t22_t23_hostile_text_in_any_field_of_a_chart_stays_text_on_every_card(
    client: FlaskClient, service: str, patient: str
) -> None:
    call = example(patient, SERVICES[service])
    paths = {shape(path): path for path in places(call) if path[0] in {"prefetch", "context"}}
    seen = 0
    for number, path in enumerate(paths.values()):
        answer = client.post(f"/cds-services/{service}", json=put(call, path, HOSTILE[number % len(HOSTILE)]))
        assert answer.status_code in {200, 400, 412}
        assert "systemActions" not in answer.get_json()
        for card in answer.get_json().get("cards", []):
            check(card)
            seen += MARK in json.dumps(card)
    assert len(paths) > 60
    if (service, patient) == ("targeted-therapies", IRIS):
        assert seen  # some of it is shown, as text


def test_t22_the_whole_chart_hostile_at_once_stays_inert(client: FlaskClient) -> None:
    call = example(IRIS, "patient-view")
    texts = [path for path in places(call["prefetch"], ("prefetch",)) if path[-1] in {"text", "display", "valueString"}]
    assert len(texts) > 10
    for text in HOSTILE:
        whole = call
        for path in texts:
            whole = put(whole, path, text)
        for service in ("targeted-therapies", "treatment-monitoring", "matching-trials"):
            for card in client.post(f"/cds-services/{service}", json=whole).get_json().get("cards", []):
                check(card)
