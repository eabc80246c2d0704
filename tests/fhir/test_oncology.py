"""Diagnoses: which conditions are a primary tumour, a metastasis, another condition, or none of the patient's."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from cds_targets.facts.clinical import Extent
from cds_targets.fhir.oncology import Diagnoses, read_diagnoses, read_performance
from cds_targets.fhir.reading import Resources
from tests.fhir.observations import terms

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
ONCOTREE = "http://oncotree.mskcc.org"


def read(*resources: dict[str, Any]) -> Diagnoses:
    taken = Resources()
    for number, resource in enumerate(resources):
        taken.add(resource, f"/{number}")
    return read_diagnoses(taken, terms(), UTC)


def condition(text: str = "", *coded: tuple[str, str], status: str = "active", **more: Any) -> dict[str, Any]:
    codings = [{"system": system, "code": code} for system, code in coded]
    code = {**({"text": text} if text else {}), **({"coding": codings} if codings else {})}
    whole = {"resourceType": "Condition", "id": "c", "code": code, **more}
    return {**whole, "clinicalStatus": {"coding": [{"code": status}]}} if status else whole


PRIMARIES = [
    ("Metastatic lung adenocarcinoma", "LUAD", Extent.METASTATIC),
    ("Adenocarcinoma of lung, stage IIIB", "LUAD", Extent.LOCALLY_ADVANCED),
    ("Adenocarcinoma of lung, stage IA", "LUAD", Extent.EARLY),
    ("Non-small cell lung cancer stage IV", "NSCLC", Extent.METASTATIC),
    ("mNSCLC", "NSCLC", Extent.METASTATIC),
    ("mCRC", "COADREAD", Extent.METASTATIC),
    ("Adenocarcinoma of rectosigmoid junction", "COADREAD", Extent.UNKNOWN),
    ("Rectal cancer", "READ", Extent.UNKNOWN),
    ("Pancreatic adenocarcinoma, unresectable", "PAAD", Extent.LOCALLY_ADVANCED),
    ("Dedifferentiated liposarcoma", "DDLS", Extent.UNKNOWN),
    ("GIST", "GIST", Extent.UNKNOWN),
    ("Low grade serous ovarian carcinoma", "LGSOC", Extent.UNKNOWN),
    ("Cholangiocarcinoma", "CHOL", Extent.UNKNOWN),
    ("Lung adenocarcinoma, no metastases", "LUAD", Extent.UNKNOWN),
    ("Lung adenocarcinoma without brain metastasis", "LUAD", Extent.UNKNOWN),
]


@pytest.mark.parametrize(("text", "term", "extent"), PRIMARIES)
def test_a_primary_tumour_is_placed_with_its_extent(text: str, term: str, extent: Extent) -> None:
    found = read(condition(text))
    assert [(t.term, t.extent) for t in found.tumours] == [(term, extent)]
    assert found.metastases == []


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("Brain metastases", "brain"),
        ("Metastasis to brain", "brain"),
        ("Metastatic malignant neoplasm to brain", "brain"),
        ("Leptomeningeal disease", "brain"),
        ("Hepatic metastases", "liver"),
        ("Metastatic adenocarcinoma to liver", "liver"),
        ("Bone mets", "bone"),
        ("Lymph node metastasis", "lymph node"),
        ("Peritoneal carcinomatosis", "peritoneum"),
        ("Secondary malignant neoplasm of bone", "bone"),
    ],
)
def test_a_metastasis_is_no_primary_tumour(text: str, site: str) -> None:
    found = read(condition(text))
    assert found.tumours == []
    assert [metastasis.site for metastasis in found.metastases] == [site]


@pytest.mark.parametrize(
    ("text", "term", "sites"),
    [
        ("Lung adenocarcinoma with brain metastases", "LUAD", ["brain"]),
        ("Colon cancer with liver and lung metastases", "COAD", ["liver", "lung"]),
        ("Adenocarcinoma of lung metastatic to liver", "LUAD", ["liver"]),
        ("CRC, mets to liver", "COADREAD", ["liver"]),
        ("Cerebral metastases from lung cancer", "LUNG", ["brain"]),
    ],
)
def test_a_tumour_with_named_metastases_is_both(text: str, term: str, sites: list[str]) -> None:
    found = read(condition(text))
    assert [(t.term, t.extent) for t in found.tumours] == [(term, Extent.METASTATIC)]
    assert [metastasis.site for metastasis in found.metastases] == sites


@pytest.mark.parametrize(
    ("coded", "term"),
    [
        ((SNOMED, "254626006"), "LUAD"),
        ((ICD, "C18.2"), "COADREAD"),
        ((ICD, "C34.91"), "LUNG"),
        ((ONCOTREE, "PAAD"), "PAAD"),
    ],
)
def test_a_code_is_enough(coded: tuple[str, str], term: str) -> None:
    assert [t.term for t in read(condition("", coded)).tumours] == [term]


def test_the_narrower_of_code_and_text_counts() -> None:
    assert [t.term for t in read(condition("Lung adenocarcinoma", (ICD, "C34.91"))).tumours] == ["LUAD"]


def test_a_secondary_code_is_a_metastasis() -> None:
    assert [m.site for m in read(condition("", (ICD, "C79.31"))).metastases] == ["brain"]


@pytest.mark.parametrize(
    ("resource", "active", "certain"),
    [
        (condition("Lung cancer", status="resolved"), False, True),
        (condition("Lung cancer", status="remission"), False, True),
        (condition("Lung cancer", status=""), None, True),
        (condition("History of lung cancer", status=""), False, True),
        (condition("Suspected lung cancer"), True, False),
        (condition("Lung cancer", verificationStatus={"coding": [{"code": "provisional"}]}), True, False),
    ],
)
def test_whether_a_tumour_is_there_now_and_certain_is_kept(
    resource: dict[str, Any], active: bool | None, certain: bool
) -> None:
    (tumour,) = read(resource).tumours
    assert (tumour.active, tumour.certain) == (active, certain)


@pytest.mark.parametrize(
    "resource",
    [
        condition("Family history of colon cancer"),
        condition("Screening for colon cancer"),
        condition("Lung cancer", verificationStatus={"coding": [{"code": "refuted"}]}),
        condition("Lung cancer", verificationStatus={"coding": [{"code": "entered-in-error"}]}),
    ],
)
def test_what_the_patient_does_not_have_is_left_out(resource: dict[str, Any]) -> None:
    found = read(resource)
    assert (found.tumours, found.metastases, found.comorbidities) == ([], [], [])


def test_a_cancer_of_a_type_that_cannot_be_placed_is_kept_without_one() -> None:
    assert [t.term for t in read(condition("Carcinoma of an unusual kind")).tumours] == [None]


def test_benign_and_other_conditions_are_no_tumours() -> None:
    found = read(condition("Benign neoplasm of colon"), condition("Congenital long QT syndrome"))
    assert found.tumours == []
    assert [c.term for c in found.comorbidities] == [None, "congenital-long-qt"]


def test_a_condition_without_text_or_code_is_counted_as_unread() -> None:
    assert read({"resourceType": "Condition", "id": "x"}).unread == 1


def test_the_stage_beside_the_diagnosis_gives_the_extent() -> None:
    staged = condition("Lung adenocarcinoma", stage=[{"summary": {"text": "Stage IVA"}}])
    (tumour,) = read(staged).tumours
    assert (tumour.extent, tumour.stage) == (Extent.METASTATIC, "IVA")


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("89247-1", {"valueInteger": 1}, [("ECOG", 1)]),
        ("89247-1", {"valueQuantity": {"value": 2}}, [("ECOG", 2)]),
        ("89247-1", {"valueCodeableConcept": {"coding": [{"code": "LA9624-3"}]}}, [("ECOG", 2)]),
        ("89243-0", {"valueInteger": 80}, [("Karnofsky", 80)]),
        ("89247-1", {"valueInteger": 7}, []),
        ("89247-1", {"valueQuantity": {"value": 1.5}}, []),
        ("89247-1", {"valueInteger": 1, "status": "entered-in-error"}, []),
    ],
)
def test_performance_status_comes_in_several_shapes(
    code: str, value: dict[str, Any], expected: list[tuple[str, int]]
) -> None:
    taken = Resources()
    about = {"coding": [{"system": "http://loinc.org", "code": code}]}
    taken.add({"resourceType": "Observation", "id": "e", "status": "final", "code": about, **value}, "/e")
    assert [(p.scale, p.value) for p in read_performance(taken, UTC)] == expected
