"""Treatments and draft orders: the drug in every spelling, what was given, when last, and what is still going on."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest

from cds_targets.facts.clinical import Exposure
from cds_targets.fhir.medications import Treatments, read_orders, read_treatments
from cds_targets.fhir.reading import Resources
from tests.fhir.observations import terms

TODAY = date(2026, 11, 23)
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def read(*resources: dict[str, Any]) -> Treatments:
    taken = Resources()
    for number, resource in enumerate(resources):
        taken.add(resource, f"/{number}")
    return read_treatments(taken, terms(), UTC, TODAY)


def one(*resources: dict[str, Any]) -> Exposure:
    (exposure,) = read(*resources).exposures
    return exposure


def statement(text: str, status: str = "active", **more: Any) -> dict[str, Any]:
    named = {"medicationCodeableConcept": {"text": text}} if text else {}
    return {"resourceType": "MedicationStatement", "id": "s", "status": status, **named, **more}


def dose(text: str, day: str, status: str = "completed") -> dict[str, Any]:
    about = {"medicationCodeableConcept": {"text": text}, "effectiveDateTime": day}
    return {"resourceType": "MedicationAdministration", "id": f"a{day}", "status": status, **about}


def request(text: str, status: str = "active", intent: str = "order", **more: Any) -> dict[str, Any]:
    about = {"medicationCodeableConcept": {"text": text}, "status": status, "intent": intent}
    return {"resourceType": "MedicationRequest", "id": "r", **about, **more}


@pytest.mark.parametrize(
    ("text", "drugs"),
    [
        ("Keytruda", ["pembrolizumab"]),
        ("pembrolizumab 25 MG/ML Injectable Solution", ["pembrolizumab"]),
        ("Carboplatin + Pemetrexed + Pembrolizumab", ["carboplatin", "pemetrexed", "pembrolizumab"]),
        ("FOLFOX", ["fluorouracil", "oxaliplatin"]),
        ("mFOLFOX6 + bevacizumab", ["fluorouracil", "oxaliplatin", "bevacizumab"]),
        ("FOLFIRINOX", ["fluorouracil", "irinotecan", "oxaliplatin"]),
        ("CAPOX", ["capecitabine", "oxaliplatin"]),
        ("Nivolumab/Ipilimumab", ["nivolumab", "ipilimumab"]),
        ("nab-paclitaxel + gemcitabine", ["nab-paclitaxel", "gemcitabine"]),
        ("Lumakras 120 mg tablets", ["sotorasib"]),
        ("AMG 510", ["sotorasib"]),
        ("MRTX-849", ["adagrasib"]),
        ("5-FU", ["fluorouracil"]),
        ("T-DXd", ["trastuzumab deruxtecan"]),
        ("cemiplimab-rwlc", ["cemiplimab"]),
        ("omeprazole magnesium", ["omeprazole"]),
        ("Rifampicin 300 mg", ["rifampin"]),
        ("Aspirin", [None]),
        ("RMC 6236", ["daraxonrasib"]),
        ("nab paclitaxel", ["nab-paclitaxel"]),
        ("St. John\u2019s wort", ["st john's wort"]),
        ("Pantoprazol 40 mg", ["pantoprazole"]),
        ("Capecitabin", ["capecitabine"]),
        ("Gem/Abraxane", ["gemcitabine", "nab-paclitaxel"]),
        ("carbo/pem/pembro", ["carboplatin", "pemetrexed", "pembrolizumab"]),
        ("R-CHOP", ["rituximab", "cyclophosphamide", "doxorubicin", "vincristine", "prednisolone"]),
        ("fruquintinib", ["fruquintinib"]),
        ("Lonsurf", ["trifluridine/tipiracil"]),
        ("Tegretol", ["carbamazepine"]),
        ("No current medications", []),
    ],
)
def test_a_drug_is_known_by_name_brand_code_name_or_regimen(text: str, drugs: list[str | None]) -> None:
    assert [exposure.drug for exposure in read(statement(text)).exposures] == drugs


def test_a_drug_is_known_by_its_code_and_through_its_reference() -> None:
    coded = {"coding": [{"system": RXNORM, "code": "1547545"}]}
    contained = [{"resourceType": "Medication", "id": "m", "code": coded}]
    by_code = {**statement(""), "medicationCodeableConcept": coded}
    by_reference = {**statement(""), "medicationReference": {"reference": "#m"}, "contained": contained}
    other = {**statement(""), "medicationReference": {"reference": "Medication/m1"}}
    medication = {"resourceType": "Medication", "id": "m1", "code": coded}
    assert one(by_code).drug == one(by_reference).drug == one(other, medication).drug == "pembrolizumab"


def coded(system: str, code: str, **more: str) -> dict[str, Any]:
    concept = {"coding": [{"system": system, "code": code}], **more}
    return {**statement(""), "medicationCodeableConcept": concept}


ATC = "http://fhir.de/CodeSystem/bfarm/atc"


@pytest.mark.parametrize(
    ("resource", "drugs"),
    [
        (coded(RXNORM, "349472"), ["gefitinib"]),
        (coded(RXNORM, "603208"), ["erlotinib"]),
        (coded("RxNorm", "1547545"), ["pembrolizumab"]),
        (coded(ATC, "L01FF05"), ["atezolizumab"]),
        (coded("http://www.whocc.no/atc", "L01XX73"), ["sotorasib"]),
        (coded(ATC, "A02AD01"), ["antacid"]),
        (coded(RXNORM, "4492", text="FOLFOX"), ["fluorouracil", "oxaliplatin"]),
        (coded(RXNORM, "1547545", text="pembrolizumab, after sotorasib"), ["pembrolizumab", "sotorasib"]),
        (coded(RXNORM, "1547545", text="pembrolizumab 200 mg"), ["pembrolizumab"]),
    ],
)
def test_a_drug_is_known_by_clinical_drug_and_classification_code(resource: dict[str, Any], drugs: list[str]) -> None:
    assert [exposure.drug for exposure in read(resource).exposures] == drugs


def test_code_and_text_that_name_different_drugs_count_both_and_are_doubted() -> None:
    told = read(coded(RXNORM, "1547545", text="Nivolumab 240 mg"))
    assert [exposure.drug for exposure in told.exposures] == ["pembrolizumab", "nivolumab"]
    assert told.vague == ["Nivolumab 240 mg"]


def test_an_antineoplastic_code_counts_whatever_the_drug_and_its_group_hides_the_drug() -> None:
    unknown, group = coded(ATC, "L01ZZ99", text="Neumab"), coded(ATC, "L01EE", text="MEK-Inhibitor")
    assert [(e.drug, e.antineoplastic) for e in read(unknown, group).exposures] == [(None, True), (None, True)]
    assert read(unknown, group).vague == ["MEK-Inhibitor"]


def test_what_is_joined_to_a_drug_without_a_name_makes_the_history_incomplete() -> None:
    told = read(statement("pembrolizumab + chemotherapy"), statement("carboplatin/pemetrexed chemotherapy"))
    assert told.vague == ["pembrolizumab + chemotherapy"]


@pytest.mark.parametrize("text", ["Chemotherapy", "immunotherapy", "study drug"])
def test_a_word_that_hides_the_drug_makes_the_history_incomplete(text: str) -> None:
    assert read(statement(text)).vague == [text]


def test_a_medication_without_any_name_is_counted_as_unread() -> None:
    assert read(statement("")).unread == 1


def test_the_last_dose_is_the_latest_administration_that_happened() -> None:
    told = read(
        dose("pembrolizumab", "2026-09-01"),
        dose("pembrolizumab", "2026-10-01"),
        dose("pembrolizumab", "2026-11-01", "not-done"),
        dose("pembrolizumab", "2026-11-02", "entered-in-error"),
        statement("pembrolizumab", "completed", effectivePeriod={"start": "2026-06-01", "end": "2026-11-15"}),
    )
    (given,) = [exposure for exposure in told.exposures if exposure.given]
    assert (str(given.first), str(given.last), given.ongoing) == ("2026-06-01", "2026-10-01", False)


def told(adherence: str) -> dict[str, Any]:
    return {"code": {"coding": [{"code": adherence}]}}


@pytest.mark.parametrize(
    ("resource", "given", "ongoing", "last"),
    [
        (statement("pembrolizumab", effectivePeriod={"start": "2026-06"}), True, True, "None"),
        (
            statement("pembrolizumab", "completed", effectivePeriod={"start": "2026", "end": "2026-09"}),
            True,
            False,
            "2026-09",
        ),
        (statement("pembrolizumab", "not-taken"), False, False, "None"),
        (statement("pembrolizumab", "on-hold"), True, True, "None"),
        (request("pembrolizumab", authoredOn="2026-06-01"), True, True, "None"),
        (request("pembrolizumab", "draft"), False, False, "None"),
        (request("pembrolizumab", intent="plan"), False, False, "None"),
        (request("pembrolizumab", "cancelled"), False, False, "None"),
        (request("pembrolizumab", authoredOn="2027-01-01"), False, False, "None"),
        (request("pembrolizumab", "stopped", authoredOn="2026-01-01"), True, False, "2026-01-01 to 2026-11-23"),
        (dose("pembrolizumab", "2026-10"), True, None, "2026-10"),
        (request("pembrolizumab", doNotPerform=True), False, False, "None"),
        (request("pembrolizumab", intent="option"), False, False, "None"),
        (statement("pembrolizumab", taken="n"), False, False, "None"),
        (statement("pembrolizumab", "recorded", adherence=told("not-taking")), False, False, "None"),
        (statement("pembrolizumab", "recorded", adherence=told("stopped")), True, False, "None"),
        (statement("pembrolizumab", "completed", dateAsserted="2026-11-20"), True, False, "None"),
        (statement("pembrolizumab", effectivePeriod={"start": "2027-01-01"}), False, False, "None"),
        (statement("sotorasib or placebo"), None, None, "None"),
    ],
)
def test_what_was_given_and_goes_on_follows_status_and_dates(
    resource: dict[str, Any], given: bool | None, ongoing: bool | None, last: str
) -> None:
    exposure = one(resource)
    assert (exposure.given, exposure.ongoing, str(exposure.last)) == (given, ongoing, last)


def test_request_statement_and_administration_of_a_drug_are_one_treatment() -> None:
    exposure = one(
        request("Keytruda", authoredOn="2026-06-01"), statement("pembrolizumab"), dose("pembrolizumab", "2026-10-01")
    )
    assert (len(exposure.sources), exposure.ongoing, str(exposure.last)) == (3, True, "2026-10-01")


def course(start: str, end: str = "", status: str = "completed") -> dict[str, Any]:
    return statement("sotorasib", status, effectivePeriod={"start": start, **({"end": end} if end else {})})


@pytest.mark.parametrize(
    ("resources", "ongoing", "last"),
    [
        # taken up again after a stop
        ((course("2026-01-01", "2026-03-01", "stopped"), course("2026-08-01", status="active")), True, "2026-03-01"),
        # an order left active, a statement that it was stopped
        (
            (request("sotorasib", authoredOn="2026-01-01"), course("2026-01-01", "2026-03-01", "stopped")),
            None,
            "2026-03-01 to 2026-11-23",
        ),
        # an order that was filled says nothing of the end
        (
            (request("sotorasib", "completed", authoredOn="2026-01-01"), course("2026-01-01", status="active")),
            True,
            "None",
        ),
        # a course after the last dose that was documented
        ((dose("sotorasib", "2026-02-01"), course("2026-06-01", "2026-10-01")), False, "2026-10-01"),
    ],
)
def test_stops_and_restarts_are_told_apart(
    resources: tuple[dict[str, Any], ...], ongoing: bool | None, last: str
) -> None:
    exposure = one(*resources)
    assert (exposure.ongoing, str(exposure.last)) == (ongoing, last)


@pytest.mark.parametrize(
    ("pause_ends", "courses"), [("2026-05-30", 0), ("2026-05-31", 2)]
)  # 90 and 91 days after 2026-03-01
def test_a_long_pause_parts_two_courses(pause_ends: str, courses: int) -> None:
    exposure = one(course("2026-01-01", "2026-03-01"), course(pause_ends, "2026-09-01"))
    assert len(exposure.courses) == courses


@pytest.mark.parametrize("text", ["fluorouracil 5 % topical cream", "erythromycin ophthalmic ointment"])
def test_what_acts_only_where_it_is_put_is_no_treatment_with_the_drug(text: str) -> None:
    assert [(e.drug, e.antineoplastic) for e in read(statement(text)).exposures] == [(None, False)]


def test_a_hold_ends_when_the_drug_is_given_again() -> None:
    held = request("sotorasib", "on-hold", authoredOn="2026-06-01")
    assert one(held).on_hold
    assert not one(held, request("sotorasib", authoredOn="2026-08-01")).on_hold


def test_the_intent_is_read_where_it_is_stated() -> None:
    assert one(statement("oxaliplatin", note=[{"text": "adjuvant"}])).intent == "adjuvant"


def orders(*drafts: dict[str, Any], selections: list[str] | None = None) -> tuple[list[Any], int]:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": draft} for draft in drafts]}
    found = read_orders(bundle, selections, "p", terms(), UTC)
    return found.orders, found.unread


def draft(name: str, drug: str, **more: Any) -> dict[str, Any]:
    return {**request(drug, "draft"), "id": name, **more}


def test_only_selected_drafts_are_selected() -> None:
    found, _ = orders(draft("a", "sotorasib"), draft("b", "panitumumab"), selections=["MedicationRequest/a"])
    assert [(order.drug, order.selected) for order in found] == [("sotorasib", True), ("panitumumab", False)]


def test_a_selection_without_its_draft_selects_all() -> None:
    found, _ = orders(draft("a", "sotorasib"), selections=["MedicationRequest/zzz"])
    assert [order.selected for order in found] == [True]


@pytest.mark.parametrize("status", ["cancelled", "stopped", "revoked", "entered-in-error"])
def test_a_draft_that_was_taken_back_is_no_order(status: str) -> None:
    assert orders({**draft("a", "sotorasib"), "status": status}) == ([], 0)


@pytest.mark.parametrize(
    ("system", "code", "unread"),
    [
        ("http://www.nlm.nih.gov/research/umls/rxnorm", "no-code-of-ours", 1),
        ("urn:oid:1.2.840.114350", "31842", 1),
        ("http://www.whocc.no/atc", "C09XX99", 0),
    ],
)
def test_a_code_without_words_names_a_drug_only_if_it_is_known_or_tells_the_kind(
    system: str, code: str, unread: int
) -> None:
    concept = {"coding": [{"system": system, "code": code}]}
    taken = {**statement(""), "medicationCodeableConcept": concept}
    assert read(taken).unread == unread
    found, missed = orders({**draft("a", ""), "medicationCodeableConcept": concept})
    assert ([order.drug for order in found], missed) == ([None], unread)


def test_a_draft_not_to_give_a_drug_is_no_order() -> None:
    assert orders(draft("a", "sotorasib", doNotPerform=True)) == ([], 0)


def test_what_cannot_be_read_among_the_drafts_is_counted() -> None:
    broken: Any = {"resourceType": 7}
    somebody = draft("c", "sotorasib", subject={"reference": "https://ehr.example.org/fhir/Patient/other"})
    found, unread = orders(draft("a", "sotorasib"), broken, draft("b", ""), somebody)
    assert ([order.drug for order in found], unread) == (["sotorasib", None], 3)


def test_a_test_among_the_drafts_is_known_by_its_panel() -> None:
    panel = {"coding": [{"system": "http://loinc.org", "code": "24325-3"}]}
    found, _ = orders(
        {"resourceType": "ServiceRequest", "id": "s", "status": "draft", "intent": "order", "code": panel}
    )
    assert found[0].tests


def test_a_metabolic_panel_among_the_drafts_covers_the_liver_tests_and_not_magnesium() -> None:
    panel = {"coding": [{"system": "http://loinc.org", "code": "24323-8"}]}
    found, _ = orders(
        {"resourceType": "ServiceRequest", "id": "s", "status": "draft", "intent": "order", "code": panel}
    )
    panels = terms().labs.panels
    assert panels["liver-panel"].placed_by(found[0].tests)
    assert not panels["electrolytes"].placed_by(found[0].tests)
    assert not panels["potassium-magnesium"].placed_by(found[0].tests)


@pytest.mark.parametrize("text", ["ABC-12345", "XYZ1234 capsules", "PF 01234567", "study drug ABC-123 (blinded)"])
def test_a_drug_known_by_a_laboratory_code_only_may_have_been_a_treatment(text: str) -> None:
    assert read(statement(text)).vague == [text]


@pytest.mark.parametrize("text", ["vitamin B12", "AMG 510", "NDC 0123-4567", "CoQ10", "metformin 1000 mg", "RMC-6236"])
def test_other_letters_and_digits_are_no_laboratory_code_of_an_unknown_drug(text: str) -> None:
    assert read(statement(text)).vague == []
