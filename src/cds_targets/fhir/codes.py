"""Every code and code system of FHIR, LOINC, SNOMED CT ... that the readers know. No other module writes one.

Codes of drugs, tumours, laboratory tests and conditions are clinical content: they stand in `cards/terms/`.
"""

from __future__ import annotations

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"

# Terms' system names (see `terms.files.Codes`) by the URIs and OIDs under which they really arrive.
SYSTEMS: dict[str, str] = {
    LOINC: "loinc",
    "urn:oid:2.16.840.1.113883.6.1": "loinc",
    SNOMED: "snomed",
    "urn:oid:2.16.840.1.113883.6.96": "snomed",
    RXNORM: "rxnorm",
    "RxNorm": "rxnorm",
    "urn:oid:2.16.840.1.113883.6.88": "rxnorm",
    "http://www.whocc.no/atc": "atc",
    "http://fhir.de/CodeSystem/bfarm/atc": "atc",
    "http://fhir.de/CodeSystem/dimdi/atc": "atc",
    "http://hl7.org/fhir/sid/ndc": "ndc",
    "urn:oid:2.16.840.1.113883.6.69": "ndc",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd10cm",
    "urn:oid:2.16.840.1.113883.6.90": "icd10cm",
    "http://hl7.org/fhir/sid/icd-10": "icd10cm",
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm": "icd10cm",
    "http://fhir.de/CodeSystem/dimdi/icd-10-gm": "icd10cm",
    "http://hl7.org/fhir/sid/icd-9-cm": "icd9cm",
    "urn:oid:2.16.840.1.113883.6.103": "icd9cm",
    "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl": "ncit",
    "http://ncithesaurus-stage.nci.nih.gov": "ncit",
    "http://oncotree.mskcc.org": "oncotree",
    "https://data.mskcc.org/ontologies/oncotree": "oncotree",
    "http://data.mskcc.org/ontologies/oncotree": "oncotree",
    "http://www.ama-assn.org/go/cpt": "cpt",
}


def system_name(uri: str) -> str:
    """The terms' name of a code system, empty for one they do not use."""
    return SYSTEMS.get(uri, SYSTEMS.get(uri.rstrip("/"), ""))
