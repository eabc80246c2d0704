"""From a call to cards: what was not seen is named, a fault silences nothing else, and folding loses nothing."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from cds_targets import __version__, advice
from cds_targets.advice import Advisor
from cds_targets.errors import MissingData, RequestError, UnknownService
from cds_targets.hooks.request import parse_request
from cds_targets.hooks.response import to_json
from cds_targets.matching import finding
from cds_targets.settings import Settings
from tests.test_examples import DAY, GRETA, IRIS, TOMAS, advisor, example

EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}
FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}
PAGED = {**EMPTY, "link": [{"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}]}
GENOMICS = ("observations", "variants")
MEDICATIONS = ("medicationRequests", "medicationStatements", "medicationAdministrations")


def call(who: str = IRIS, hook: str = "patient-view", **prefetch: Any) -> dict[str, Any]:
    """An example call; a prefetch key given as `...` is left out, any other value takes its place."""
    body: dict[str, Any] = copy.deepcopy(example(who, hook))
    body["prefetch"].update(prefetch)
    body["prefetch"] = {key: value for key, value in body["prefetch"].items() if value is not ...}
    return body


def cards(body: dict[str, Any], service: str = "targeted-therapies", by: Advisor | None = None) -> list[dict[str, Any]]:
    told = json.loads(to_json((by or advisor()).advise(service, parse_request(body), DAY)))
    found: list[dict[str, Any]] = told["cards"]
    return found


def read(card: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = card["extension"]["org.cds-targets.card"]
    return found


def therapies(shown: list[dict[str, Any]]) -> list[list[str]]:
    return [regimen for card in shown for regimen in read(card).get("therapies", [])]


def unknown(shown: list[dict[str, Any]]) -> list[str]:
    return [sentence for card in shown for sentence in read(card).get("unknown", [])]


@pytest.mark.parametrize(
    ("prefetch", "said"),
    [
        (dict.fromkeys(GENOMICS, ...), "no genomic results were sent"),
        (dict.fromkeys(GENOMICS, FAILED), "the EHR reported an error instead of genomic results"),
        (dict.fromkeys(GENOMICS, "x"), "what was sent as genomic results could not be read"),
        (dict.fromkeys(GENOMICS, PAGED), "there are further pages of genomic results that were not sent"),
        (dict.fromkeys(MEDICATIONS, ...), "no medication history was sent"),
        (dict.fromkeys(MEDICATIONS, FAILED), "the EHR reported an error instead of medication requests"),
        ({"conditions": ...}, "no diagnoses were sent"),
        ({"conditions": FAILED}, "the EHR reported an error instead of diagnoses"),
        ({"conditions": EMPTY}, "no cancer diagnosis was found in what was sent"),
    ],
)
def test_what_was_not_seen_is_said_and_leads_to_no_proposal(prefetch: dict[str, Any], said: str) -> None:
    shown = cards(call(**prefetch))
    assert shown
    assert said in unknown(shown)
    assert therapies(shown) == []


@pytest.mark.parametrize("nothing", [None, EMPTY])
def test_an_empty_search_is_an_answer_no_result_was_found(nothing: Any) -> None:
    (card,) = cards(call(**dict.fromkeys(GENOMICS, nothing)))
    assert read(card)["id"] == "kras-not-tested-nsclc"


def test_without_previous_treatment_no_second_line_is_proposed() -> None:
    shown = cards(call(**dict.fromkeys(MEDICATIONS, EMPTY)))
    assert [read(card)["id"] for card in shown] == ["kras-g12c-nsclc-first-line"]
    assert therapies(shown) == []


def test_with_nothing_to_judge_the_keys_that_are_missing_are_named() -> None:
    body = call()
    body["prefetch"] = {"patient": body["prefetch"]["patient"]}
    with pytest.raises(MissingData) as caught:
        cards(body)
    assert set(caught.value.keys) == {*GENOMICS, "conditions", *MEDICATIONS}


def test_an_order_service_without_orders_asks_for_them() -> None:
    body = call(hook="order-select")
    del body["context"]["draftOrders"]
    with pytest.raises(MissingData) as caught:
        cards(body, "therapy-safety-select")
    assert caught.value.keys == ("context.draftOrders",)


def test_a_chart_of_somebody_else_is_refused() -> None:
    with pytest.raises(RequestError, match="patient"):
        cards(call(patient={"resourceType": "Patient", "id": "somebody-else"}))


def test_results_of_somebody_else_are_left_out_and_that_is_said() -> None:
    body = call()
    for key in GENOMICS:
        for entry in body["prefetch"][key]["entry"]:
            entry["resource"]["subject"] = {"reference": "Patient/somebody-else"}
    shown = cards(body)
    assert therapies(shown) == []
    assert any("other patients were left out" in sentence for sentence in unknown(shown))


def test_an_unknown_service_is_named_as_such() -> None:
    with pytest.raises(UnknownService):
        cards(call(), "no-such-service")


def test_the_fault_of_one_card_silences_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate = finding.evaluate

    def faulty(card: Any, *rest: Any) -> Any:
        if card.id == "kras-g12c-nsclc-second-line":
            raise RuntimeError("a fault")
        return evaluate(card, *rest)

    monkeypatch.setattr(finding, "evaluate", faulty)
    (card,) = cards(call())
    assert read(card)["id"] == "not-everything-seen"
    assert "Not evaluated because of a fault" in card["detail"]


def test_what_does_not_fit_on_the_chart_is_folded_and_keeps_its_therapies() -> None:
    body = call()
    found = copy.deepcopy(body["prefetch"]["variants"]["entry"])
    for number, (gene, change) in enumerate([("BRAF", "p.Val600Glu"), ("NRAS", "p.Gln61Arg"), ("HRAS", "p.Gly13Arg")]):
        entry = copy.deepcopy(next(e for e in found if e["resource"]["id"].endswith("-kras")))
        entry["resource"]["id"] = f"added-{number}"
        entry["fullUrl"] = f"https://ehr.example.org/fhir/Observation/added-{number}"
        entry["resource"]["component"] = [
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": "48018-6"}]},
                "valueCodeableConcept": {"text": gene},
            },
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": "48005-3"}]},
                "valueCodeableConcept": {"text": change},
            },
        ]
        found.append(entry)
    body["prefetch"]["variants"] = {"resourceType": "Bundle", "type": "searchset", "entry": found}
    wide = Advisor(Settings(max_cards=50), advisor().library, advisor().studies)
    narrow = Advisor(Settings(max_cards=1), advisor().library, advisor().studies)
    everything, folded = cards(body, by=wide), cards(body, by=narrow)
    assert len(everything) > 2
    assert len(folded) < len(everything)
    assert {tuple(r) for r in therapies(folded)} == {tuple(r) for r in therapies(everything)}
    assert set(unknown(folded)) >= set(unknown(everything))
    for most in (4, 5):
        assert len(cards(body, by=Advisor(Settings(max_cards=most), advisor().library, advisor().studies))) <= most


@pytest.mark.parametrize(
    ("patient", "service"),
    [
        (IRIS, "targeted-therapies"),
        (TOMAS, "targeted-therapies"),
        (GRETA, "targeted-therapies"),
        (TOMAS, "therapy-safety-select"),
    ],
)
def test_every_card_says_its_version_and_why(patient: str, service: str) -> None:
    hook = "order-select" if service.endswith("select") else "patient-view"
    for card in cards(call(patient, hook), service):
        told = read(card)
        assert f"{told['id']}, version {told['version']}" in card["detail"]
        assert f"cds-targets {__version__}" in card["detail"]
        assert "not clinically reviewed" in card["detail"]
        assert told["because"]
        assert told["evidence"]
        assert all(reason["facts"] for reason in told["because"] if reason["outcome"] == "met" and reason.get("facts"))


def test_the_same_call_gives_the_same_uuids_and_another_call_gives_others() -> None:
    first, again = cards(call()), cards(call())
    other = cards({**call(), "hookInstance": "8f0bb7ac-6e5b-4a3e-8f3e-4d2a9e0c7d55"})
    assert [card["uuid"] for card in first] == [card["uuid"] for card in again]
    assert {card["uuid"] for card in first}.isdisjoint(card["uuid"] for card in other)


def test_a_day_later_the_dates_are_counted_from_that_day() -> None:
    body = call()
    told = json.loads(to_json(advisor().advise("targeted-therapies", parse_request(body), date(2026, 11, 24))))
    assert "29 days ago" in told["cards"][0]["detail"]


def changed(component_of: str, origin: str | None = None, status: str = "final") -> dict[str, Any]:
    """Iris's call with another standing of one of her variants."""
    body = call()
    for key in GENOMICS:
        for entry in body["prefetch"][key]["entry"]:
            resource = entry["resource"]
            if resource["id"].endswith(component_of):
                resource["status"] = status
                for component in resource["component"]:
                    coding = component["code"]["coding"][0]
                    if origin and coding["code"] == "48002-0":
                        component["valueCodeableConcept"] = {"coding": [{"system": "http://loinc.org", "code": origin}]}
    return body


