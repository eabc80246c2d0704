"""Several cards of one answer may ask for the same order; the button for it stands on one of them."""

from __future__ import annotations

from typing import Any

from cds_targets.hooks import response as wire
from cds_targets.hooks.render import without_repeated_orders
from cds_targets.library.definition import Kind


def place(code: str, **more: Any) -> wire.Action:
    resource = {"resourceType": "ServiceRequest", "code": {"text": code}, **more}
    return wire.Action(type="create", description=f"Order: {code}", resource=resource)


def card(name: str, *suggestions: list[wire.Action]) -> wire.Card:
    told = wire.CardExtension(id=name, version=1, status="draft", kind=Kind.TOXICITY)
    return wire.Card(
        uuid=name,
        summary=name,
        indicator="warning",
        source=wire.Source(label="test"),
        suggestions=tuple(wire.Suggestion(label="Order", uuid=name, actions=tuple(s)) for s in suggestions),
        selection_behavior="any" if suggestions else None,
        extension=wire.CardExtensions(card=told),
    )


def offered(cards: list[wire.Card]) -> list[list[list[str]]]:
    return [[[a.description for a in s.actions] for s in shown.suggestions] for shown in cards]


def test_the_first_card_keeps_the_button_and_the_later_one_keeps_its_words() -> None:
    first, second = without_repeated_orders([card("a", [place("cbc")]), card("b", [place("cbc")])])
    assert offered([first, second]) == [[["Order: cbc"]], []]
    assert second.summary == "b"
    assert second.selection_behavior is None


def test_what_the_order_belongs_to_makes_no_other_order_of_it() -> None:
    drug = {"supportingInfo": [{"reference": "MedicationRequest/1"}]}
    shown = without_repeated_orders([card("a", [place("ecg", **drug)]), card("b", [place("ecg")])])
    assert offered(shown)[1] == []


def test_a_series_is_another_order_than_a_single_test() -> None:
    series = place("liver", occurrenceTiming={"repeat": {"frequency": 1}})
    shown = without_repeated_orders([card("a", [place("liver")]), card("b", [series])])
    assert offered(shown) == [[["Order: liver"]], [["Order: liver"]]]


def test_a_suggestion_that_places_more_than_was_offered_stays_whole() -> None:
    shown = without_repeated_orders([card("a", [place("K")]), card("b", [place("K"), place("Ca")])])
    assert offered(shown)[1] == [["Order: K", "Order: Ca"]]


def test_one_that_places_less_than_was_offered_goes() -> None:
    shown = without_repeated_orders([card("a", [place("K"), place("Ca")]), card("b", [place("K")])])
    assert offered(shown)[1] == []


def test_two_suggestions_of_one_card_are_left_as_they_were_written() -> None:
    assert offered(without_repeated_orders([card("a", [place("K")], [place("Ca")])])) == [[["Order: K"], ["Order: Ca"]]]
