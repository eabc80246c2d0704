"""Answers: HL7's invariants hold, and nothing empty reaches the wire."""

from __future__ import annotations

from typing import Any, get_args

import orjson
import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from cds_targets.hooks.response import EXTENSION, Card, HookResponse, Regulatory, extension_schema, to_json
from cds_targets.library import definition

PLACE = {"type": "create", "description": "Order liver panel", "resource": {"resourceType": "ServiceRequest"}}
ORDER = {"label": "Order liver panel", "uuid": "s1", "actions": [PLACE]}
EXTENDED = {"id": "sotorasib-liver", "version": 1, "status": "draft", "kind": "toxicity", "about": ["sotorasib"]}
CARD: dict[str, Any] = {
    "uuid": "c1",
    "summary": "Check the liver before sotorasib",
    "detail": "AST and ALT first.\n\n- every 3 weeks",
    "indicator": "warning",
    "source": {"label": "cds-targets", "topic": {"code": "sotorasib-liver", "system": "https://example.org"}},
    "suggestions": [ORDER],
    "selectionBehavior": "any",
    "overrideReasons": [{"code": "patient-refuses", "system": "https://example.org", "display": "Patient refuses"}],
    "links": [{"label": "Label", "url": "https://example.org/label", "type": "absolute"}],
    "extension": {EXTENSION: EXTENDED},
}


def card(**changes: Any) -> Card:
    return Card.model_validate({**CARD, **changes})


def extended(**changes: Any) -> Card:
    return card(extension={EXTENSION: {**EXTENDED, **changes}})


def wire(*cards: Card) -> Any:
    return orjson.loads(to_json(HookResponse(cards=cards)))


def test_a_card_goes_out_as_it_was_written() -> None:
    assert wire(card()) == {"cards": [CARD]}


def test_nothing_to_say_is_an_empty_list_of_cards() -> None:
    assert to_json(HookResponse()) == b'{"cards":[]}'


def test_g3_nothing_null_or_empty_is_sent() -> None:
    empty = {"resourceType": "ServiceRequest", "note": [], "code": {"coding": [{}], "text": ""}, "subject": None}
    order = {**ORDER, "actions": [{**PLACE, "resource": empty}]}
    (sent,) = wire(card(detail=None, links=[], overrideReasons=[], suggestions=[order]))["cards"]
    assert {"detail", "links", "overrideReasons"}.isdisjoint(sent)
    assert sent["suggestions"][0]["actions"][0]["resource"] == {"resourceType": "ServiceRequest"}


def test_zero_and_false_are_not_empty() -> None:
    order = {**ORDER, "isRecommended": False}
    (sent,) = wire(card(suggestions=[order]))["cards"]
    assert sent["suggestions"][0]["isRecommended"] is False


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("a summary of 140 characters", {"summary": "x" * 140}),
    ("an empty summary", {"summary": "\u200b "}),
    ("an unknown indicator", {"indicator": "hard-stop"}),
    ("a source without a label", {"source": {}}),
    ("suggestions without selectionBehavior", {"selectionBehavior": None}),
    ("selectionBehavior without suggestions", {"suggestions": []}),
    ("an unknown selectionBehavior", {"selectionBehavior": "all"}),
    ("an override reason without display", {"overrideReasons": [{"code": "x", "system": "https://example.org"}]}),
    ("a link that is not absolute", {"links": [{"label": "x", "url": "/cards/x"}]}),
    ("a link that runs code", {"links": [{"label": "x", "url": "javascript:alert(1)"}]}),
    ("a link over http", {"links": [{"label": "x", "url": "http://example.org"}]}),
    ("a link with a blank", {"links": [{"label": "x", "url": "https://example.org/a b"}]}),
    ("appContext on a plain link", {"links": [{"label": "x", "url": "https://example.org", "appContext": "y"}]}),
    ("autolaunchable", {"links": [{"label": "x", "url": "https://example.org", "autolaunchable": True}]}),
    ("a create without a resource", {"suggestions": [{**ORDER, "actions": [{**PLACE, "resource": None}]}]}),
    (
        "a delete with a resource",
        {"suggestions": [{**ORDER, "actions": [{**PLACE, "type": "delete", "resourceId": "X/1"}]}]},
    ),
    ("an action without description", {"suggestions": [{**ORDER, "actions": [{**PLACE, "description": ""}]}]}),
    ("no extension", {"extension": {}}),
    ("another extension", {"extension": {EXTENSION: EXTENDED, "org.example": {}}}),
    ("an unknown field", {"priority": 1}),
    ("an icon that is not absolute", {"source": {"label": "x", "icon": "logo.png"}}),
]