def test_a_germline_variant_leads_to_no_proposal() -> None:
    shown = cards(changed("-kras", origin="LA6683-2"))
    assert therapies(shown) == []


def test_a_preliminary_variant_is_one_notice_and_no_proposal() -> None:
    shown = cards(changed("-kras", status="preliminary"))
    assert therapies(shown) == []
    assert [read(card)["id"] for card in shown] == ["kras-g12c-preliminary"]


def test_a_preliminary_variant_that_no_card_speaks_of_is_said_by_the_gaps() -> None:
    (*_, last) = cards(changed("-stk11", status="preliminary"))
    assert unknown([last]) == ["some results are preliminary and lead to no suggestion"]


def test_a_preliminary_amplification_is_said_too() -> None:
    body = call(GRETA)
    for key in GENOMICS:
        for entry in body["prefetch"][key]["entry"]:
            if entry["resource"]["id"].endswith("-mdm2"):
                entry["resource"]["status"] = "preliminary"
    assert "some results are preliminary and lead to no suggestion" in unknown(cards(body))


def test_a_gap_that_a_card_names_is_not_said_again() -> None:
    shown = cards(call(**dict.fromkeys(MEDICATIONS, ...)))
    assert [sentence for sentence in unknown(shown) if sentence == "no medication history was sent"] == [
        "no medication history was sent"
    ]


