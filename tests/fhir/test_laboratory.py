"""Which Observations are a laboratory test or ECG we know, and what their values become."""

from __future__ import annotations

from datetime import UTC
from functools import cache
from typing import Any

import pytest

from cds_targets.facts.clinical import Lab
from cds_targets.fhir.laboratory import read_labs
from cds_targets.fhir.reading import Resources
from cds_targets.library.library import content_folder
from cds_targets.terms import Terms, load_terms

LOINC = "http://loinc.org"
LOCAL = "https://lab.example.org/codes"


@cache
def terms() -> Terms:
    return load_terms(content_folder() / "terms")


def read(code: dict[str, Any], value: float, unit: str, **more: Any) -> list[Lab]:
    resources = Resources()
    quantity = {"value": value, "unit": unit, **more.pop("quantity", {})}
    observation = {"resourceType": "Observation", "id": "x", "status": "final", "code": code, "valueQuantity": quantity}
    resources.add({**observation, **more}, "/x")
    return read_labs(resources, terms(), UTC)


@pytest.mark.parametrize(
    ("code", "test"),
    [
        ({"coding": [{"system": LOINC, "code": "1742-6"}]}, "ALT"),
        ({"text": "Alanine aminotransferase"}, "ALT"),
        ({"coding": [{"system": LOCAL, "code": "GPT", "display": "ALAT"}]}, "ALT"),
        ({"coding": [{"system": LOCAL, "code": "77"}], "text": "Bilirubin, total"}, "bilirubin"),
        (
            {"coding": [{"system": LOINC, "code": "00000-0", "display": "Bilirubin in Urine"}], "text": "Bilirubin"},
            None,
        ),
        ({"coding": [{"system": LOINC, "code": "00000-0"}], "text": "QTc interval"}, "QTc"),
        ({"coding": [{"system": LOCAL, "code": "q", "display": "QTcF"}]}, "QTc"),
        ({"text": "QRS duration"}, None),
        ({"text": "Alanine aminotransferase (ALT)"}, "ALT"),
        ({"text": "ALT (AST)"}, None),
        ({"text": "Bilirubin (direct)"}, None),
        ({"text": "Bilirubin.total [Mass/volume] in Serum or Plasma"}, "bilirubin"),
        ({"text": "Bilirubin.total [Mass/volume] in Urine"}, None),
        ({"coding": [{"system": LOINC, "code": "2601-3"}]}, "magnesium"),
        ({"coding": [{"system": LOINC, "code": "76634-5"}]}, "QTc"),
        (
            {
                "coding": [
                    {"system": LOINC, "code": "00000-0", "display": "Magnesium [Moles/volume] in Serum or Plasma"}
                ]
            },
            "magnesium",
        ),
        ({"coding": [{"system": LOINC, "code": "00000-0", "display": "Magnesium [Moles/volume] in Urine"}]}, None),
        ({"coding": [{"system": LOINC, "code": "00000-0", "display": "Neutrophils/100 leukocytes in Blood"}]}, None),
    ],
)
def test_a_test_is_known_by_its_code_or_where_no_other_code_speaks_by_its_name(
    code: dict[str, Any], test: str | None
) -> None:
    unit = {"ALT": "U/L", "bilirubin": "mg/dL", "magnesium": "mmol/L"}.get(test or "", "ms")
    assert [lab.test for lab in read(code, 250, unit)] == ([test] if test else [])


@pytest.mark.parametrize(
    ("value", "unit", "upper", "times"),
    [
        (210, "U/L", 40, 5.25),
        (210, "u/l", 40, 5.25),
        (210, "UI/L", 42, 5.0),
        (210, "IU/L", 42, 5.0),
        (210, "[iU]/L", 42, 5.0),
        (3.5, "ukat/L", 0.7, 5.0),
        (3.5, "\u00b5kat/L", 0.7, 5.0),
        (3.5, "\u03bckat/l", 0.7, 5.0),
        (3500, "nkat/L", 700, 5.0),
    ],
)
def test_multiples_of_the_upper_limit_do_not_depend_on_the_unit(
    value: float, unit: str, upper: float, times: float
) -> None:
    code = {"coding": [{"system": LOINC, "code": "1742-6"}]}
    (lab,) = read(code, value, unit, referenceRange=[{"high": {"value": upper, "unit": unit}}])
    assert lab.times_upper == pytest.approx(times)


def test_a_limit_in_another_unit_than_the_value_is_converted_too() -> None:
    code = {"coding": [{"system": LOINC, "code": "1742-6"}]}
    (lab,) = read(code, 2.5, "ukat/L", referenceRange=[{"high": {"value": 40, "unit": "U/L"}}])
    assert lab.times_upper == pytest.approx(3.75)


