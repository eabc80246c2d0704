"""Observations as laboratories write them, built in a line, and the reader over them."""

from __future__ import annotations

from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

from cds_targets.facts.genomic import GenomicFact
from cds_targets.fhir.genomics import GenomicsRead, read_genomics
from cds_targets.fhir.reading import Resources
from cds_targets.terms import Terms, load_terms

LOINC = "http://loinc.org"
HGNC = "http://www.genenames.org/geneId"
PRESENT = {"coding": [{"system": LOINC, "code": "LA9633-4", "display": "Present"}]}
ABSENT = {"coding": [{"system": LOINC, "code": "LA9634-2", "display": "Absent"}]}

GENE, PROTEIN, CODING, GENOMIC, NAME = "48018-6", "48005-3", "48004-6", "81290-9", "81252-9"
TRANSCRIPT, ORIGIN, FRACTION, COPIES, TYPE = "51958-7", "48002-0", "81258-6", "82155-3", "48019-4"
REFERENCE, ALTERNATIVE, CONSEQUENCE = "69547-8", "69551-0", "molecular-consequence"


@cache
def terms() -> Terms:
    """The shipped vocabularies."""
    return load_terms(Path(__file__).resolve().parents[2] / "cards" / "terms")


def coded(code: str = "", display: str = "", system: str = "", text: str = "") -> dict[str, Any]:
    """A CodeableConcept of one coding and a text, as far as given."""
    coding = {key: value for key, value in (("system", system), ("code", code), ("display", display)) if value}
    return {**({"coding": [coding]} if coding else {}), **({"text": text} if text else {})}


def gene(symbol: str, number: str = "", system: str = HGNC) -> dict[str, Any]:
    """A gene component with id and symbol."""
    return component(GENE, coded(number, symbol, system))


def component(code: str, value: Any, key: str = "") -> dict[str, Any]:
    """A component; a text becomes a coded value, a number a Quantity."""
    if key:
        return {"code": coded(code, system=LOINC), key: value}
    if isinstance(value, str):
        return {"code": coded(code, system=LOINC), "valueCodeableConcept": coded(value)}
    if isinstance(value, int | float):
        return {"code": coded(code, system=LOINC), "valueQuantity": {"value": value}}
    return {"code": coded(code, system=LOINC), "valueCodeableConcept": value}


def observation(*components: dict[str, Any], value: Any = PRESENT, **more: Any) -> dict[str, Any]:
    """A variant Observation, present unless told otherwise (`value=None`: no value)."""
    found = {
        "resourceType": "Observation",
        "id": "v1",
        "status": "final",
        "code": coded("69548-6", system=LOINC),
        "component": list(components),
    }
    if value is not None:
        found["valueCodeableConcept"] = value
    return {**found, **more}


def read_all(*resources: Any) -> GenomicsRead:
    """The reader over resources as they stand in one Bundle."""
    taken = Resources()
    for index, resource in enumerate(resources):
        taken.add(resource, f"/entry/{index}/resource")
    return read_genomics(taken, terms(), UTC)


def read(*resources: Any) -> list[GenomicFact]:
    """The facts only."""
    return read_all(*resources).facts


def one(*resources: Any) -> Any:
    """The only fact."""
    facts = read(*resources)
    assert len(facts) == 1, facts
    return facts[0]
