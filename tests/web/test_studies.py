"""`POST /getClinicalTrial`: a patient Bundle in, ResearchStudies out, as mCODE trial-matching front ends read them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from cds_targets.settings import Settings
from cds_targets.store.governance import Decision, Policy, Switch
from cds_targets.trials.registry import Registry
from cds_targets.web.app import create_app
from tests.test_examples import DAY, GRETA, IRIS, PATIENTS, TOMAS, advisor, answer, example
from tests.test_openapi import described
from tests.trials.records import record


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(Settings(), advisor(), today=lambda: DAY).test_client()


def post(client: FlaskClient, body: Any) -> dict[str, Any]:
    told = client.post("/getClinicalTrial", json=body)
    assert told.status_code == 200
    found: dict[str, Any] = told.get_json()
    return found


def without(patient: str, *kinds: str) -> dict[str, Any]:
    entries = [e for e in example(patient, "patient")["entry"] if e["resource"]["resourceType"] not in kinds]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


@pytest.mark.parametrize("patient", PATIENTS)
def test_a_bundle_is_answered_with_the_studies_of_the_cards(client: FlaskClient, patient: str) -> None:
    told = post(client, example(patient, "patient"))
    extensions = [card["extension"]["org.cds-targets.card"] for card in answer(patient, "matching-trials")["cards"]]
    certain = {nct for extension in extensions for nct in extension.get("trials", [])}
    unsure = {nct for extension in extensions for nct in extension.get("trials_unknown", [])}
    scores = {entry["resource"]["id"]: entry["search"]["score"] for entry in told["entry"]}
    assert {nct for nct, score in scores.items() if score >= 0.75} == certain
    assert {nct for nct, score in scores.items() if score == 0.5} == unsure
    assert told["total"] == len(told["entry"])


@pytest.mark.parametrize("patient", PATIENTS)
def test_the_answer_is_valid_fhir_and_as_described(client: FlaskClient, patient: str) -> None:
    told = post(client, example(patient, "patient"))
    get_fhir_model_class("Bundle").model_validate(told)
    Draft202012Validator({**described(), "$ref": "#/components/schemas/StudySearchset"}).validate(told)


def test_a_study_carries_what_the_front_end_shows(client: FlaskClient) -> None:
    study = post(client, example(IRIS, "patient"))["entry"][0]["resource"]
    assert study["identifier"][0]["value"].startswith("NCT")
    assert study["status"] == "active"
    assert study["phase"]["text"].startswith("Phase")
    assert study["contained"][0]["name"] == study["sponsor"]["display"]
    notes = [note["text"] for note in study["note"]]
    assert "Fits: KRAS G12C" in notes
    assert notes[-1] == "A potential match, not a statement of eligibility."


def contained(study: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {f"#{part['id']}": part for part in study["contained"] if part["resourceType"] == kind}


def test_eligibility_and_interventions_are_found_where_front_ends_look(client: FlaskClient) -> None:
    study = post(client, example(IRIS, "patient"))["entry"][0]["resource"]
    assert "Fits: KRAS G12C" in study["enrollment"][0]["display"]
    assert study["enrollment"][0]["reference"] in contained(study, "Group")
    plans = contained(study, "PlanDefinition")
    given = [plans[reference["reference"]] for reference in study["protocol"]]
    assert {plan["subjectCodeableConcept"]["text"] for plan in given} == {arm["name"] for arm in study["arm"]}
    assert {plan["title"] for plan in given} == {d for arm in study["arm"] for d in arm["description"].split(", ")}


def test_sites_of_the_registry_come_nearest_first(tmp_path: Path) -> None:
    nct = "NCT06300177"
    made = record(nct, updated="2026-10-01")
    where = [
        {"city": "Houston", "state": "Texas", "country": "United States", "geoPoint": {"lat": 29.7, "lon": -95.4}},
        {"city": "Boston", "state": "Massachusetts", "country": "United States"},
    ]
    made["protocolSection"]["contactsLocationsModule"]["locations"] = where
    with Registry(tmp_path / "registry.sqlite3") as registry:
        registry.import_studies([("a", made)], advisor().library.terms)
    one = replace(advisor(), settings=Settings(registry=tmp_path / "registry.sqlite3"))
    told = post(create_app(Settings(), one, today=lambda: DAY).test_client(), example(IRIS, "patient"))
    get_fhir_model_class("Bundle").model_validate(told)
    study = next(entry["resource"] for entry in told["entry"] if entry["resource"]["id"] == nct)
    places = contained(study, "Location")
    found = [places[reference["reference"]] for reference in study["site"]]
    assert [place["address"]["city"] for place in found] == ["Boston", "Houston"]
    assert found[1]["position"] == {"latitude": 29.7, "longitude": -95.4}


def test_what_a_front_end_sends_is_understood(client: FlaskClient) -> None:
    patient = "urn:uuid:b3f1"
    parameters = [{"name": "zipCode", "valueString": "02115"}, {"name": "travelRadius", "valueString": "100"}]
    cancer = {"resourceType": "Condition", "id": "c", "code": {"text": "Non-small cell lung cancer"}}
    marker = {
        "resourceType": "Observation",
        "id": "m",
        "status": "final",
        "code": {"text": "KRAS G12C"},
        "valueCodeableConcept": {"text": "Positive"},
    }
    body = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"resource": {"resourceType": "Parameters", "id": "0", "parameter": parameters}},
            {"resource": {"resourceType": "Patient", "id": "b3f1", "birthDate": "1964"}, "fullUrl": patient},
            *({"resource": {**part, "subject": {"reference": patient}}} for part in (cancer, marker)),
        ],
    }
    told = post(client, body)
    assert {entry["resource"]["resourceType"] for entry in told["entry"]} == {"ResearchStudy"}
    assert "NCT06119581" in [entry["resource"]["id"] for entry in told["entry"]]


@pytest.mark.parametrize("wrap", [lambda b: b, lambda b: {"patientData": b}, lambda b: {"patientData": json.dumps(b)}])
def test_the_bundle_comes_by_itself_wrapped_or_as_a_string(client: FlaskClient, wrap: Any) -> None:
    assert post(client, wrap(example(GRETA, "patient")))["total"] > 0


def test_what_a_bundle_holds_none_of_was_not_sent(client: FlaskClient) -> None:
    told = post(client, without(TOMAS, "MedicationAdministration", "MedicationRequest", "MedicationStatement"))
    assert told["entry"]
    for entry in told["entry"]:
        notes = " ".join(note["text"] for note in entry["resource"]["note"])
        assert "lines of systemic therapy recorded" not in notes or "no medication history was sent" in notes


def test_without_genomics_a_study_that_asks_for_a_gene_is_only_possible(client: FlaskClient) -> None:
    for entry in post(client, without(IRIS, "Observation", "DiagnosticReport"))["entry"]:
        if any("KRAS" in note["text"] for note in entry["resource"]["note"]):
            assert entry["search"]["score"] == 0.5


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"patientData": None},
        {"patientData": "nonsense"},
        {"resourceType": "Patient", "id": "x"},
        {"resourceType": "Bundle", "entry": []},
        {"resourceType": "Bundle", "entry": 7},
        [],
        {
            "resourceType": "Bundle",
            "entry": [{"resource": {"resourceType": "Patient", "id": i}} for i in ("one", "another")],
        },
    ],
)
def test_what_is_no_bundle_of_one_patient_is_refused(client: FlaskClient, body: Any) -> None:
    told = client.post("/getClinicalTrial", json=body)
    assert told.status_code == 400
    assert told.get_json()["resourceType"] == "OperationOutcome"


def test_a_browser_may_call_it(client: FlaskClient) -> None:
    headers = {"Origin": "http://front.example.org", "Access-Control-Request-Method": "POST"}
    told = client.options("/getClinicalTrial", headers=headers)
    assert told.headers["Access-Control-Allow-Origin"] in ("*", "http://front.example.org")


def test_what_the_site_switched_off_is_not_matched() -> None:
    first = post(create_app(Settings(), advisor(), today=lambda: DAY).test_client(), example(IRIS, "patient"))
    off = first["entry"][0]["resource"]["id"]
    switch = Switch(Decision.OFF, "A. Name", "2026-11-23", "closed here")
    one = replace(advisor(), policy=lambda: Policy({("card", off.lower()): switch}))
    told = post(create_app(Settings(), one, today=lambda: DAY).test_client(), example(IRIS, "patient"))
    assert off not in [entry["resource"]["id"] for entry in told["entry"]]
    whole = replace(advisor(), policy=lambda: Policy({("service", "matching-trials"): switch}))
    client = create_app(Settings(), whole, today=lambda: DAY).test_client()
    assert client.post("/getClinicalTrial", json=example(IRIS, "patient")).status_code == 503
