"""Diagnoses: which conditions are a primary tumour, a metastasis, another condition, or none of the patient's."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from cds_targets.facts.clinical import Extent
from cds_targets.fhir.oncology import Diagnoses, read_diagnoses
from cds_targets.fhir.performance import read_performance
from cds_targets.fhir.reading import Resources
from tests.fhir.observations import terms

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
ONCOTREE = "http://oncotree.mskcc.org"
ICD_9 = "http://hl7.org/fhir/sid/icd-9-cm"
ICD_10_GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
ICD_O = "http://terminology.hl7.org/CodeSystem/icd-o-3"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
HISTOLOGY = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior"


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
    ("Low-grade seröses Ovarialkarzinom", "LGSOC", Extent.UNKNOWN),
    ("Adenokarzinom des Magens", "STAD", Extent.UNKNOWN),
    ("Dedifferenziertes Liposarkom", "DDLS", Extent.UNKNOWN),
    ("Liposarkom des Retroperitoneums", "LIPO", Extent.UNKNOWN),
    ("Cholangiocarcinoma", "CHOL", Extent.UNKNOWN),
    ("Lung adenocarcinoma, no metastases", "LUAD", Extent.UNKNOWN),
    ("Lung adenocarcinoma without brain metastasis", "LUAD", Extent.UNKNOWN),
    ("Adenocarcinoma, lung", "LUAD", Extent.UNKNOWN),
    ("Primary adenocarcinoma of upper lobe of right lung (disorder)", "LUAD", Extent.UNKNOWN),
    ("NSCLC (adenocarcinoma) cT2N2M1b", "LUAD", Extent.METASTATIC),
    ("Lung CA", "LUNG", Extent.UNKNOWN),
    ("Carcinoid tumor of lung", "LNET", Extent.UNKNOWN),
    ("Small cell carcinoma of the lung", "SCLC", Extent.UNKNOWN),
    ("Nonsquamous non-small cell lung cancer", "nonsquamous-nsclc", Extent.UNKNOWN),
    ("Non-squamous NSCLC, adenocarcinoma", "LUAD", Extent.UNKNOWN),
    ("Cancer of head of pancreas", "PANCREAS", Extent.UNKNOWN),
    ("Neuroendocrine carcinoma of the pancreas", "PANET", Extent.UNKNOWN),
    ("Lymphoma of colon", "LYMPH", Extent.UNKNOWN),
    ("Neuroendocrine carcinoma of the colon", "BOWEL", Extent.UNKNOWN),
    ("Squamous cell carcinoma of the rectum", "BOWEL", Extent.UNKNOWN),
    ("Gastroesophageal junction adenocarcinoma", "EGC", Extent.UNKNOWN),
    ("Uveal melanoma", "UM", Extent.UNKNOWN),
    ("Melanoma, Clark level IV", "MEL", Extent.UNKNOWN),
    ("Glioblastoma, WHO grade IV", "GBM", Extent.UNKNOWN),
    ("Serous carcinoma of ovary, low grade", "LGSOC", Extent.UNKNOWN),
    ("Non-metastatic prostate cancer", "PROSTATE", Extent.UNKNOWN),
    ("Colon cancer, stage IIIB", "COAD", Extent.UNKNOWN),
    ("Oligometastatic NSCLC", "NSCLC", Extent.METASTATIC),
    ("Nichtkleinzelliges Lungenkarzinom", "NSCLC", Extent.UNKNOWN),
    ("Adenokarzinom der Lunge, Stadium IV", "LUAD", Extent.METASTATIC),
    ("Metastasiertes kolorektales Karzinom", "COADREAD", Extent.METASTATIC),
    ("Adenokarzinom des Pankreas", "PAAD", Extent.UNKNOWN),
    ("Bösartige Neubildung: Oberlappen (-Bronchus)", "LUNG", Extent.UNKNOWN),
    ("Malignes Melanom der Haut", "MEL", Extent.UNKNOWN),
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
        ("Lebermetastasen", "liver"),
        ("Hirnmetastasen", "brain"),
        ("Sekundäre bösartige Neubildung des Gehirns und der Hirnhäute", "brain"),
        ("Malignant pleural effusion", "pleura"),
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
        ((ICD, "C3411"), "LUNG"),
        ((ICD, "C220"), "HCC"),
        ((ICD, "C44.91"), "SKIN"),
        ((ICD, "C80.1"), None),
        ((ICD_10_GM, "c34.1-"), "LUNG"),
        (("http://hl7.org/fhir/sid/icd-10-gm", "C25.9"), "PANCREAS"),
        (("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw", "C18.7"), "COADREAD"),
        (("", "C34.1"), "LUNG"),
        ((ICD_9, "162.9"), "LUNG"),
        ((ICD_9, "1579"), "PANCREAS"),
        ((ICD_9, "154.1"), "COADREAD"),
        ((NCIT, "C3512"), "LUAD"),
        ((ONCOTREE, "PAAD"), "PAAD"),
        ((ONCOTREE, "luad"), "LUAD"),
        ((ICD_O, "C34.1"), "LUNG"),
        ((ICD_O, "C34.9 8140/3"), "LUAD"),
        ((ICD_O, "8140/3"), None),
        ((SNOMED + "/900000000000207008", "254626006"), "LUAD"),
    ],
)
def test_a_code_is_enough(coded: tuple[str, str], term: str | None) -> None:
    assert [t.term for t in read(condition("", coded)).tumours] == [term]


@pytest.mark.parametrize("coded", [(SNOMED, "100000000"), ("https://ehr.example.org/codes", "77"), ("", "LUNGCA")])
def test_a_code_that_nobody_knows_is_counted_as_unread(coded: tuple[str, str]) -> None:
    found = read(condition("", coded))
    assert (found.tumours, found.comorbidities, found.unread) == ([], [], 1)


def histology(code: str, system: str = ICD_O) -> list[dict[str, Any]]:
    return [{"url": HISTOLOGY, "valueCodeableConcept": {"coding": [{"system": system, "code": code}]}}]


@pytest.mark.parametrize(
    ("diagnosis", "term"),
    [
        (condition("", (ICD, "C34.11"), extension=histology("8140/3")), "LUAD"),
        (condition("", (ICD, "C34.11"), extension=histology("8070/3")), "LUSC"),
        (condition("", (ICD, "C34.11"), extension=histology("8041/3")), "SCLC"),
        (condition("", (ICD, "C25.0"), extension=histology("8500/3")), "PAAD"),
        (condition("", (ICD, "C18.2"), extension=histology("8246/3")), "BOWEL"),
        (condition("", (ICD, "C18.2"), extension=histology("8720/3")), "MEL"),
        (condition("Malignant neoplasm of lung", extension=histology("35917007", SNOMED)), "LUAD"),
        (condition("Adenocarcinoma", bodySite=[{"text": "Upper lobe of lung"}]), "LUAD"),
        (condition("", (SNOMED, "363346000"), bodySite=[{"coding": [{"system": SNOMED, "code": "39607008"}]}]), "LUNG"),
        (condition("Dedifferentiated liposarcoma", (ICD, "C64.9")), "DDLS"),
    ],
)
def test_site_and_histology_together_name_a_tumour(diagnosis: dict[str, Any], term: str) -> None:
    assert [t.term for t in read(diagnosis).tumours] == [term]


@pytest.mark.parametrize(
    ("diagnosis", "term"),
    [
        (condition("Breast cancer", (ICD, "C34.91")), None),
        (condition("Lung squamous cell carcinoma", (SNOMED, "254626006")), "NSCLC"),
        (condition("Rectal cancer", (ICD, "C18.9")), "READ"),
    ],
)
def test_code_and_text_that_contradict_each_other_leave_what_they_share(
    diagnosis: dict[str, Any], term: str | None
) -> None:
    assert [t.term for t in read(diagnosis).tumours] == [term]


def test_the_narrower_of_code_and_text_counts() -> None:
    assert [t.term for t in read(condition("Lung adenocarcinoma", (ICD, "C34.91"))).tumours] == ["LUAD"]


@pytest.mark.parametrize(
    ("coded", "site"),
    [
        ((ICD, "C79.31"), "brain"),
        ((ICD, "C787"), "liver"),
        ((ICD_10_GM, "C79.3+"), "brain"),
        ((ICD_9, "197.7"), "liver"),
        ((ICD, "C77.1"), "lymph node"),
        ((ICD, "C80.0"), "unknown"),
        ((ICD_O, "8140/6"), "unknown"),
    ],
)
def test_a_secondary_code_is_a_metastasis(coded: tuple[str, str], site: str) -> None:
    found = read(condition("", coded))
    assert (found.tumours, [m.site for m in found.metastases]) == ([], [site])


def test_a_condition_of_the_profile_of_secondary_cancers_is_a_metastasis() -> None:
    profile = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-secondary-cancer-condition"
    found = read(condition("Malignant neoplasm of liver", meta={"profile": [profile]}))
    assert (found.tumours, [m.site for m in found.metastases]) == ([], ["liver"])


@pytest.mark.parametrize(
    ("resource", "active", "certain"),
    [
        (condition("Lung cancer", status="resolved"), False, True),
        (condition("Lung cancer", status="remission"), False, True),
        (condition("Lung cancer", status=""), None, True),
        (condition("History of lung cancer", status=""), False, True),
        (condition("Suspected lung cancer"), True, False),
        (condition("Lung cancer", verificationStatus={"coding": [{"code": "provisional"}]}), True, False),
        (condition("V.a. Lungenkarzinom"), True, False),
        (condition("?Lung cancer"), True, False),
        (condition("Concern for lung cancer"), True, False),
        (condition("Lung cancer with possible brain metastases"), True, True),
        (condition("Neoplasm of uncertain behavior of lung"), True, False),
        (condition("Z.n. Mammakarzinom"), False, True),
        (condition("Personal history of malignant neoplasm of breast"), False, True),
        (condition("Acute myeloid leukemia in remission"), False, True),
        (condition("History of stage IV colon cancer"), None, True),
        (condition("Lung cancer s/p resection"), True, True),
        (condition("Lung cancer", status="", abatementString="2019"), False, True),
        (condition("Lung cancer", status="", abatementBoolean=False), None, True),
        (condition("Lung cancer", status="", clinicalStatus={"text": "Resolved"}), False, True),
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
        condition("Lung cancer", verificationStatus={"text": "Refuted"}),
        condition("", (SNOMED, "429740004")),
        condition("Mother with breast cancer"),
        condition("Lung cancer in mother"),
        condition("No evidence of lung cancer"),
        condition("Ruled out lung cancer"),
        condition("Colon cancer screening"),
        condition("Ausschluss Bronchialkarzinom"),
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


@pytest.mark.parametrize(
    "text",
    [
        "Cancer pain",
        "Anemia due to malignant neoplasm",
        "Chemotherapy-induced neuropathy due to lung cancer",
        "Tumor lysis syndrome",
        "Malignant hypertension",
        "Encounter for follow-up after treatment for malignant neoplasm",
        "Carcinoma in situ of breast",
        "Gutartige Neubildung des Kolons",
    ],
)
def test_what_only_mentions_a_cancer_is_none(text: str) -> None:
    found = read(condition(text))
    assert (found.tumours, len(found.comorbidities)) == ([], 1)


@pytest.mark.parametrize(
    ("letter", "read_as"), [("G", (True, None)), ("V", (False, None)), ("Z", (True, False)), ("A", None)]
)
def test_the_certainty_of_a_german_coding_counts(letter: str, read_as: tuple[bool, bool | None] | None) -> None:
    sure = {"url": "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit", "valueCoding": {"code": letter}}
    coding = {"system": ICD_10_GM, "code": "C34.1", "extension": [sure]}
    found = read({"resourceType": "Condition", "id": "c", "code": {"coding": [coding]}})
    assert [(t.certain, t.active) for t in found.tumours] == ([read_as] if read_as else [])


def test_a_condition_without_text_or_code_is_counted_as_unread() -> None:
    assert read({"resourceType": "Condition", "id": "x"}).unread == 1


def test_the_stage_beside_the_diagnosis_gives_the_extent() -> None:
    staged = condition("Lung adenocarcinoma", stage=[{"summary": {"text": "Stage IVA"}}])
    (tumour,) = read(staged).tumours
    assert (tumour.extent, tumour.stage) == (Extent.METASTATIC, "IVA")


STAGES = [
    ("IVA", Extent.METASTATIC, "IVA"),
    ("3B", Extent.LOCALLY_ADVANCED, "IIIB"),
    ("Stadium II", Extent.EARLY, "II"),
    ("American Joint Committee on Cancer stage IIIA (qualifier value)", Extent.UNKNOWN, "IIIA"),
    ("cT2 cN2 cM1b", Extent.METASTATIC, None),
    ("T4N2M0", Extent.UNKNOWN, None),
    ("Grade 4", Extent.UNKNOWN, None),
]


@pytest.mark.parametrize(("stated", "extent", "group"), STAGES)
def test_a_stage_is_read_however_long_the_name_of_the_diagnosis(stated: str, extent: Extent, group: str | None) -> None:
    name = "Primary malignant neoplasm of upper lobe of left lung, adenocarcinoma (disorder)"
    (tumour,) = read(condition(name, stage=[{"summary": {"text": stated}}])).tumours
    assert (tumour.extent, tumour.stage) == (extent, group)


def observation(code: str, text: str, system: str = "http://loinc.org", **more: Any) -> dict[str, Any]:
    about = {"coding": [{"system": system, "code": code}]}
    value = {"valueCodeableConcept": {"text": text}}
    return {"resourceType": "Observation", "id": "o", "status": "final", "code": about, **value, **more}


@pytest.mark.parametrize(
    ("staging", "extent"),
    [
        (observation("21908-9", "Stage IVB"), Extent.METASTATIC),
        (observation("399588009", "IIIB", SNOMED), Extent.LOCALLY_ADVANCED),
        (observation("21907-1", "cM1"), Extent.METASTATIC),
        (observation("371497001", "pM1a", SNOMED), Extent.METASTATIC),
        (observation("399387003", "1229904003", SNOMED), Extent.METASTATIC),
        (observation("21907-1", "cM0"), Extent.UNKNOWN),
        (observation("21908-9", "Stage IV", status="entered-in-error"), Extent.UNKNOWN),
        (observation("21908-9", "Stage IV", focus=[{"reference": "Condition/other"}]), Extent.UNKNOWN),
        (observation("21908-9", "Stage IV", focus=[{"reference": "Condition/c"}]), Extent.METASTATIC),
        ({**observation("", ""), "code": {"text": "TNM"}, "valueString": "pT4aN2bM1a"}, Extent.METASTATIC),
    ],
)
def test_staging_observations_give_the_extent_of_the_tumour_they_belong_to(
    staging: dict[str, Any], extent: Extent
) -> None:
    (tumour,) = read(condition("Lung adenocarcinoma"), staging).tumours
    assert tumour.extent is extent


def test_a_stage_without_a_focus_belongs_to_nobody_where_there_are_two_tumours() -> None:
    found = read(condition("Lung cancer"), condition("Prostate cancer"), observation("21908-9", "Stage IV"))
    assert [tumour.extent for tumour in found.tumours] == [Extent.UNKNOWN, Extent.UNKNOWN]


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("89262-0", {"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "422512005"}]}}, [("ECOG", 1)]),
        ("423740007", {"valueCodeableConcept": {"text": "ECOG 1 - restricted in strenuous activity"}}, [("ECOG", 1)]),
        ("89247-1", {"valueString": "ECOG performance status: 2"}, [("ECOG", 2)]),
        ("89247-1", {"valueString": "0-1"}, []),
        ("89247-1", {"interpretation": [{"coding": [{"code": "LA9622-7"}]}]}, [("ECOG", 0)]),
        ("89243-0", {"valueCodeableConcept": {"coding": [{"code": "LA29176-7"}]}}, [("Karnofsky", 90)]),
        ("89243-0", {"valueString": "70 %"}, [("Karnofsky", 70)]),
        ("89243-0", {"valueQuantity": {"value": 110}}, []),
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


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("Heart failure with reduced ejection fraction (HFrEF)", "heart-failure"),
        ("Chronic diastolic (congestive) heart failure", "heart-failure"),
        ("Acute on chronic systolic heart failure", "heart-failure"),
        ("Herzinsuffizienz", "heart-failure"),
        ("Congenital long QT syndrome type 1", "congenital-long-qt"),
        ("Pembrolizumab-induced pneumonitis", "ild"),
        ("Normal pregnancy (finding)", "pregnancy"),
        ("Not pregnant", None),
        ("Pregnancy test negative", None),
        ("Risk of pneumonitis", None),
        ("Ectopic pregnancy", None),
        ("Hepatitis B", None),
    ],
)
def test_a_condition_is_known_within_a_longer_name_unless_that_denies_it(text: str, term: str | None) -> None:
    assert [c.term for c in read(condition(text)).comorbidities] == [term]


@pytest.mark.parametrize(
    ("coded", "term"),
    [
        ((ICD, "I5022"), "heart-failure"),
        ((ICD_9, "428.0"), "heart-failure"),
        ((ICD_9, "426.82"), "long-qt"),
        ((ICD, "Z34.90"), "pregnancy"),
        ((ICD, "E83.42"), "electrolyte-disorder"),
        ((ICD, "R00.1"), "bradyarrhythmia"),
    ],
)
def test_a_condition_is_known_by_its_code(coded: tuple[str, str], term: str) -> None:
    assert [c.term for c in read(condition("", coded)).comorbidities] == [term]
