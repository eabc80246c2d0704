"""T20: one stray record is left out, counted and said; where others are plainly among them, nothing is judged."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cds_targets.errors import OtherPatients
from cds_targets.fhir.record import PREFETCH
from cds_targets.settings import Settings
from cds_targets.store.store import Store
from cds_targets.web.app import create_app
from cds_targets.web.metrics import Metrics
from tests.ehr.asking import access, answered, call, chart, fetcher, key_of, read
from tests.ehr.faulty import Exchange, Running, running
from tests.test_examples import DAY, IRIS, advisor, example

VIEW = "/cds-services/targeted-therapies"


def of_another(value: Any, number: int, who: str = "Patient/somebody-else") -> Any:
    """The answer with its first entries said to be another patient's, each under an id of its own."""
    changed = copy.deepcopy(value)
    for entry in changed["entry"][:number]:
        entry["resource"]["subject"] = {"reference": who}
        entry["resource"]["id"] += "-x"
    return changed


def whole(exchange: Exchange) -> Any:
    return example(IRIS, "patient-view")["prefetch"][key_of(exchange)]


def everybody(exchange: Exchange) -> None:
    """A server that ignores `patient=`: the chart asked for, and as much of somebody else."""
    own = whole(exchange)
    if own["resourceType"] != "Bundle":
        return exchange.json(own)
    others = of_another(own, 99)["entry"]
    return exchange.json({**own, "entry": [*own["entry"], *others], "total": 2 * len(others)})


def somebody_else(exchange: Exchange) -> None:
    own = whole(exchange)
    exchange.json(of_another(own, 99) if own["resourceType"] == "Bundle" else own)


def one_stray(exchange: Exchange) -> None:
    """One misfiled result, found by both searches for Observations."""
    own = whole(exchange)
    if key_of(exchange) not in ("observations", "variants"):
        return exchange.json(own)
    stray = {**copy.deepcopy(own["entry"][0]["resource"]), "id": "stray", "subject": {"reference": "Patient/other"}}
    return exchange.json({**own, "entry": [*own["entry"], {"resource": stray}], "total": len(own["entry"]) + 1})


@pytest.mark.parametrize("answer", [everybody, somebody_else])
def test_t20_a_server_that_ignores_whom_it_was_asked_for_is_refused(answer: Callable[[Exchange], None]) -> None:
    with running(answer) as server, pytest.raises(OtherPatients) as refused:
        answered(call(server), fetcher(server))
    assert set(refused.value.keys) <= set(PREFETCH)


def test_t20_one_stray_record_is_left_out_and_said() -> None:
    with running(one_stray) as server:
        told = answered(call(server), fetcher(server))
    missing = [sentence for card in told for sentence in read(card).get("unknown", [])]
    assert any("1 entry of another patient was left out" in sentence for sentence in missing)


@pytest.mark.parametrize(
    ("who", "refused"),
    [(["Patient/a", "Patient/b", "Patient/c"], True), (["Patient/a"] * 3, False), (["Patient/a", "Patient/b"], False)],
)
def test_t20_a_prefetch_of_several_other_patients_is_refused(who: list[str], refused: bool) -> None:
    sent = copy.deepcopy(example(IRIS, "patient-view"))
    entries = sent["prefetch"]["observations"]["entry"]
    for number, name in enumerate(who):
        entries.append({"resource": {**entries[0]["resource"], "id": f"x{number}", "subject": {"reference": name}}})
    client = create_app(Settings(), advisor(), today=lambda: DAY).test_client()
    answer = client.post(VIEW, json=sent)
    assert answer.status_code == (412 if refused else 200)
    assert refused or "left out" in answer.text


def posted(server: Running, store: Store) -> Any:
    asking = replace(advisor(), fetcher=fetcher(server))
    client = create_app(Settings(), asking, store, lambda: DAY).test_client()
    body = {**example(IRIS, "patient-view"), "prefetch": {}, "fhirServer": server.base, "fhirAuthorization": access()}
    return client, client.post(VIEW, json=body)


@pytest.mark.parametrize(("answer", "status", "least"), [(everybody, 412, 10), (one_stray, 200, 1)])
def test_t20_what_was_left_out_is_in_the_audit_and_the_metrics(
    answer: Callable[[Exchange], None], status: int, least: int
) -> None:
    store = Store.in_memory()
    with running(answer) as server:
        client, told = posted(server, store)
    assert told.status_code == status
    assert "somebody-else" not in told.text
    with store.audit_rows() as rows:
        (facts,) = [row["facts"] for row in rows]
    assert facts["foreign"] >= least
    counted = f'cds_targets_foreign_entries_total{{service="targeted-therapies"}} {float(facts["foreign"])}'
    assert counted in client.get("/metrics").text.splitlines()


def test_a_fetch_is_counted_by_key_and_outcome() -> None:
    def partly(exchange: Exchange) -> None:
        if key_of(exchange) == "conditions":
            exchange.json({"resourceType": "OperationOutcome"}, 403)
        else:
            chart(exchange)

    metrics = Metrics()
    with running(partly) as server:
        asking = fetcher(server)
        asking.listener = metrics
        asking.complete(call(server))
        told = metrics.text().decode().splitlines()
        where = f'server="{server.base}"'
    assert f'cds_targets_fetches_total{{key="conditions",outcome="forbidden",{where}}} 1.0' in told
    assert f'cds_targets_fetches_total{{key="observations",outcome="complete",{where}}} 1.0' in told
    assert f"cds_targets_fhir_server_paused{{{where}}} 0.0" in told
