"""The record of a call: what each prefetch answer covers, whose resources it holds, and when nothing can be said."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest

from cds_targets.errors import RequestError
from cds_targets.facts.record import Coverage, PatientRecord, Topic
from cds_targets.fhir import codes
from cds_targets.fhir.record import PREFETCH, missing_keys, read_record
from tests.fhir.observations import terms

TODAY = date(2026, 11, 23)
EMPTY: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": 0}
LUNG = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}, "code": {"text": "Lung cancer"}}


def bundle(*resources: Any, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in resources], **more}


def record(max_entries: int = 100, drafts: Any = None, **prefetch: Any) -> PatientRecord:
    """A record of patient p; every key not given was sent and is empty, `...` leaves it out."""
    whole = dict.fromkeys(PREFETCH, EMPTY) | {"patient": {"resourceType": "Patient", "id": "p"}} | prefetch
    sent = {key: value for key, value in whole.items() if value is not ...}
    return read_record("p", sent, drafts, None, TODAY, UTC, terms(), max_entries)


def diagnoses(value: Any) -> tuple[Coverage, tuple[str, ...]]:
    seen = record(conditions=value).of(Topic.DIAGNOSES)
    return seen.coverage, seen.gaps


@pytest.mark.parametrize(
    ("value", "coverage", "gap"),
    [
        (bundle(LUNG), Coverage.COMPLETE, None),
        (EMPTY, Coverage.COMPLETE, None),
        (None, Coverage.COMPLETE, None),
        (..., Coverage.MISSING, "no diagnoses were sent"),
        ("nonsense", Coverage.MISSING, "what was sent as diagnoses could not be read"),
        ([], Coverage.MISSING, "what was sent as diagnoses could not be read"),
        ({"resourceType": "OperationOutcome"}, Coverage.MISSING, "the EHR reported an error instead of diagnoses"),
        (
            {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]},
            Coverage.MISSING,
            "the EHR did not allow diagnoses to be read",
        ),
        (
            bundle(LUNG, link=[{"relation": "next", "url": "https://x.example/2"}]),
            Coverage.PARTIAL,
            "there are further pages of diagnoses that were not sent",
        ),
        (bundle(LUNG, total=7), Coverage.PARTIAL, "only 1 of 7 diagnoses were sent"),
        (bundle(LUNG, 7), Coverage.PARTIAL, "1 entries of diagnoses could not be read"),
        (
            bundle(LUNG, {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}),
            Coverage.PARTIAL,
            "the EHR reported an error for some diagnoses",
        ),
        (
            bundle({"resourceType": "Practitioner", "id": "x"}),
            Coverage.MISSING,
            "no diagnoses were sent",
        ),
        ({"resourceType": "Practitioner"}, Coverage.MISSING, "no diagnoses were sent"),
        (bundle(LUNG, {"resourceType": "Practitioner", "id": "x"}), Coverage.COMPLETE, None),
        (bundle({"resourceType": "OperationOutcome", "issue": [{"severity": "information"}]}), Coverage.COMPLETE, None),
        (bundle(LUNG, {"resourceType": "Condition", "id": "x"}), Coverage.PARTIAL, "1 diagnoses could not be read"),
        (
            bundle(LUNG, link=[{"relation": "self", "url": "Condition?patient={{context.patientId}}"}]),
            Coverage.MISSING,
            "the search for diagnoses was sent with an unfilled template",
        ),
    ],
)
def test_what_a_prefetch_answer_covers(value: Any, coverage: Coverage, gap: str | None) -> None:
    found, gaps = diagnoses(value)
    assert found is coverage
    assert gap is None or gap in gaps, gaps


def test_one_of_three_kinds_of_medication_that_is_missing_leaves_the_history_partial() -> None:
    seen = record(medicationRequests=...).of(Topic.THERAPIES)
    assert (seen.coverage, seen.gaps) == (Coverage.PARTIAL, ("no medication requests were sent",))


def test_a_whole_chart_under_every_key_covers_what_it_holds_and_one_kind_of_medication_speaks_for_all() -> None:
    taken = {"resourceType": "MedicationStatement", "id": "m", "medicationCodeableConcept": {"text": "sotorasib"}}
    seen = record(**dict.fromkeys(PREFETCH, bundle({"resourceType": "Patient", "id": "p"}, LUNG, taken))).seen
    assert {topic for topic in seen if seen[topic].coverage is Coverage.COMPLETE} == {
        Topic.PATIENT,
        Topic.DIAGNOSES,
        Topic.THERAPIES,
    }


def test_none_of_them_is_no_history_at_all() -> None:
    left: dict[str, Any] = dict.fromkeys(
        ("medicationRequests", "medicationStatements", "medicationAdministrations"), ...
    )
    seen = record(**left).of(Topic.THERAPIES)
    assert (seen.coverage, seen.gaps) == (Coverage.MISSING, ("no medication history was sent",))


def test_entries_beyond_the_limit_are_not_read_and_that_is_said() -> None:
    seen = record(max_entries=100, conditions=bundle(*[{**LUNG, "id": f"c{n}"} for n in range(101)]))
    assert len(seen.tumours) == 100
    assert any("more than 100 diagnoses" in gap for gap in seen.of(Topic.DIAGNOSES).gaps)


@pytest.mark.parametrize(
    "reference",
    ["Patient/other", "https://ehr.example.org/fhir/Patient/other", "Patient/other/_history/1"],
)
def test_t20_resources_of_somebody_else_are_left_out_and_counted(reference: str) -> None:
    found = record(conditions=bundle({**LUNG, "subject": {"reference": reference}}))
    assert found.tumours == ()
    assert found.of(Topic.DIAGNOSES).coverage is Coverage.PARTIAL
    assert "1 entry of another patient was left out of diagnoses" in found.of(Topic.DIAGNOSES).gaps


@pytest.mark.parametrize("subject", [{"reference": "Patient/p"}, {"reference": "https://a.example/fhir/Patient/p"}, {}])
def test_resources_of_the_patient_or_of_nobody_named_are_read(subject: dict[str, Any]) -> None:
    assert len(record(conditions=bundle({**LUNG, "subject": subject})).tumours) == 1


def test_t20_the_chart_of_another_patient_is_refused() -> None:
    with pytest.raises(RequestError):
        record(patient={"resourceType": "Patient", "id": "other"})


def test_resources_under_a_key_that_is_not_ours_are_read_too() -> None:
    assert len(record(theirOwnKey=bundle(LUNG)).tumours) == 1


@pytest.mark.parametrize(
    ("left", "needed"),
    [
        (
            (
                "observations",
                "variants",
                "conditions",
                "medicationRequests",
                "medicationStatements",
                "medicationAdministrations",
            ),
            True,
        ),
        (("observations", "variants", "conditions"), False),
        (("patient",), False),
    ],
)
def test_only_without_genomics_diagnoses_and_treatments_nothing_can_be_said(
    left: tuple[str, ...], needed: bool
) -> None:
    found = record(**dict.fromkeys(left, ...))
    assert bool(missing_keys(found, "patient-view")) is needed


@pytest.mark.parametrize(
    ("drafts", "coverage"),
    [
        (None, Coverage.MISSING),
        (EMPTY, Coverage.MISSING),
        (bundle({"resourceType": "MedicationRequest", "subject": {"reference": "Patient/other"}}), Coverage.MISSING),
        (bundle({"resourceType": "MedicationRequest", "status": "draft"}), Coverage.PARTIAL),
        (bundle({"resourceType": "MedicationRequest", "status": "cancelled"}), Coverage.COMPLETE),
        (bundle({"resourceType": "NutritionOrder", "status": "draft"}), Coverage.COMPLETE),
        (bundle({"resourceType": "DeviceRequest", "codeCodeableConcept": {"text": "Cane"}}), Coverage.COMPLETE),
    ],
)
def test_orders_were_sent_where_one_draft_for_the_patient_was(drafts: Any, coverage: Coverage) -> None:
    assert record(drafts=drafts).of(Topic.ORDERS).coverage is coverage


def test_every_code_by_which_a_genomic_test_is_known_is_asked_for() -> None:
    asked = {token.split("|")[1] for token in PREFETCH["variants"].query.split("code=")[1].split("&")[0].split(",")}
    assert asked == (
        codes.VARIANT_CODES
        | {codes.REGION_STUDIED, codes.IMMUNOHISTOCHEMISTRY}
        | set(codes.GENE_OF_CODE)
        | set(codes.MARKER_OF_CODE)
    )


def test_every_code_of_a_measurement_is_asked_for() -> None:
    asked = {token.split("|")[1] for token in PREFETCH["measurements"].query.split("code=")[1].split("&")[0].split(",")}
    assert asked == set(codes.QTC) | codes.ECOG | codes.KARNOFSKY | codes.STAGE_GROUP | codes.M_CATEGORY


BATCH_SEARCH = bundle(LUNG)


@pytest.mark.parametrize(
    ("part", "gap"),
    [
        ({"response": {"status": "403 Forbidden"}}, "the EHR reported an error for some diagnoses"),
        ({"response": {"status": "400"}, "resource": BATCH_SEARCH}, "the EHR reported an error for some diagnoses"),
        ({"response": {"status": "200"}}, "the EHR reported an error for some diagnoses"),
        ({"response": {"status": "200"}, "resource": {**BATCH_SEARCH, "total": 9}}, "only 1 of 9 diagnoses were sent"),
        (
            {"response": {"status": "200"}, "resource": {**BATCH_SEARCH, "link": [{"relation": "next", "url": "x"}]}},
            "there are further pages of diagnoses that were not sent",
        ),
    ],
)
def test_t19_a_part_of_a_batch_that_failed_is_noticed(part: dict[str, Any], gap: str) -> None:
    whole = {"response": {"status": "200 OK"}, "resource": BATCH_SEARCH}
    sent = {"resourceType": "Bundle", "type": "batch-response", "entry": [whole, part]}
    seen = record(conditions=sent).of(Topic.DIAGNOSES)
    assert seen.coverage is Coverage.PARTIAL
    assert gap in seen.gaps


def test_a_batch_whose_parts_are_whole_is_read_as_one() -> None:
    whole = {"response": {"status": "200 OK"}, "resource": BATCH_SEARCH}
    found = record(conditions={"resourceType": "Bundle", "type": "batch-response", "entry": [whole]})
    assert len(found.tumours) == 1
    assert found.of(Topic.DIAGNOSES).coverage is Coverage.COMPLETE


def test_pages_that_overlap_do_not_make_up_the_total() -> None:
    twice = bundle({**LUNG, "id": "c1"}, {**LUNG, "id": "c1"})
    seen = record(conditions={**twice, "total": 2}).of(Topic.DIAGNOSES)
    assert "only 1 of 2 diagnoses were sent" in seen.gaps


def test_each_topic_of_a_search_that_covers_two_is_told_of_its_own() -> None:
    refused = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}
    found = record(observations=refused, variants=bundle())
    assert "the EHR did not allow genomic results to be read" in found.of(Topic.GENOMICS).gaps
    assert "the EHR did not allow laboratory results to be read" in found.of(Topic.LABS).gaps


PANEL = {"coding": [{"system": "http://loinc.org", "code": "24325-3"}]}


@pytest.mark.parametrize(
    ("more", "ordered"),
    [
        ({"authoredOn": "2026-11-20"}, True),
        ({"authoredOn": "2026-11-16"}, True),
        ({"authoredOn": "2026-11-15"}, False),
        ({"authoredOn": "2026-10-01", "occurrenceDateTime": "2026-11-30"}, True),
        ({"authoredOn": "2026-11-20", "occurrenceDateTime": "2026-12-01"}, False),
        ({"authoredOn": "2026-11-20", "occurrenceDateTime": "2027-03-01"}, False),
        ({"authoredOn": "2026-11"}, False),
        ({}, False),
        ({"authoredOn": "2026-11-20", "status": "completed"}, False),
        ({"authoredOn": "2026-11-20", "status": "draft"}, False),
        ({"authoredOn": "2026-11-20", "intent": "proposal"}, False),
        ({"authoredOn": "2026-11-20", "doNotPerform": True}, False),
        ({"authoredOn": "2026-11-20", "code": {"text": "CT of chest"}}, False),
        ({"authoredOn": "2026-11-20", "code": {"text": "liver function tests"}}, True),
    ],
)
def test_a_test_that_was_ordered_and_is_not_done_counts_as_ordered_within_a_week_of_its_day(
    more: dict[str, Any], ordered: bool
) -> None:
    usual = {"resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order", "code": PANEL}
    found = record(serviceRequests=bundle({**usual, "subject": {"reference": "Patient/p"}, **more}))
    assert ("liver-panel" in found.tests_ordered()) is ordered


def test_requests_that_could_not_be_had_leave_everything_else_as_it_was() -> None:
    assert record(serviceRequests=...).seen == record().seen
    assert record(serviceRequests={"resourceType": "OperationOutcome"}).seen == record().seen
