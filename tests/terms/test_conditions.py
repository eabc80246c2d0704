"""Which words name a condition, with what may stand around its name."""

from __future__ import annotations

import pytest

from cds_targets.library.library import content_folder
from cds_targets.terms import load_terms

CONDITIONS = load_terms(content_folder() / "terms").conditions


@pytest.mark.parametrize(
    ("written", "condition"),
    [
        ("Pneumonitis", "ild"),
        ("Suspected pneumonitis", "ild"),
        ("Pneumonitis, grade 2", "ild"),
        ("Drug-induced interstitial lung disease (CTCAE grade 3)", "ild"),
        ("Immune checkpoint inhibitor-related pneumonitis", "ild"),
        ("Pneumonitis due to sotorasib", "ild"),
        ("Interstitial lung disease, unspecified", "ild"),
        ("Pneumonia", None),
        ("Radiation pneumonitis", None),
        ("No pneumonitis", None),
        ("Severe diarrhea", "diarrhoea"),
        ("Diarrhea, unspecified", "diarrhoea"),
        ("Oral mucositis grade 3", "stomatitis"),
        ("Acneiform rash, grade 2", "skin-reaction"),
        ("Rash on daraxonrasib", "skin-reaction"),
        ("Pregnancy, 24 weeks", "pregnancy"),
        ("24 weeks pregnant", "pregnancy"),
        ("Pregnancy, first trimester", "pregnancy"),
        ("Chronic hepatitis", "hepatitis"),
        ("Chronic hepatitis B", None),
        ("Severe", None),
        ("Grade 3", None),
    ],
)
def test_a_condition_is_known_by_its_name_with_grade_course_certainty_or_cause_around_it(
    written: str, condition: str | None
) -> None:
    assert CONDITIONS.named(written) == condition


@pytest.mark.parametrize(
    ("system", "code", "condition"),
    [
        ("icd10cm", "J70.2", "ild"),
        ("icd10cm", "J84.10", "ild"),
        ("icd10cm", "J18.9", None),
        ("icd10cm", "K12.31", "stomatitis"),
        ("icd10cm", "Z33.1", "pregnancy"),
        ("snomed", "205237003", "ild"),
    ],
)
def test_a_condition_is_known_by_its_code_or_a_wider_one(system: str, code: str, condition: str | None) -> None:
    assert CONDITIONS.by_code(system, code) == condition