def test_a_card_that_cannot_be_judged_claims_no_regulatory_status() -> None:
    (card,) = cards(call(conditions=EMPTY))
    assert read(card)["id"] == "kras-g12c-tumour-type-missing"
    assert "strength" not in read(card)


def test_where_one_of_several_suffices_the_others_are_not_missing() -> None:
    body = call(TOMAS, "order-sign")
    body["prefetch"]["variants"]["entry"] = [
        entry for entry in body["prefetch"]["variants"]["entry"] if "nras" not in entry["resource"]["id"]
    ]
    draft = body["context"]["draftOrders"]["entry"]
    body["context"]["draftOrders"]["entry"] = [entry for entry in draft if "panitumumab" in entry["fullUrl"]]
    shown = cards(body, "therapy-safety-sign")
    assert not [sentence for sentence in unknown(shown) if "NRAS" in sentence]


def test_a_card_that_cannot_be_written_silences_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    write = advice.card_of

    def faulty(found: Any, *rest: Any) -> Any:
        if found.card.id == "kras-g12c-nsclc-second-line":
            raise RuntimeError("a fault")
        return write(found, *rest)

    monkeypatch.setattr(advice, "card_of", faulty)
    (card,) = cards(call())
    assert "Not evaluated because of a fault" in card["detail"]


def ordering(**changes: Any) -> dict[str, Any]:
    """Tomas's selection of sotorasib, the draft or the selections changed."""
    body = call(TOMAS, "order-select")
    (entry,) = body["context"]["draftOrders"]["entry"]
    for name, value in changes.items():
        if name == "selections":
            body["context"]["selections"] = value
        elif value is ...:
            entry["resource"].pop(name)
        else:
            entry["resource"][name] = value
    return body


def test_a_draft_without_a_drug_is_named_and_not_passed_over() -> None:
    (card,) = cards(ordering(medicationCodeableConcept=...), "therapy-safety-select")
    assert unknown([card]) == ["1 draft order names no drug or test that could be read"]


def test_a_selection_that_names_no_draft_judges_every_draft() -> None:
    shown = cards(ordering(selections=["MedicationRequest/something-else"]), "therapy-safety-select")
    assert "g12c-inhibitor-alone-in-crc" in [read(card)["id"] for card in shown]


def test_t20_a_draft_for_somebody_else_is_not_judged_for_this_patient() -> None:
    body = ordering(subject={"reference": "Patient/somebody-else"})
    with pytest.raises(MissingData):
        cards(body, "therapy-safety-select")


def test_a_suspected_tumour_is_named_as_the_reason_for_no_proposal() -> None:
    body = call()
    for entry in body["prefetch"]["conditions"]["entry"]:
        if entry["resource"]["id"].endswith("-lung"):
            entry["resource"]["verificationStatus"]["coding"][0]["code"] = "provisional"
    shown = cards(body)
    assert therapies(shown) == []
    assert "lung adenocarcinoma is suspected, not confirmed" in unknown(shown)


def test_an_order_of_another_drug_misses_only_what_it_could_meet() -> None:
    body = ordering(medicationCodeableConcept={"text": "metformin 500 mg"})
    body["prefetch"] = {"patient": body["prefetch"]["patient"]}
    assert set(unknown(cards(body, "therapy-safety-select"))) == {"no medication history was sent"}


HYPERTENSION = {
    "resourceType": "Condition",
    "id": "c",
    "clinicalStatus": {"coding": [{"code": "active"}]},
    "code": {"text": "Essential hypertension"},
}


