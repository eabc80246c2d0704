"""Registry records: read, refused with reason, stored whole or not at all, and named where they mention a finding."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.trials.ctgov import RecordError, read_study, studies_in
from cds_targets.trials.mentions import mentions_of
from cds_targets.trials.registry import Registry
from tests.trials.records import library, patient, record

RECORDED = Path(__file__).parents[3] / "shared" / "knowledge" / "ctgov"
PARTS = [
    *("statusModule", "conditionsModule", "eligibilityModule", "armsInterventionsModule", "contactsLocationsModule"),
    *("designModule", "conditions", "keywords", "interventions", "armGroups", "locations", "geoPoint", "lat", "phases"),
    *("eligibilityCriteria", "minimumAge", "sex", "overallStatus", "name", "otherNames", "label"),
]
LUNG: dict[str, Any] = {"tumour": "LUAD", "variants": ["KRAS G12C"], "age": 60, "sex": "female"}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry(tmp_path / "registry.sqlite3") as opened:
        yield opened


def take(registry: Registry, *records: object) -> Any:
    return registry.import_studies([(f"r{n}", r) for n, r in enumerate(records)], library().terms)


def words(**changes: Any) -> set[tuple[str, str]]:
    return {(m.kind, m.word) for m in mentions_of(read_study(record(**changes)), library().terms)}


@pytest.mark.parametrize(
    ("age", "years"), [("18 Years", 18), ("6 Months", 0.5), ("N/A", None), (None, None), ("old", None), (7, None)]
)
def test_ages_are_read_in_years(age: object, years: float | None) -> None:
    assert read_study(record(minimum=age)).minimum_age == years


def test_a_strange_record_is_taken_with_notes() -> None:
    read = read_study(record(status="PERHAPS", sex="both", minimum="very old"))
    assert read.status == "UNKNOWN"
    assert len(read.notes) == 3
    assert read_study({"protocolSection": {"identificationModule": {"nctId": "NCT90000001"}}}).notes


@pytest.mark.parametrize("value", [None, [], {}, "NCT90000001", {"protocolSection": {"identificationModule": {}}}])
def test_what_is_no_study_is_refused_with_a_reason(value: object) -> None:
    with pytest.raises(RecordError, match="has no"):
        read_study(value)


def test_five_megabytes_of_criteria_are_cut_and_noted() -> None:
    read = read_study(record(criteria="x" * 5_000_001))
    assert len(read.criteria) == 5_000_000
    assert any("cut" in note for note in read.notes)


@pytest.mark.parametrize(
    ("line", "mentioned"),
    [
        ("* KRAS G12C mutation", True),
        ("* KRAS p.G12C mutation", True),
        ("* No prior KRAS G12C inhibitor", False),
        ("* Prior treatment with a KRAS G12C inhibitor", False),
        ("* RAS wild type (KRAS G12C excluded)", False),
    ],
)
def test_negated_text_is_no_interest_in_the_gene(line: str, mentioned: bool) -> None:
    found = words(criteria=f"Inclusion Criteria:\n{line}")
    assert (("change", "KRAS G12C") in found) is mentioned
    assert (("gene", "KRAS") in found) is mentioned


def test_exclusion_criteria_are_no_interest_in_the_gene() -> None:
    assert ("gene", "EGFR") not in words(criteria="Inclusion Criteria:\n* adult\nExclusion Criteria:\n* EGFR mutation")


def test_a_study_that_mentions_the_finding_is_named_and_not_judged(registry: Registry) -> None:
    take(registry, record())
    (found,) = registry.match(patient(**LUNG), library().terms).studies
    assert found.sentence == "mentions KRAS G12C in its criteria: not checked"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "COMPLETED"},
        {"status": "WITHDRAWN"},
        {"conditions": ["Melanoma"]},
        {"minimum": "70 Years"},
        {"maximum": "40 Years"},
        {"sex": "MALE"},
        {"criteria": "Inclusion Criteria:\n* KRAS G12D mutation"},
        {"criteria": "Inclusion Criteria:\n* EGFR mutation"},
    ],
)
def test_status_tumour_age_sex_and_allele_leave_a_study_out(registry: Registry, changes: dict[str, Any]) -> None:
    take(registry, record(**changes))
    assert registry.match(patient(**LUNG), library().terms).total == 0


def test_a_patient_without_findings_is_named_no_study(registry: Registry) -> None:
    take(registry, record())
    assert registry.match(patient(tumour="LUAD", genomics="not sent"), library().terms).studies == ()


def test_the_change_comes_before_the_gene_and_the_rest_is_counted(registry: Registry) -> None:
    vague = {"criteria": "Inclusion Criteria:\n* KRAS mutation"}
    take(registry, record(), *(record(f"NCT9000000{number}", **vague) for number in range(2, 6)))
    found = registry.match(patient(**LUNG), library().terms, limit=2)
    assert [study.nct for study in found.studies] == ["NCT90000001", "NCT90000005"]
    assert found.total == 5


def test_a_curated_study_is_not_named_a_second_time(registry: Registry) -> None:
    take(registry, record())
    assert registry.match(patient(**LUNG), library().terms, ["NCT90000001"]).total == 0


def test_a_newer_record_replaces_and_an_older_one_does_not(registry: Registry) -> None:
    take(registry, record())
    report = take(registry, record(updated="2026-06-01", status="COMPLETED"), record(updated="2026-01-01"))
    assert (report.imported, report.older) == (1, 1)
    newest, before = registry.record("NCT90000001"), registry.previous("NCT90000001")
    assert newest is not None
    assert before is not None
    assert (newest.status, before.status) == ("COMPLETED", "RECRUITING")
    assert newest.sites[0].point == (50.7, 7.1)


def test_an_import_that_is_broken_off_leaves_the_registry_whole(registry: Registry) -> None:
    take(registry, record())

    def broken() -> Iterator[tuple[str, object]]:
        yield "a", record("NCT90000002")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registry.import_studies(broken(), library().terms)
    assert [row[0] for row in registry.summaries()] == ["NCT90000001"]


def test_damaged_records_are_refused_and_the_rest_imported(registry: Registry) -> None:
    report = take(registry, {"protocolSection": {}}, record(), RecordError("is not JSON"))
    assert report.imported == 1
    assert [place for place, _ in report.refused] == ["r0", "r2"]


def test_files_hold_one_record_a_list_or_lines(tmp_path: Path) -> None:
    one, many, lines = (tmp_path / name for name in ("one.json", "many.json", "lines.ndjson"))
    one.write_text(json.dumps(record()))
    many.write_text(json.dumps({"studies": [record(), record("NCT90000002")]}))
    lines.write_text(json.dumps(record()) + "\n{broken\n\n")
    assert [len(list(studies_in(path))) for path in (one, many, lines)] == [1, 2, 2]
    assert isinstance(list(studies_in(lines))[1][1], RecordError)


@pytest.mark.skipif(not RECORDED.exists(), reason="the published records are not here")
def test_published_records_are_imported_without_a_refusal(registry: Registry) -> None:
    found = [item for path in sorted(RECORDED.glob("*.*json")) for item in studies_in(path)]
    report = registry.import_studies(found, library().terms)
    assert (report.imported, report.refused) == (len(found), [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PARTS), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_no_record_is_too_strange_to_be_read_or_refused(modules: Any) -> None:
    given_nct = {"identificationModule": {"nctId": "NCT90000001"}}
    value = {"protocolSection": {**modules, **given_nct} if isinstance(modules, dict) else given_nct}
    assert mentions_of(read_study(value), library().terms) is not None
