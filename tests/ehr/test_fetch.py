"""What a call left out is fetched from the registered server, or named as missing; nothing wrong becomes "none"."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.advice import Advisor
from cds_targets.ehr.breaker import FAILURES, OPEN_SECONDS, Breaker
from cds_targets.ehr.fetcher import Fetcher
from cds_targets.ehr.guarded import FetchError, Guarded, Server, Why
from cds_targets.ehr.search import _inside, query_of
from cds_targets.fhir.record import PREFETCH
from cds_targets.hooks.request import parse_request
from cds_targets.hooks.response import to_json
from cds_targets.settings import Settings
from tests.ehr.asking import TOKEN, answered, call, chart, fetcher, key_of, read
from tests.ehr.faulty import Exchange, running
from tests.test_examples import DAY, IRIS, example


def test_a_call_without_prefetch_is_answered_like_one_with_it() -> None:
    with running(chart) as server:
        told = answered(call(server), fetcher(server))
    assert [read(card)["id"] for card in told] == ["kras-g12c-nsclc-second-line"]
    assert len(server.requests) == len(PREFETCH)


def test_only_the_missing_keys_are_asked_for_with_the_token() -> None:
    with running(chart) as server:
        fetcher(server).complete(call(server, *(key for key in PREFETCH if key != "conditions")))
    (asked,) = server.requests
    assert asked.kind == "Condition"
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"


def test_the_token_is_the_calls_own_even_with_a_netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with running(chart) as server:
        fetcher(server).complete(call(server))
    assert {asked.headers["Authorization"] for asked in server.requests} == {f"Bearer {TOKEN}"}


def test_t9_a_server_that_is_not_registered_is_never_asked() -> None:
    with running(chart) as server, running(chart) as other:
        request = call(server)
        assert Fetcher([Server(other.base, internal=True)]).complete(request) == request.prefetch
        assert server.requests == other.requests == []


@given(
    st.sampled_from(
        ["@evil.example", "\\@evil.example", "%2eevil.example", ".evil.example", ":81", "/../x", "#x", "?x", " "]
    ),
    st.integers(0, 30),
)
def test_t9_an_address_that_only_looks_registered_is_never_asked(addition: str, place: int) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    base = "https://ehr.example.org/fhir"
    body = copy.deepcopy(example(IRIS, "patient-view"))
    body["prefetch"] = {}
    body["fhirServer"] = base[: 8 + place] + addition + base[8 + place :]
    try:
        request = parse_request(body)
    except Exception:
        return
    Fetcher([Server(base, internal=True)], resolve=resolve).complete(request)
    assert asked == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::1", "0.0.0.0", "192.168.1.1"],  # noqa: S104
)
def test_t10_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    with pytest.raises(FetchError) as caught:
        Guarded.open(Server("https://ehr.example.org/fhir"), 0, lambda host, port: ["93.184.215.14", address])
    assert caught.value.why is Why.ADDRESS


def test_t10_a_redirect_is_an_error_and_is_not_followed() -> None:
    with running(chart) as other:

        def elsewhere(exchange: Exchange) -> None:
            exchange.send(302, b"", Location=other.base + "/Patient/x")

        with running(elsewhere) as server:
            found = fetcher(server).complete(call(server))
        assert other.requests == []
    assert {value["resourceType"] for value in found.values()} == {"OperationOutcome"}


BASE = "https://ehr.example.org/fhir"


@pytest.mark.parametrize(
    ("link", "inside"),
    [
        ("https://ehr.example.org/fhir?page=2", True),
        ("https://ehr.example.org/fhir/Observation?page=2", True),
        ("Observation?page=2", True),
        ("/fhir/Observation?page=2", True),
        ("https://ehr.example.org/other?page=2", False),
        ("https://ehr.example.org/fhirs?page=2", False),
        ("https://ehr.example.org:444/fhir?page=2", False),
        ("http://ehr.example.org/fhir?page=2", False),
        ("https://evil.example/fhir?page=2", False),
        ("https://ehr.example.org@evil.example/fhir?page=2", False),
        ("https://x@ehr.example.org/fhir?page=2", False),
        ("https://ehr.example.org/fhir/../secret", False),
        ("//evil.example/fhir", False),
        ("file:///etc/passwd", False),
        ("https://ehr.example.org:port/fhir", False),
        ("https://ehr.example.org\\@evil.example/fhir", False),
    ],
)
def test_t11_a_next_link_stays_on_the_server_and_below_its_base(link: str, inside: bool) -> None:
    assert (_inside(BASE, link) is not None) is inside


def paged(links: Callable[[Exchange], str], size: int = 3) -> Callable[[Exchange], None]:
    """Observations three at a time; `links` says where the next page is."""

    def answer(exchange: Exchange) -> None:
        whole = example(IRIS, "patient-view")["prefetch"][key_of(exchange)]
        if exchange.kind != "Observation":
            return exchange.json(whole)
        at = int(exchange.query.get("at", ["0"])[-1])
        page = {**whole, "entry": whole["entry"][at : at + size]}
        if at + size < len(whole["entry"]):
            page["link"] = [{"relation": "next", "url": f"{links(exchange)}?{exchange.parts.query}&at={at + size}"}]
        return exchange.json(page)

    return answer


def test_every_page_is_read_to_the_end() -> None:
    with running(paged(lambda exchange: "Observation")) as server:
        told = answered(call(server), fetcher(server))
    assert [read(card)["id"] for card in told] == ["kras-g12c-nsclc-second-line"]


@pytest.mark.parametrize("link", ["http://127.0.0.1:1/fhir/Observation", "/elsewhere/Observation", "file:///x"])
def test_t11_pages_elsewhere_are_not_read_and_are_named_as_missing(link: str) -> None:
    with running(paged(lambda exchange: link, size=1)) as server:
        told = answered(call(server), fetcher(server))
    missing = [sentence for card in told for sentence in read(card).get("unknown", [])]
    assert any("further pages" in sentence for sentence in missing)


def test_a_chain_of_pages_without_end_is_cut() -> None:
    def endless(exchange: Exchange) -> None:
        link = [{"relation": "next", "url": f"{exchange.kind}?page={time.monotonic_ns()}"}]
        exchange.json({"resourceType": "Bundle", "type": "searchset", "entry": [], "link": link})

    with running(endless) as server:
        fetcher(server).complete(call(server, *(key for key in PREFETCH if key != "conditions")))
    assert 1 < len(server.requests) < 50


def test_t18_a_server_that_drips_is_given_up_when_the_budget_is_spent() -> None:
    ended: list[float] = []

    def endless(exchange: Exchange) -> None:
        exchange.drip(b" " * 2_000, 0.01)  # 20 seconds, were it read to the end
        ended.append(time.monotonic())

    with running(endless) as server:
        started = time.monotonic()
        found = fetcher(server, budget=0.5).complete(call(server))
        print(f"\n  a dripping server was given up after {time.monotonic() - started:.2f} s (budget 0.5 s)")
        assert ended == []
    assert {value["issue"][0]["code"] for value in found.values()} == {"timeout"}


def test_a_fault_that_passes_is_asked_again_once() -> None:
    seen: list[str] = []

    def hiccup(exchange: Exchange) -> None:
        seen.append(exchange.handler.path)
        if seen.count(exchange.handler.path) == 1:
            exchange.send(503, b"")
        else:
            chart(exchange)

    with running(hiccup) as server:
        told = answered(call(server), fetcher(server))
    assert [read(card)["id"] for card in told] == ["kras-g12c-nsclc-second-line"]


def test_an_empty_answer_is_asked_again_in_the_other_form() -> None:
    def typed_only(exchange: Exchange) -> None:
        patient = exchange.query.get("patient", ["Patient/x"])[0]
        if patient.startswith("Patient/"):
            chart(exchange)
        else:
            exchange.json({"resourceType": "Bundle", "type": "searchset", "total": 0})

    with running(typed_only) as server:
        told = answered(call(server), fetcher(server))
    assert [read(card)["id"] for card in told] == ["kras-g12c-nsclc-second-line"]


def test_an_empty_answer_is_believed_once_the_search_has_been_seen_to_work() -> None:
    empty: set[str] = set()

    def sometimes(exchange: Exchange) -> None:
        if key_of(exchange) in empty:
            exchange.json({"resourceType": "Bundle", "type": "searchset", "total": 0})
        else:
            chart(exchange)

    with running(sometimes) as server:
        asking = fetcher(server)
        empty.add("conditions")
        assert asking.complete(call(server))["conditions"]["resourceType"] == "OperationOutcome"
        empty.clear()
        asking.complete(call(server))
        empty.add("conditions")
        assert asking.complete(call(server))["conditions"]["resourceType"] == "Bundle"


def test_a_patient_id_that_is_none_asks_nobody() -> None:
    for strange in ("../Patient", "a b", "a&category=x", "", "x" * 65, "a|b"):
        with pytest.raises(FetchError):
            query_of(PREFETCH["conditions"].query, strange)


def test_the_query_keeps_its_meaning_when_written() -> None:
    query = query_of(PREFETCH["variants"].query, "p1", typed=True)
    assert query.startswith("Observation?patient=Patient/p1&code=http://loinc.org%7C69548-6,")


def test_a_server_that_keeps_failing_is_left_alone_and_then_tried_once() -> None:
    clock = [0.0]
    breaker = Breaker(now=lambda: clock[0])
    for _ in range(FAILURES):
        assert breaker.allows()
        breaker.failed()
    assert (breaker.allows(), breaker.state) == (False, "open")
    clock[0] += OPEN_SECONDS
    assert breaker.state == "half-open"
    assert (breaker.allows(), breaker.allows()) == (True, False)
    breaker.succeeded()
    assert (breaker.allows(), breaker.state) == (True, "closed")


def test_an_open_breaker_is_said_and_spares_the_server() -> None:
    with running(lambda exchange: exchange.send(500, b"oops")) as server:
        asking = fetcher(server)
        for _ in range(FAILURES):
            asking.complete(call(server))
        before = len(server.requests)
        told = asking.complete(call(server))
        assert len(server.requests) == before
    assert {value["resourceType"] for value in told.values()} == {"OperationOutcome"}
    assert list(asking.states().values()) == ["open"]


def test_without_a_token_only_a_server_of_the_own_house_is_asked() -> None:
    with running(chart) as server:
        request = call(server, token=None)
        assert Fetcher([Server(server.base)]).complete(request) == request.prefetch
        assert fetcher(server).complete(request) != request.prefetch


def test_the_servers_of_the_settings_are_asked() -> None:
    with running(chart) as server:
        loaded = Advisor.load(Settings(internal_fhir_servers=(server.base,)))
        told = json.loads(to_json(loaded.advise("targeted-therapies", call(server), DAY)))["cards"]
    assert [read(card)["id"] for card in told] == ["kras-g12c-nsclc-second-line"]
