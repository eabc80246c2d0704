"""T18: a server that is slow, dead or never ends costs its own calls their budget, and nobody else anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from cds_targets.cli.server import THREADS
from cds_targets.ehr.breaker import FAILURES
from cds_targets.ehr.fetcher import Fetcher
from cds_targets.ehr.guarded import FetchError, Guarded, Server, Why
from cds_targets.ehr.lane import CALLS
from cds_targets.fhir.record import PREFETCH
from tests.ehr.asking import call, chart, fetcher
from tests.ehr.faulty import Exchange, running


def drip_headers(exchange: Exchange) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 4_000:
        exchange.handler.wfile.write(bytes([byte]))
        exchange.handler.wfile.flush()
        time.sleep(0.01)


ENDLESS: dict[str, Callable[[Exchange], None]] = {
    "body": lambda exchange: exchange.drip(b" " * 4_000, 0.01),
    "headers": drip_headers,
}


@pytest.mark.parametrize("part", ENDLESS)
def test_t18_a_drip_ends_with_the_budget_and_holds_no_thread(part: str) -> None:
    with running(ENDLESS[part]) as server:
        deadline = time.monotonic() + 0.4
        with (
            Guarded.open(Server(server.base, internal=True), deadline) as guarded,
            pytest.raises(FetchError) as caught,
        ):
            guarded.get(f"{server.base}/Patient/x", {}, 10_000)
        assert caught.value.why is Why.TIMEOUT


def test_t18_a_name_that_is_not_resolved_in_time_is_given_up() -> None:
    release = threading.Event()

    def never(host: str, port: int) -> list[str]:
        release.wait(30)
        return ["127.0.0.1"]

    with running(chart) as server:
        found = Fetcher([Server(server.base, internal=True)], 0.3, never).complete(call(server))
        release.set()
    assert {value["issue"][0]["code"] for value in found.values()} == {"timeout"}


def test_t18_a_slow_server_leaves_the_others_alone() -> None:
    release = threading.Event()

    def stuck(exchange: Exchange) -> None:
        release.wait(30)
        exchange.reset()

    with running(stuck) as slow, running(chart) as quick, ThreadPoolExecutor(4 * CALLS) as callers:
        asking = Fetcher([Server(slow.base, internal=True), Server(quick.base, internal=True)], budget=20.0)
        waiting = [callers.submit(asking.complete, call(slow)) for _ in range(2 * CALLS)]
        found = asking.complete(call(quick))
        assert not all(future.done() for future in waiting)
        release.set()
        told = [{value["resourceType"] for value in future.result().values()} for future in waiting]
    assert [key for key in PREFETCH if found[key]["resourceType"] == "OperationOutcome"] == []
    assert told == [{"OperationOutcome"}] * (2 * CALLS)


def test_t18_calls_beyond_a_servers_places_are_answered_at_once_and_say_so() -> None:
    release = threading.Event()

    def stuck(exchange: Exchange) -> None:
        release.wait(30)
        exchange.reset()

    with running(stuck) as server, ThreadPoolExecutor(CALLS) as callers:
        asking = fetcher(server, budget=20.0)
        waiting = [callers.submit(asking.complete, call(server)) for _ in range(CALLS)]
        while len(server.requests) < CALLS:
            time.sleep(0.01)
        found = asking.complete(call(server))
        assert not any(future.done() for future in waiting)
        release.set()
    assert {value["issue"][0]["code"] for value in found.values()} == {"throttled"}


def test_one_server_never_takes_all_threads_that_answer() -> None:
    assert 2 * CALLS <= THREADS


HARMLESS: dict[str, Callable[[Exchange], None]] = {
    "empty": lambda exchange: exchange.json({"resourceType": "Bundle", "type": "searchset", "total": 0}),
    "401": lambda exchange: exchange.json({"resourceType": "OperationOutcome"}, 401),
    "403": lambda exchange: exchange.json({"resourceType": "OperationOutcome"}, 403),
    "404": lambda exchange: exchange.json({"resourceType": "OperationOutcome"}, 404),
}


@pytest.mark.parametrize("answer", HARMLESS)
def test_t18_a_server_that_works_is_not_left_alone_for_what_one_caller_may_not_see(answer: str) -> None:
    with running(HARMLESS[answer]) as server:
        asking = fetcher(server)
        for _ in range(FAILURES + 1):
            asking.complete(call(server))
        assert list(asking.states().values()) == ["closed"]


def test_t18_a_patient_id_that_is_none_opens_no_breaker() -> None:
    with running(chart) as server:
        asking = fetcher(server)
        strange = call(server, token=None)
        strange = strange.model_copy(update={"context": strange.context.model_copy(update={"patient_id": "a|b"})})
        for _ in range(FAILURES + 1):
            asking.complete(strange)
        assert server.requests == []
        assert list(asking.states().values()) == ["closed"]


def test_t18_a_server_that_asks_for_patience_is_not_asked_again_at_once() -> None:
    with running(lambda exchange: exchange.send(429, b"", Retry_After="30")) as server:
        found = fetcher(server).complete(call(server))
        assert len(server.requests) == len(PREFETCH)
    assert {value["issue"][0]["code"] for value in found.values()} == {"throttled"}
