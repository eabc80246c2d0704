"""How three FHIR servers answer the same searches, as measured: none leads to a negative or to another proposal.

They differ in which form of the patient they know, in paging, and in what they do with a parameter they do not know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.ehr.asking import answered, call, fetcher, key_of, read
from tests.ehr.faulty import Exchange, running
from tests.test_examples import IRIS, answer, example

PAGE = 3
UNSUPPORTED = {"variants", "measurements"}  # what is searched by `code` on a server that does not know `code`


def _whole(exchange: Exchange) -> Any:
    return example(IRIS, "patient-view")["prefetch"][key_of(exchange)]


def _nothing(exchange: Exchange, **more: Any) -> None:
    exchange.json({"resourceType": "Bundle", "type": "searchset", **more})


def _paged(exchange: Exchange, whole: Any) -> None:
    """A few at a time with `next`, and no total."""
    at = int(exchange.query.get("at", ["0"])[0])
    page = {"resourceType": "Bundle", "type": "searchset", "entry": whole["entry"][at : at + PAGE]}
    if at + PAGE < len(whole["entry"]):
        query = exchange.parts.query.split("&at=")[0]
        page["link"] = [{"relation": "next", "url": f"{exchange.parts.path}?{query}&at={at + PAGE}"}]
    exchange.json(page)


def silent_about_parameters(exchange: Exchange) -> None:
    """WSO2: pages; an unknown parameter is advertised, echoed, and answered with nothing."""
    whole = _whole(exchange)
    if whole["resourceType"] != "Bundle":
        return exchange.json(whole)
    if key_of(exchange) in UNSUPPORTED:
        return _nothing(exchange, link=[{"relation": "self", "url": exchange.handler.path}])
    return _paged(exchange, whole)


def strict_about_parameters(exchange: Exchange) -> None:
    """Medplum: pages; an unknown parameter is a 400."""
    whole = _whole(exchange)
    if whole["resourceType"] != "Bundle":
        return exchange.json(whole)
    if key_of(exchange) in UNSUPPORTED:
        return exchange.json({"resourceType": "OperationOutcome"}, 400)
    return _paged(exchange, whole)


def typed_and_without_pages(exchange: Exchange) -> None:
    """Medplum's engine in memory: nothing under a bare id, a total, the first entries only, never a `next`."""
    whole = _whole(exchange)
    if whole["resourceType"] != "Bundle":
        return exchange.json(whole)
    if not exchange.query["patient"][0].startswith("Patient/"):
        return _nothing(exchange, total=0)
    return exchange.json({**whole, "entry": whole["entry"][:PAGE], "total": len(whole["entry"])})


@pytest.mark.parametrize("dialect", [silent_about_parameters, strict_about_parameters, typed_and_without_pages])
def test_t19_a_dialect_changes_no_proposal_and_what_it_hides_is_named(dialect: Callable[[Exchange], None]) -> None:
    with running(dialect) as server:
        told = answered(call(server), fetcher(server))
    sent = answer(IRIS, "targeted-therapies")["cards"]
    known = {(read(card)["id"], str(read(card).get("therapies"))) for card in sent}
    new = [card for card in told if (read(card)["id"], str(read(card).get("therapies"))) not in known]
    assert [card for card in new if not read(card).get("unknown")] == []
    missing = {one for card in told for one in read(card).get("unknown", [])} - {
        one for card in sent for one in read(card).get("unknown", [])
    }
    assert missing


@pytest.mark.parametrize("dialect", [silent_about_parameters, strict_about_parameters])
def test_t19_what_the_broad_search_brings_is_used_where_the_search_by_code_fails(
    dialect: Callable[[Exchange], None],
) -> None:
    with running(dialect) as server:
        told = answered(call(server), fetcher(server))
    assert [["sotorasib"], ["adagrasib"]] in [read(card).get("therapies") for card in told]
