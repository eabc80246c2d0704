"""A FHIR server that we did not write: calls that leave everything out are answered as if all had been sent, or say why
not. Its engine cuts off at `_count` without a further page, and answers a parameter it does not know with nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest

from cds_targets.ehr.fetcher import Fetcher
from cds_targets.ehr.guarded import Guarded, Server
from cds_targets.ehr.search import Asking, fetch
from cds_targets.facts.record import Coverage, Topic
from cds_targets.fhir.record import PREFETCH, Template, read_record
from cds_targets.hooks.request import HookRequest, parse_request
from tests.ehr import medplum
from tests.ehr.asking import access, answered, read
from tests.ehr.matrix import SERVICES
from tests.test_examples import DAY, EXAMPLES, IRIS, PATIENTS, advisor, answer, example


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    if not medplum.installed():
        assert not os.environ.get("CI"), "the FHIR server was not installed: make fhir-server"
        pytest.skip("the FHIR server could not be installed: make fhir-server")
    with medplum.serving(EXAMPLES.glob("*/patient.json")) as address:
        yield address


@pytest.fixture
def asking(base: str) -> Fetcher:
    return Fetcher([Server(base, internal=True)], budget=20.0)


def call(base: str, patient: str = IRIS, hook: str = "patient-view", sees: str = "all") -> HookRequest:
    allowed = access(access_token=sees, patient=patient)
    body = {**example(patient, hook), "prefetch": {}, "fhirServer": base, "fhirAuthorization": allowed}
    return parse_request(body)


def unknown(cards: list[dict[str, Any]]) -> list[str]:
    return [sentence for card in cards for sentence in read(card).get("unknown", [])]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("patient", PATIENTS)
def test_what_is_fetched_is_answered_like_what_is_sent(base: str, asking: Fetcher, patient: str, service: str) -> None:
    for other in PATIENTS:  # the searches are known to work once each has brought something
        asking.complete(call(base, other))
    told = answered(call(base, patient, SERVICES[service]), asking, service)
    sent = answer(patient, service)["cards"]
    without_gaps = [card for card in told if read(card)["id"] != "not-everything-seen"]
    assert [read(card)["id"] for card in without_gaps] == [read(card)["id"] for card in sent]
    for sentence in set(unknown(told)) - set(unknown(sent)):
        assert "has not been seen to work on this server" in sentence


def test_t19_entries_below_the_total_without_a_further_page_count_as_partly_seen(base: str) -> None:
    with Guarded.open(Server(base, internal=True), time.monotonic() + 20) as guarded:
        by = Asking(guarded, {"Authorization": "Bearer all"})
        cut = fetch(f"Observation?patient=Patient/{IRIS}&category=laboratory&_count=2", by)
    assert len(cut["entry"]) == 2 < cut["total"]
    seen = read_record(IRIS, {"observations": cut}, None, None, DAY, UTC, advisor().library.terms)
    assert seen.of(Topic.LABS).coverage is Coverage.PARTIAL
    assert f"only 2 of {cut['total']} laboratory results were sent" in seen.of(Topic.LABS).gaps


def test_t19_an_unknown_parameter_that_is_answered_with_nothing_is_not_believed(
    base: str, asking: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = "Condition?patient={{context.patientId}}&no-such-parameter=1"
    monkeypatch.setitem(PREFETCH, "conditions", Template(strange, PREFETCH["conditions"].topics))
    told = answered(call(base), asking)
    assert any("diagnoses brought nothing, and such a search has not been seen" in one for one in unknown(told))
    assert not [card for card in told if read(card).get("therapies")]


@pytest.mark.parametrize(
    ("hidden", "named"),
    [
        ("Observation", "genomic results"),
        ("Condition", "diagnoses"),
        ("MedicationAdministration", "medication administrations"),
    ],
)
def test_t19_what_the_policy_of_the_server_hides_is_named(base: str, asking: Fetcher, hidden: str, named: str) -> None:
    told = answered(call(base, sees=f"not-{hidden}"), asking)
    assert f"the EHR did not allow {named} to be read" in unknown(told)
    assert not [card for card in told if read(card).get("therapies") and not read(card).get("unknown")]


def test_t21_a_token_the_server_does_not_know_gets_nothing_and_that_is_said(base: str, asking: Fetcher) -> None:
    found = asking.complete(call(base, sees="wrong"))
    assert {value["issue"][0]["code"] for value in found.values()} == {"forbidden"}
