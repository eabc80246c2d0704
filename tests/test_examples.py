"""The shipped example patients: complete, consistent, and answered with the right cards."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from cds_targets.advice import Advisor
from cds_targets.fhir.record import PREFETCH
from cds_targets.hooks.request import parse_request
from cds_targets.hooks.response import to_json
from cds_targets.settings import Settings

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
PATIENTS = sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir())
CALLS = ("patient-view", "order-select", "order-sign")
DAY = date(2026, 11, 23)
IRIS, TOMAS, GRETA = "nsclc-kras-g12c", "crc-kras-g12c", "liposarcoma-mdm2"
GOLDEN = Path(__file__).parent / "golden"


@cache
def advisor() -> Advisor:
    return Advisor.load(Settings())


@cache
def example(patient: str, name: str) -> Any:
    return json.loads((EXAMPLES / patient / f"{name}.json").read_text("utf-8"))


def answer(patient: str, service: str, day: date = DAY) -> dict[str, Any]:
    hook = {"therapy-safety-select": "order-select", "therapy-safety-sign": "order-sign"}.get(service, "patient-view")
    told: dict[str, Any] = json.loads(to_json(advisor().advise(service, parse_request(example(patient, hook)), day)))
    return told


def ids(patient: str, service: str, day: date = DAY) -> list[str]:
    return [card["extension"]["org.cds-targets.card"]["id"] for card in answer(patient, service, day)["cards"]]


def resources(bundle: Any) -> list[Any]:
    return [entry["resource"] for entry in bundle.get("entry", [])]


def test_there_are_three_patients_with_a_call_for_each_hook() -> None:
    assert sorted([IRIS, TOMAS, GRETA]) == PATIENTS
    for patient in PATIENTS:
        assert {path.stem for path in (EXAMPLES / patient).glob("*.json")} == {"patient", *CALLS}


@pytest.mark.parametrize("patient", PATIENTS)
def test_every_resource_is_valid_fhir(patient: str) -> None:
    drafts = [r for hook in CALLS[1:] for r in resources(example(patient, hook)["context"]["draftOrders"])]
    for resource in [*resources(example(patient, "patient")), *drafts]:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


@pytest.mark.parametrize("patient", PATIENTS)
@pytest.mark.parametrize("hook", CALLS)
def test_a_call_sends_every_prefetch_key_and_the_whole_patient(patient: str, hook: str) -> None:
    call = example(patient, hook)
    assert call["hook"] == hook
    assert set(call["prefetch"]) == set(PREFETCH)
    assert call["context"]["patientId"] == patient
    whole = {(r["resourceType"], r["id"]): r for r in resources(example(patient, "patient"))}
    sent = {}
    for value in call["prefetch"].values():
        for resource in resources(value) if value["resourceType"] == "Bundle" else [value]:
            sent[resource["resourceType"], resource["id"]] = resource
    assert sent == whole


@pytest.mark.parametrize("patient", PATIENTS)
def test_nothing_of_a_patient_is_left_unread(patient: str) -> None:
    record = advisor().record(parse_request(example(patient, "patient-view")), DAY)
    assert record.genomics.uninterpreted == ()
    assert not [gap for gap in record.gaps() if "orders" not in gap]


@pytest.mark.parametrize(
    ("patient", "service", "expected"),
    [
        (IRIS, "targeted-therapies", ["kras-g12c-nsclc-second-line"]),
        (TOMAS, "targeted-therapies", ["kras-g12c-crc-after-three-drugs"]),
        (GRETA, "targeted-therapies", ["mdm2-amplified-tp53-wild-type"]),
        (IRIS, "treatment-monitoring", []),
        (TOMAS, "treatment-monitoring", []),
        (GRETA, "treatment-monitoring", []),
        (TOMAS, "therapy-safety-select", ["g12c-inhibitor-alone-in-crc"]),
        (GRETA, "therapy-safety-select", ["mdm2-mdm4-amplified-anti-pd-l1"]),
        (GRETA, "therapy-safety-sign", ["mdm2-mdm4-amplified-anti-pd-l1"]),
    ],
)
def test_the_cards_of_an_example_patient(patient: str, service: str, expected: list[str]) -> None:
    assert ids(patient, service) == expected


def test_every_card_of_an_example_has_its_own_uuid() -> None:
    for patient in PATIENTS:
        for service in ("targeted-therapies", "matching-trials", "therapy-safety-select", "therapy-safety-sign"):
            counted = Counter(card["uuid"] for card in answer(patient, service)["cards"])
            assert set(counted.values()) <= {1}


def test_each_example_patient_is_offered_trials() -> None:
    for patient in PATIENTS:
        offered = [
            trial
            for card in answer(patient, "matching-trials")["cards"]
            for trial in card["extension"]["org.cds-targets.card"].get("trials", [])
        ]
        assert len(offered) >= 2, patient


@pytest.mark.parametrize(
    "service",
    [
        "targeted-therapies",
        "treatment-monitoring",
        "matching-trials",
        "therapy-safety-select",
        "therapy-safety-sign",
    ],
)
def test_the_answer_to_the_first_example_is_the_golden_one(service: str, update_golden: bool) -> None:
    told = answer(IRIS, service)
    golden = GOLDEN / f"{service}.json"
    if update_golden:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert told == json.loads(golden.read_text("utf-8"))