@pytest.mark.parametrize("service", ["targeted-therapies", "matching-trials"])
def test_nobody_without_cancer_misses_results_or_treatments(service: str) -> None:
    chart = dict.fromkeys((*GENOMICS, *MEDICATIONS), FAILED)
    hypertensive = {**EMPTY, "total": 1, "entry": [{"resource": HYPERTENSION}]}
    assert cards(call(conditions=hypertensive, **chart), service) == []
    paged = {**hypertensive, "link": PAGED["link"]}
    assert "there are further pages of diagnoses that were not sent" in unknown(
        cards(call(conditions=paged, **chart), service)
    )
    assert unknown(cards(call(conditions=EMPTY, **chart), service))


def test_a_history_that_was_not_sent_counts_no_lines() -> None:
    said = unknown(cards(call(**dict.fromkeys(MEDICATIONS, ...))))
    assert "no medication history was sent" in said
    assert not [sentence for sentence in said if "lines of systemic therapy" in sentence]


@pytest.mark.parametrize("left_out", [("conditions",), GENOMICS, MEDICATIONS])
def test_trials_fit_the_limit_and_say_each_gap_once(left_out: tuple[str, ...]) -> None:
    shown = cards(call(**dict.fromkeys(left_out, ...)), "matching-trials")
    assert 0 < len(shown) <= 5
    gaps = {sentence for card in shown if read(card)["kind"] == "notice" for sentence in read(card)["unknown"]}
    assert not gaps & set(unknown([card for card in shown if read(card)["kind"] == "trial"]))


def test_a_marker_that_opens_a_therapy_for_a_tumour_not_named_precisely_is_not_passed_over() -> None:
    body = call(**dict.fromkeys(MEDICATIONS, EMPTY))
    stain = {"resourceType": "Observation", "id": "her2", "status": "final", "valueCodeableConcept": {"text": "3+"}}
    stain["code"] = {"coding": [{"system": "http://loinc.org", "code": "48676-1"}], "text": "HER2 stain"}
    body["prefetch"].update(dict.fromkeys(GENOMICS, EMPTY))
    body["prefetch"]["observations"] = {**EMPTY, "total": 1, "entry": [{"resource": stain}]}
    code = {"text": "Esophagogastric adenocarcinoma, metastatic"}
    tumour = {"resourceType": "Condition", "id": "c", "clinicalStatus": {"coding": [{"code": "active"}]}, "code": code}
    body["prefetch"]["conditions"] = {**EMPTY, "total": 1, "entry": [{"resource": tumour}]}
    said = unknown(cards(body))
    assert "the tumour type (esophagogastric adenocarcinoma) is not known precisely enough" in said


def test_who_takes_no_cancer_drug_misses_no_laboratory_results() -> None:
    chart = {**dict.fromkeys(MEDICATIONS, EMPTY), "observations": FAILED, "measurements": FAILED}
    assert cards(call(**chart), "treatment-monitoring") == []


def test_an_order_taken_back_or_of_something_else_is_one_of_no_concern() -> None:
    assert cards(ordering(status="cancelled"), "therapy-safety-select") == []
    assert cards(ordering(resourceType="NutritionOrder"), "therapy-safety-select") == []


def test_an_order_of_no_concern_is_left_alone_even_where_the_chart_has_gaps() -> None:
    body = ordering(medicationCodeableConcept={"text": "paracetamol 500 mg"})
    body["prefetch"] = {"patient": body["prefetch"]["patient"]}
    assert cards(body, "therapy-safety-select") == []


def test_a_drug_that_is_not_stocked_stays_an_option_and_that_is_said() -> None:
    without = cards(call())
    stocked = replace(advisor(), not_stocked=frozenset({"sotorasib"}))
    shown = cards(call(), by=stocked)
    assert therapies(shown) == therapies(without)
    assert ["sotorasib"] in therapies(shown)
    assert "**Not stocked here:** sotorasib; ask the pharmacy." in shown[0]["detail"]
    assert all("Not stocked" not in card["detail"] for card in without)
    narrow = replace(stocked, settings=Settings(max_cards=1))
    assert any("Not stocked here:** sotorasib" in card["detail"] for card in cards(call(), by=narrow))


def test_f16_a_card_past_its_review_date_says_so_first_and_keeps_its_level() -> None:
    card = next(card for card in advisor().library.cards if card.id == "kras-g12c-nsclc-second-line")
    (last, after) = (card.review_by, card.review_by + timedelta(days=1))
    request = parse_request(call())
    shown = [
        next(c for c in advisor().advise("targeted-therapies", request, day).cards if c.extension.card.id == card.id)
        for day in (last, after)
    ]
    assert "Review overdue" not in str(shown[0].detail)
    assert str(shown[1].detail).startswith(f"**Review overdue:** this content was to be reviewed by {last}")
    assert shown[0].indicator == shown[1].indicator