# 1 mg/dL of bilirubin is 17.1 umol/L, of magnesium 0.411 mmol/L, of creatinine 88.4 umol/L, of calcium 0.2495 mmol/L.
@pytest.mark.parametrize(
    ("test", "value", "unit", "canonical"),
    [
        ("14631-6", 34.2, "umol/L", 2.0),
        ("1975-2", 34.2, "\u00b5mol/L", 2.0),
        ("1975-2", 34.2, "\u03bcmol/L", 2.0),
        ("1975-2", 2.0, "MG/DL", 2.0),
        ("19123-9", 0.822, "mmol/L", 2.0),
        ("19123-9", 0.822, "mmol/l", 2.0),
        ("38483-4", 176.8, "umol/L", 2.0),
        ("17861-6", 2.495, "mmol/L", 10.0),
        ("2823-3", 3.1, "mEq/L", 3.1),
        ("2823-3", 3.1, "mval/L", 3.1),
        ("19123-9", 1.644, "mEq/L", 2.0),
        ("17861-6", 4.99, "meq/l", 10.0),
        ("777-3", 60, "K/mm3", 60),
        ("777-3", 60, "Tsd/\u00b5l", 60),
        ("777-3", 60, "G/L", 60),
        ("777-3", 60, "Gpt/l", 60),
        ("777-3", 60, "10E9/L", 60),
        ("777-3", 60, "K/\u00b5L", 60),
        ("777-3", 60000, "/uL", 60),
        ("777-3", 60000, "cells/uL", 60),
        ("718-7", 120, "g/L", 12.0),
    ],
)
def test_mass_amount_and_count_become_the_unit_of_the_test(
    test: str, value: float, unit: str, canonical: float
) -> None:
    (lab,) = read({"coding": [{"system": LOINC, "code": test}]}, value, unit)
    assert lab.value == pytest.approx(canonical, rel=0.002)


def test_a_value_beyond_the_range_of_the_machine_keeps_its_comparator() -> None:
    code = {"coding": [{"system": LOINC, "code": "1742-6"}]}
    (lab,) = read(code, 1000, "U/L", quantity={"comparator": ">"}, referenceRange=[{"high": {"value": 40}}])
    assert (lab.comparator, lab.value, lab.times_upper) == (">", 1000, 25)


@pytest.mark.parametrize(("value", "unit"), [(0.501, "s"), (501, "ms"), (501, "msec")])
def test_an_interval_in_seconds_or_milliseconds(value: float, unit: str) -> None:
    (lab,) = read({"text": "QTc"}, value, unit)
    assert lab.value == pytest.approx(501)


def test_a_result_that_is_not_final_has_no_value() -> None:
    (lab,) = read({"text": "ALT"}, 210, "U/L", status="preliminary")
    assert lab.value is None
    assert "preliminary" in lab.notes[0]


ALT_CODE = {"coding": [{"system": LOINC, "code": "1742-6"}]}


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("0-40 U/L", (0, 40)),
        ("Normal: 7 \u2013 56 units per liter", (7, 56)),
        ("5,0 - 40,5", (5, 40.5)),
        ("<40 U/L", (None, 40)),
        ("\u2264 40", (None, 40)),
        ("bis 40 U/l", (None, 40)),
        ("ULN 40", (None, 40)),
        ("see comment", (None, None)),
    ],
)
def test_limits_are_read_from_words(text: str, limits: tuple[float | None, float | None]) -> None:
    (lab,) = read(ALT_CODE, 80, "U/L", referenceRange=[{"text": text}])
    assert (lab.lower, lab.upper) == limits


def test_limits_that_differ_by_whom_they_apply_to_are_not_chosen_from() -> None:
    ranges = [{"high": {"value": 33}}, {"high": {"value": 55}}]
    assert [lab.upper for lab in read(ALT_CODE, 80, "U/L", referenceRange=ranges)] == [None]
    assert [lab.upper for lab in read(ALT_CODE, 80, "U/L", referenceRange=[*ranges[:1], *ranges[:1]])] == [33]


@pytest.mark.parametrize("specimen", ["Urine", "Random urine specimen", "Pleural fluid", "Ascites"])
def test_what_was_measured_in_another_fluid_is_another_test(specimen: str) -> None:
    assert read({"text": "Potassium"}, 4, "mmol/L", specimen={"display": specimen}) == []
    assert read({"text": "Potassium"}, 4, "mmol/L", specimen={"display": "Blood"})[0].value == 4


@pytest.mark.parametrize(
    ("written", "value"), [("1,2 mg/dL", 1.2), ("<0.3 mg/dL", 0.3), ("1,200 mg/dL", None), ("haemolysed", None)]
)
def test_a_result_may_be_written_as_text(written: str, value: float | None) -> None:
    resources = Resources()
    code = {"coding": [{"system": LOINC, "code": "1975-2"}]}
    resources.add({"resourceType": "Observation", "status": "final", "code": code, "valueString": written}, "/x")
    assert [lab.value for lab in read_labs(resources, terms(), UTC)] == [value]


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("Gesamtbilirubin", "bilirubin"),
        ("Bilirubin, gesamt", "bilirubin"),
        ("Direct bilirubin", None),
        ("Magnesium, serum", "magnesium"),
        ("Neutrophils, absolute", "neutrophils"),
        ("Neutrophils %", None),
        ("QTc-Zeit", "QTc"),
        ("QTcB interval", "QTc"),
        ("QT interval", None),
    ],
)
def test_names_are_known_with_any_punctuation_and_in_german(name: str, test: str | None) -> None:
    unit = {"QTc": "ms", "neutrophils": "10*9/L"}.get(test or "", "mg/dL")
    assert [lab.test for lab in read({"text": name}, 2, unit)] == ([test] if test else [])
