"""Tumour types named in the words of a diagnosis."""

from __future__ import annotations

import pytest

from tests.trials.records import library


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Squamous non-small cell lung cancer", "LUSC"),
        ("Non-squamous non-small cell lung cancer", "nonsquamous-nsclc"),
        ("Stage IV nonsquamous NSCLC", "nonsquamous-nsclc"),
        ("Large cell carcinoma of lung", "LCLC"),
        ("Malignant neoplasm of head of pancreas", "PANCREAS"),
        ("Myxoid liposarcoma", "MRLS"),
        ("DDLPS", "DDLS"),
        ("Undifferentiated pleomorphic sarcoma", "MFH"),
        ("Malignant peripheral nerve sheath tumour", "MPNST"),
        ("Acute myeloid leukaemia", "AML"),
        ("Myelodysplastic syndrome", "MDS"),
        ("Post-polycythaemia vera myelofibrosis", "PVMF"),
        ("Post-essential thrombocythemia myelofibrosis", "ETMF"),
        ("Polycythemia vera", "PV"),
        ("T-prolymphocytic leukemia", "TPLL"),
        ("Diffuse large B-cell lymphoma", "DLBCLNOS"),
        ("Multiple myeloma", "PCM"),
        ("Uterine serous carcinoma", "USC"),
        ("Carcinoma of endometrium", "UCEC"),
        ("Salivary gland cancer", "SACA"),
        ("High grade serous ovarian carcinoma", "HGSOC"),
        ("Adenocarcinoma of appendix", "APAD"),
    ],
)
def test_a_tumour_is_found_in_the_words_of_a_diagnosis(written: str, code: str) -> None:
    assert library().terms.tumours.in_text(written) == code


def test_non_squamous_lung_cancer_is_no_squamous_one() -> None:
    tumours = library().terms.tumours
    assert tumours.is_a("nonsquamous-nsclc", "NSCLC")
    assert not tumours.may_be("nonsquamous-nsclc", "LUSC")