@pytest.mark.parametrize(("name", "change"), WRONG, ids=[name for name, _ in WRONG])
def test_a_wrong_card_cannot_be_made(name: str, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        card(**change)


def test_cds_resp_1_one_recommendation_where_one_can_be_chosen() -> None:
    two = [{**ORDER, "uuid": uuid, "isRecommended": True} for uuid in ("s1", "s2")]
    assert len(card(suggestions=two).suggestions) == 2
    with pytest.raises(ValidationError):
        card(suggestions=two, selectionBehavior="at-most-one")


def test_uuids_are_never_shared() -> None:
    with pytest.raises(ValidationError):
        HookResponse(cards=(card(), card()))
    with pytest.raises(ValidationError):
        HookResponse(cards=(card(uuid="s1"),))


def test_text_that_would_lie_is_cleaned() -> None:
    shown = card(summary="do \u202eton\u202c give\r\nit", detail="a\u2066b\r\n\x1b[31mc")
    assert shown.summary == "do ton give it"
    assert shown.detail == "a b\n [31mc"


def test_a_summary_of_139_characters_fits() -> None:
    assert len(card(summary="x" * 139).summary) == 139


def test_links_to_this_machine_may_be_plain() -> None:
    assert card(links=[{"label": "x", "url": "http://127.0.0.1:8000/cards/x"}]).links


WRONG_EXTENSIONS = [
    {"kind": "notice", "therapies": [["sotorasib"]]},
    {"kind": "advice"},
    {"status": "retired"},
    {"version": 0},
    {"therapies": [[]]},
    {"trials": ["NCT123"]},
    {"trials": ["NCT04185883"], "trials_unknown": ["NCT04185883"]},
    {"strength": {"regulatory": {"status": "maybe"}}},
    {"because": [{"condition": "variant", "outcome": "perhaps", "sentence": "x"}]},
    {"extra": 1},
]


@pytest.mark.parametrize("change", WRONG_EXTENSIONS, ids=str)
def test_a_wrong_extension_cannot_be_made(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        extended(**change)


FULL = {
    **EXTENDED,
    "kind": "therapy",
    "therapies": [["Sotorasib", "panitumumab"], ["adagrasib"]],
    "trials": ["NCT04185883"],
    "strength": {
        "amp": "I-A",
        "escat": "I-B",
        "regulatory": {"status": "approved", "agency": "FDA", "date": "2021-05-28"},
    },
    "because": [{"condition": "variant", "outcome": "met", "sentence": "KRAS G12C", "facts": ["Observation/v1"]}],
    "unknown": ["no medication history was sent"],
    "evidence": [{"cite": "Label", "url": "https://example.org", "says": "what it says"}],
}


def test_the_published_schema_accepts_what_is_sent_and_nothing_else() -> None:
    schema = Draft202012Validator(extension_schema())
    sent = wire(card(extension={EXTENSION: FULL}))["cards"][0]["extension"][EXTENSION]
    assert sent == {**FULL, "therapies": [["sotorasib", "panitumumab"], ["adagrasib"]]}
    schema.validate(sent)
    assert not schema.is_valid({**sent, "kind": "advice"})
    assert not schema.is_valid({**sent, "therapies": "sotorasib"})
    assert not schema.is_valid({**sent, "extra": 1})
    assert "null" not in orjson.dumps(extension_schema()).decode()


def test_card_files_and_the_wire_know_the_same_regulatory_words() -> None:
    written = definition.Regulatory.model_fields["status"].annotation
    assert get_args(written) == get_args(Regulatory.model_fields["status"].annotation)
