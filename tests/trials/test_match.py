"""Who is offered which study: line, allele, tumour, TP53, PD-L1, status."""

from __future__ import annotations

from typing import Any

import pytest

from cds_targets.matching.verdict import Outcome
from cds_targets.trials.match import match_studies, status_sentence
from tests.trials.records import library, patient, studies

LUNG: dict[str, Any] = {"tumour": {"is": "LUAD", "extent": "metastatic"}, "variants": ["KRAS G12C"]}
COLON: dict[str, Any] = {"tumour": {"is": "COADREAD", "extent": "metastatic"}, "variants": ["KRAS G12C"]}
LIPO: dict[str, Any] = {"tumour": {"is": "DDLS", "extent": "metastatic"}, "amplified": ["MDM2"]}
PLATINUM = [{"drug": "carboplatin", "first": "300 days ago", "last": "200 days ago"}]
TPS = {"marker": "PD-L1 TPS", "unit": "%"}
FIRST_LINE = {"NCT06793215", "NCT06119581", "NCT04613596"}
LATER = {"NCT06300177", "NCT03178552"}
REPORTED = {"NCT04303780", "NCT04685135", "NCT06625320", "NCT05116683", "NCT02545283", "NCT04979442"}
CLOSED = REPORTED | {"NCT06497556", "NCT05132075", "NCT04793958", "NCT06084689", "NCT05512377"}


def offered(**short: Any) -> tuple[set[str], set[str]]:
    """The potential matches, and those whose tumour or gene cannot be told."""
    found = match_studies(studies(), patient(**short), library().terms)
    met = {match.study.nct for match in found if match.outcome is Outcome.MET}
    return met, {match.study.nct for match in found} - met


@pytest.mark.parametrize(
    ("short", "must", "must_not"),
    [
        (LUNG, FIRST_LINE, LATER),
        ({**LUNG, "therapies": PLATINUM}, LATER, FIRST_LINE),
        ({**LUNG, "variants": ["KRAS G12D"]}, set(), FIRST_LINE | LATER),
        ({**LUNG, "variants": ["NRAS G12C"], "tested": ["KRAS"]}, set(), FIRST_LINE | LATER),
        ({**LUNG, "tumour": {"is": "LUSC", "extent": "metastatic"}}, {"NCT04613596"}, {"NCT06793215"}),
        ({**LUNG, "biomarkers": [TPS | {"value": 60}]}, {"NCT06345729"}, {"NCT05920356"}),
        ({**LUNG, "biomarkers": [TPS | {"value": 0}]}, {"NCT05920356"}, {"NCT06345729"}),
        (COLON, {"NCT06252649"}, {"NCT04793958", *FIRST_LINE}),
        ({**COLON, "therapies": [{"drug": "oxaliplatin"}]}, {"NCT06326411"}, {"NCT06252649"}),
        ({**LIPO, "wild_type": ["TP53"]}, {"NCT04785196", "NCT05180695"}, FIRST_LINE),
        ({**LIPO, "variants": ["TP53 R175H"]}, set(), {"NCT04785196", "NCT05180695"}),
        ({"tumour": "PMF", "wild_type": ["TP53"]}, {"NCT04878003"}, {"NCT04640532"}),
    ],
)
def test_line_allele_tumour_and_markers_decide(short: dict[str, Any], must: set[str], must_not: set[str]) -> None:
    met, unknown = offered(**short)
    assert must <= met
    assert not must_not & (met | unknown)


def test_an_untested_gene_leaves_a_study_open() -> None:
    met, unknown = offered(**LIPO)
    assert "NCT04785196" in unknown
    assert not met & {"NCT04785196", "NCT05180695"}


def test_closed_and_reported_studies_are_never_offered() -> None:
    chemotherapy = [*PLATINUM, {"drug": "pembrolizumab", "first": "300 days ago", "last": "200 days ago"}]
    for short in ({**LUNG, "therapies": chemotherapy}, {**LIPO, "wild_type": ["TP53"]}):
        met, unknown = offered(**short)
        assert not CLOSED & (met | unknown)
    assert not any(study.open for study in studies() if study.nct in CLOSED)


def test_an_arm_whose_openness_cannot_be_told_is_a_question_and_no_match() -> None:
    short: dict[str, Any] = {"tumour": {"is": "LUAD", "extent": "metastatic"}, "amplified": ["MDM2"], "age": 60}
    found = match_studies(studies(), patient(**short, wild_type=["TP53"], ecog=1), library().terms)
    match = next(match for match in found if match.study.nct == "NCT03611868")
    assert match.outcome is Outcome.UNKNOWN
    assert any("whether the cohorts of other solid tumours still take patients" in p for p in match.open_points)
    met, unknown = offered(**short, variants=["TP53 R175H"])
    assert "NCT03611868" not in met | unknown


def test_an_arm_that_is_open_speaks_before_one_whose_openness_cannot_be_told() -> None:
    melanoma = {"tumour": {"is": "UM", "extent": "metastatic"}, "amplified": ["MDM2"], "wild_type": ["TP53"]}
    met, _ = offered(**melanoma)
    assert "NCT03611868" in met


def test_a_tumour_agnostic_study_is_not_asked_about_where_nothing_points_to_it() -> None:
    met, unknown = offered(tumour="BLCA", genomics="not sent")
    assert not {"NCT06326411", "NCT04785196", "NCT03611868"} & (met | unknown)


def test_a_patient_of_whom_nothing_is_known_is_offered_nothing() -> None:
    assert offered() == (set(), set())


def test_the_history_not_sent_is_an_open_point_of_a_match() -> None:
    found = match_studies(studies(), patient(**LUNG, therapies="not sent"), library().terms)
    match = next(m for m in found if m.study.nct == "NCT06793215")
    assert match.outcome is Outcome.MET
    assert "no medication history was sent" in match.open_points


def test_a_value_that_nobody_measured_is_an_open_point_and_rules_nobody_out() -> None:
    relapsed = {"tumour": "PMF", "wild_type": ["TP53"], "therapies": [{"drug": "ruxolitinib", "last": "30 days ago"}]}
    found = match_studies(studies(), patient(**relapsed), library().terms)
    boreas = next(match for match in found if match.study.nct == "NCT03662126")
    assert boreas.outcome is Outcome.MET
    assert "no platelets result" in boreas.open_points


def test_what_is_all_met_comes_first() -> None:
    found = match_studies(studies(), patient(**LUNG), library().terms)
    assert [match.outcome for match in found] == sorted((m.outcome for m in found), key=lambda o: o is not Outcome.MET)


def test_a_study_for_this_tumour_and_gene_comes_before_one_for_any_tumour() -> None:
    found = [m.study.nct for m in match_studies(studies(), patient(**LUNG, therapies=PLATINUM), library().terms)]
    assert found.index("NCT06300177") < found.index("NCT06326411") < found.index("NCT05227326")


def test_an_unrecorded_extent_is_an_open_point() -> None:
    found = match_studies(studies(), patient(tumour="LUAD", variants=["KRAS G12C"]), library().terms)
    assert "stage or extent not recorded" in found[0].open_points


def test_an_old_status_says_verify() -> None:
    by_nct = {study.nct: study for study in studies()}
    assert status_sentence(by_nct["NCT05132075"]).endswith(": verify")
    assert "verify" not in status_sentence(by_nct["NCT06252649"])
