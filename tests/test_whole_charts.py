"""What must not matter does not, and what is taken away is missed: the example charts, rearranged and damaged."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_targets.errors import MissingData
from cds_targets.hooks.request import parse_request
from cds_targets.hooks.response import to_json
from tests.test_examples import DAY, PATIENTS, advisor, example

Chart = dict[str, Any]
SERVICES = {
    "targeted-therapies": "patient-view",
    "treatment-monitoring": "patient-view",
    "matching-trials": "patient-view",
    "therapy-safety-select": "order-select",
    "therapy-safety-sign": "order-sign",
}
CALLS = [(patient, service) for patient in PATIENTS for service in SERVICES]


def cards(service: str, body: Any, day: date = DAY) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(to_json(advisor().advise(service, parse_request(body), day)))["cards"]
    return told


def read(card: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = card["extension"]["org.cds-targets.card"]
    return found


def gist(shown: list[dict[str, Any]]) -> list[Any]:
    """What a program acts on."""
    kept = ("id", "kind", "therapies", "about", "trials", "trials_unknown", "unknown")
    return [{"indicator": card["indicator"], **{key: read(card).get(key) for key in kept}} for card in shown]


@cache
def plain(patient: str, service: str) -> str:
    return json.dumps(cards(service, example(patient, SERVICES[service])))


def bundles(body: Any) -> Iterator[tuple[str, Chart]]:
    return ((key, value) for key, value in body["prefetch"].items() if value.get("resourceType") == "Bundle")


def entry(resource: Chart) -> Chart:
    return {
        "fullUrl": f"https://ehr.example.org/fhir/{resource['resourceType']}/{resource['id']}",
        "resource": resource,
    }


def add(body: Any, key: str, *resources: Chart) -> None:
    subject = {"reference": f"Patient/{body['context']['patientId']}"}
    body["prefetch"][key].setdefault("entry", []).extend(entry({"subject": subject, **one}) for one in resources)
    body["prefetch"][key].pop("total", None)


def shuffled(body: Any, chance: random.Random) -> None:
    for _, bundle in bundles(body):
        chance.shuffle(bundle.get("entry", []))


def doubled(body: Any, chance: random.Random) -> None:
    for key, bundle in bundles(body):
        again = [copy.deepcopy(e["resource"]) for e in bundle.get("entry", []) if chance.random() < 0.5]
        add(body, key, *[{**resource, "id": f"{resource['id']}-again"} for resource in again])


def split(body: Any, chance: random.Random) -> None:
    for key, bundle in bundles(body):
        entries = bundle.get("entry", [])
        cut = chance.randint(0, len(entries))
        parts = [
            {"resourceType": "Bundle", "type": "searchset", "entry": part} for part in (entries[:cut], entries[cut:])
        ]
        body["prefetch"][key] = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": p} for p in parts],
        }


def crowded(body: Any, chance: random.Random) -> None:
    """Much that decides nothing: blood pressures, uncertain variants of other genes, old illness, other drugs."""
    number = chance.randint(1, 60)
    pressure = {"resourceType": "Observation", "status": "final", "code": {"text": "Blood pressure"}}
    pressure["valueQuantity"] = {"value": 128, "unit": "mmHg"}
    add(body, "observations", *[{**pressure, "id": f"bp-{n}"} for n in range(number)])
    code = {"coding": [{"system": "http://loinc.org", "code": "69548-6"}]}
    parts = {"48018-6": "CDH1", "48005-3": "p.Ala592Thr", "53037-8": "Uncertain significance"}
    variant = {"resourceType": "Observation", "id": "vus", "status": "final", "code": code, "component": [
        {"code": {"coding": [{"system": "http://loinc.org", "code": part}]}, "valueCodeableConcept": {"text": text}}
        for part, text in parts.items()
    ]}  # fmt: skip
    add(body, "variants", {**variant, "valueCodeableConcept": {"text": "Present"}})
    over = {"clinicalStatus": {"coding": [{"code": "resolved"}]}, "code": {"text": "Acute appendicitis"}}
    add(body, "conditions", {"resourceType": "Condition", "id": "old", **over})
    drug = {"status": "active", "medicationCodeableConcept": {"text": "paracetamol 500 mg tablet"}}
    add(body, "medicationStatements", {"resourceType": "MedicationStatement", "id": "other", **drug})


CHANGES: dict[str, Callable[[Any, random.Random], None]] = {
    change.__name__: change for change in (crowded, doubled, split, shuffled)
}


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(CALLS), st.sets(st.sampled_from(sorted(CHANGES)), min_size=1), st.randoms(use_true_random=False))
def test_order_repetition_and_what_decides_nothing_do_not_matter(
    call: tuple[str, str], changes: set[str], chance: random.Random
) -> None:
    patient, service = call
    body = copy.deepcopy(example(patient, SERVICES[service]))
    for name in CHANGES:
        if name in changes:
            CHANGES[name](body, chance)
    assert gist(cards(service, body)) == gist(json.loads(plain(patient, service)))


@pytest.mark.parametrize(("patient", "service"), CALLS)
def test_four_years_earlier_the_same_days_say_the_same(patient: str, service: str) -> None:
    four_years = timedelta(days=4 * 365 + 1)  # the same calendar, leap day included

    def earlier(found: re.Match[str]) -> str:
        return (date.fromisoformat(found[0]) - four_years).isoformat()

    body = json.loads(re.sub(r"\b\d{4}-\d\d-\d\d(?!\d)", earlier, json.dumps(example(patient, SERVICES[service]))))
    assert gist(cards(service, body, DAY - four_years)) == gist(json.loads(plain(patient, service)))


@pytest.mark.parametrize("patient", PATIENTS)
def test_choosing_and_signing_the_same_order_say_the_same(patient: str) -> None:
    body = copy.deepcopy(example(patient, "order-sign"))
    chosen = [f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in body["context"]["draftOrders"]["entry"]]
    select = {**body, "hook": "order-select", "context": {**body["context"], "selections": chosen}}
    signed, selected = (
        {read(card)["id"] for card in cards(service, call)}
        for service, call in (("therapy-safety-sign", body), ("therapy-safety-select", select))
    )
    assert signed == selected


KEYS = sorted(example(PATIENTS[0], "patient-view")["prefetch"])
TOGETHER = [("observations", "variants"), ("medicationRequests", "medicationStatements", "medicationAdministrations")]
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}
PRACTITIONER = {"resourceType": "Practitioner", "id": "x"}


def bundle(entries: list[Any], **more: Any) -> Chart:
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **more}


def foreign(found: Chart) -> Chart:
    return {"resource": {**found["resource"], "subject": {"reference": "Patient/other"}}}


# What arrives in place of the entries that should have.
FAULTS: dict[str, Callable[[list[Any]], Any]] = {
    "nothing": lambda entries: ...,
    "an error": lambda entries: ERROR,
    "an error page": lambda entries: "<html>502</html>",
    "a list": lambda entries: entries,
    "something else": lambda entries: bundle([{"resource": PRACTITIONER}]),
    "one page": lambda entries: bundle(half(entries), link=[{"relation": "next", "url": "https://x.example"}]),
    "less than the total": lambda entries: bundle(half(entries), total=10_000),
    "an entry that is none": lambda entries: bundle([*half(entries), {"resource": "garbled"}]),
    "an error inside": lambda entries: bundle([*half(entries), {"resource": ERROR}]),
    "one of somebody else": lambda entries: bundle([*half(entries), *map(foreign, entries[-1:])]),
}


def half(entries: list[Any]) -> list[Any]:
    return entries[: len(entries) // 2]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(CALLS),
    st.sampled_from([*((key,) for key in KEYS if key != "patient"), *TOGETHER]),
    st.sampled_from(sorted(FAULTS)),
)
def test_t19_what_was_not_seen_proposes_nothing_and_makes_no_warning_vanish_unsaid(
    call: tuple[str, str], keys: tuple[str, ...], fault: str
) -> None:
    patient, service = call
    body = copy.deepcopy(example(patient, SERVICES[service]))
    for key in keys:
        sent = FAULTS[fault](body["prefetch"].pop(key).get("entry", []))
        if sent is not ...:
            body["prefetch"][key] = sent
    before = json.loads(plain(patient, service))
    try:
        after = cards(service, body)
    except MissingData:
        return
    proposed = [regimen for card in before for regimen in read(card).get("therapies", [])]
    assert all(regimen in proposed for card in after for regimen in read(card).get("therapies", []))
    assert after or not before
    there = {read(card)["id"] for card in after}
    unsaid = [read(card)["id"] for card in before if card["indicator"] != "info" and read(card)["id"] not in there]
    assert not unsaid or any(read(card).get("unknown") for card in after), unsaid
    assert all(len(card["summary"]) < 140 and not hollow(card) for card in after)


def hollow(value: Any) -> bool:
    """Whether anything in an answer is null or empty."""
    if isinstance(value, dict):
        return not value or any(map(hollow, value.values()))
    return value in (None, "", []) or (isinstance(value, list) and any(map(hollow, value)))
