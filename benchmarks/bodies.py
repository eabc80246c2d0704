"""Calls with many variants: one driver, the rest passengers, twelve components each."""

from __future__ import annotations

from typing import Any

import orjson

from cds_targets.fhir import codes

_BASES = "ACGT"
_DRIVER = ("LA6668-3", "Pathogenic")
_PASSENGER = ("LA26333-7", "Uncertain significance")
_RESIDUES = ("Ala", "Arg", "Asn", "Asp", "Cys", "Gln", "Glu", "Gly", "His", "Ile", "Leu", "Lys", "Met", "Phe", "Ser")


def call(genes: list[tuple[str, str]], variants: int) -> bytes:
    """A patient-view body with `variants` variant Observations over `genes` (HGNC id, symbol)."""
    entries = [_entry(_variant(0, "HGNC:6407", "KRAS", "p.Gly12Cys", "c.34G>T"))]
    for number in range(1, variants):
        identity, symbol = genes[number % len(genes)]
        first, second = _RESIDUES[number % 15], _RESIDUES[(number + 7) % 15]
        change = f"c.{3 * number + 697}{_BASES[number % 4]}>{_BASES[(number + 1) % 4]}"
        entries.append(_entry(_variant(number, identity, symbol, f"p.{first}{number + 233}{second}", change)))
    diagnosis = {
        "resourceType": "Condition",
        "id": "diagnosis",
        "subject": {"reference": "Patient/ada"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": "Lung adenocarcinoma, metastatic"},
    }
    given = {
        "resourceType": "MedicationAdministration",
        "id": "given",
        "status": "completed",
        "subject": {"reference": "Patient/ada"},
        "medicationCodeableConcept": {"text": "pembrolizumab"},
        "effectivePeriod": {"start": "2025-03-01", "end": "2025-09-01"},
    }
    empty = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    body = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/dr-berg", "patientId": "ada"},
        "prefetch": {
            "patient": {"resourceType": "Patient", "id": "ada", "birthDate": "1957-05-11"},
            "observations": {"resourceType": "Bundle", "type": "searchset", "total": variants, "entry": entries},
            "variants": empty,
            "measurements": empty,
            "conditions": {"resourceType": "Bundle", "type": "searchset", "total": 1, "entry": [_entry(diagnosis)]},
            "medicationRequests": empty,
            "medicationStatements": empty,
            "medicationAdministrations": {"resourceType": "Bundle", "type": "searchset", "entry": [_entry(given)]},
            "reports": empty,
        },
    }
    return orjson.dumps(body)


def _entry(resource: dict[str, Any]) -> dict[str, Any]:
    url = f"https://ehr.example.org/fhir/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": "match"}}


def _variant(number: int, gene_id: str, gene: str, protein: str, coding: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"variant-{number}",
        "meta": {"profile": ["http://hl7.org/fhir/uv/genomics-reporting/StructureDefinition/variant"]},
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
        ],
        "code": {"coding": [{"system": codes.LOINC, "code": codes.VARIANT, "display": "Genetic variant assessment"}]},
        "subject": {"reference": "Patient/ada"},
        "effectiveDateTime": "2026-01-15",
        "valueCodeableConcept": {"coding": [{"system": codes.LOINC, "code": "LA9633-4", "display": "Present"}]},
        "component": [
            _coded(codes.GENE, "http://www.genenames.org/geneId", gene_id, gene),
            _coded(codes.PROTEIN, "http://varnomen.hgvs.org", protein, protein),
            _coded(codes.CDNA, "http://varnomen.hgvs.org", coding, coding),
            _coded(codes.GENOMIC_HGVS, "http://varnomen.hgvs.org", f"g.{1_000_000 + number}C>A", ""),
            _coded(codes.TRANSCRIPT, "http://www.ncbi.nlm.nih.gov/nuccore", f"NM_{number:06d}.5", ""),
            _coded(codes.SOURCE_CLASS, codes.LOINC, "LA6684-0", "Somatic"),
            _quantity(codes.VAF, 0.01 * (number % 60 + 5), "1"),
            _coded(codes.CHANGE_TYPE, "http://www.sequenceontology.org", "SO:1000008", "point_mutation"),
            _coded(codes.AMINO_ACID_CHANGE_TYPE, codes.LOINC, "LA6698-0", "Missense"),
            _coded(codes.SIGNIFICANCE, codes.LOINC, *(_DRIVER if number == 0 else _PASSENGER)),
            _text(codes.REF_ALLELE, coding[-3]),
            _text(codes.ALT_ALLELE, coding[-1]),
        ],
    }


def _named(code: str) -> dict[str, Any]:
    return {"coding": [{"system": codes.LOINC, "code": code}]}


def _coded(code: str, system: str, value: str, display: str) -> dict[str, Any]:
    coding = {"system": system, "code": value} | ({"display": display} if display else {})
    return {"code": _named(code), "valueCodeableConcept": {"coding": [coding]}}


def _quantity(code: str, value: float, unit: str) -> dict[str, Any]:
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {"code": _named(code), "valueQuantity": quantity}


def _text(code: str, value: str) -> dict[str, Any]:
    return {"code": _named(code), "valueString": value}
