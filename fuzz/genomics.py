"""The FHIR reader and its grammars under inputs that nobody wrote.

Bytes become a text for the grammars of protein and coding changes and of presence, and a resource of JSON shapes whose
leaves are words of the genomic vocabulary or the text itself. Nothing may raise but what the grammars promise to, a
change that was read must be read again from its short form as the same, and no text may cost more than its length.

    python -m fuzz.genomics -max_total_time=600
"""

from __future__ import annotations

import sys
import time
from datetime import UTC
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["cds_targets.facts", "cds_targets.fhir"]):
    from cds_targets.facts.coding_change import find_coding
    from cds_targets.facts.protein import ProteinChangeError, parse_protein
    from cds_targets.fhir import codes
    from cds_targets.fhir.genomics import read_genomics
    from cds_targets.fhir.genomics.calls import read_call
    from cds_targets.fhir.genomics.words import answered
    from cds_targets.fhir.reading import Resources
    from cds_targets.terms import load_terms

TERMS = load_terms(Path(__file__).resolve().parents[1] / "cards" / "terms")
SECONDS_PER_KILOBYTE = 0.5  # our own bound, far above what any input needs; costs that grow with the square pass it
KEYS = (
    "resourceType", "id", "status", "code", "component", "value", "valueString", "valueCodeableConcept", "coding",
    "valueQuantity", "valueRange", "valueBoolean", "valueInteger", "valueRatio", "interpretation", "note", "text",
    "system", "display", "extension", "url", "derivedFrom", "hasMember", "result", "reference", "contained", "entry",
    "resource", "fullUrl", "meta", "versionId", "specimen", "dataAbsentReason", "low", "high", "unit", "comparator",
)  # fmt: skip
WORDS = (
    "Observation", "DiagnosticReport", "Bundle", "Parameters", "final", "entered-in-error", "KRAS", "HGNC:6407", "TP53",
    "ALK", "p.Gly12Cys", "c.34G>T", "NM_004985.5:c.34G>T", "NC_000012.12:25245350:C:A", "EML4-ALK", "fusion", "C", "A",
    "amplification", "not detected", "Wildtyp", "LA9633-4", "LA9634-2", "LA30100-4", "LA14029-5", "exon 19 deletion",
    "MSI", "TMB", "PD-L1", "HER2 IHC", "2+", "TPS 60 %", "KRAS mutation", "#v", "urn:uuid:v", "Observation/v",
    "http://loinc.org", "http://www.genenames.org/geneId",
    *sorted(value for value in vars(codes).values() if isinstance(value, str) and value[:1].isdigit()),
)  # fmt: skip


def grammars(text: str) -> None:
    """Every grammar on one text."""
    find_coding(text)
    answered(text)
    read_call("MSI", [], [text])
    try:
        change = parse_protein(text)
    except ProteinChangeError:
        return
    if change.position is not None and len(change.text) <= len(text):
        again = parse_protein(change.text)
        assert (again.kind, again.position) == (change.kind, change.position), (text, change, again)


def shaped(data: atheris.FuzzedDataProvider, text: str, depth: int = 0) -> Any:
    """A JSON value: mostly objects and lists of what stands in FHIR, at any place."""
    kind = data.ConsumeIntInRange(0, 9) if depth < 7 else 9
    if kind <= 5:
        keys = [KEYS[data.ConsumeIntInRange(0, len(KEYS) - 1)] for _ in range(data.ConsumeIntInRange(0, 5))]
        return {key: shaped(data, text, depth + 1) for key in keys}
    if kind <= 7:
        return [shaped(data, text, depth + 1) for _ in range(data.ConsumeIntInRange(0, 3))]
    leaf = data.ConsumeIntInRange(0, 7)
    if leaf <= 4:
        return WORDS[data.ConsumeIntInRange(0, len(WORDS) - 1)]
    return (text, data.ConsumeFloat(), data.ConsumeBool())[leaf - 5]


def observation(data: atheris.FuzzedDataProvider, text: str) -> dict[str, Any]:
    """A variant with components of known codes, each a text or anything."""

    def word() -> str:
        return WORDS[data.ConsumeIntInRange(0, len(WORDS) - 1)]

    def part() -> dict[str, Any]:
        value = {"valueString": text, "valueCodeableConcept": {"coding": [{"code": word(), "display": text}]}}
        code = {"coding": [{"code": word()}]}
        return {"code": code, **value} if data.ConsumeBool() else {"code": code, **as_object(shaped(data, text))}

    return {
        "resourceType": "Observation",
        "id": "v",
        "status": "final",
        "code": {"coding": [{"code": word() if data.ConsumeBool() else codes.VARIANT}], "text": word()},
        "component": [part() for _ in range(data.ConsumeIntInRange(0, 4))],
    }


def one_input(raw: bytes) -> None:
    """One round."""
    data = atheris.FuzzedDataProvider(raw)
    text = data.ConsumeUnicodeNoSurrogates(data.ConsumeIntInRange(0, 400))
    started = time.perf_counter()
    grammars(text)
    resources = Resources()
    for value in ({**observation(data, text), **as_object(shaped(data, text))}, shaped(data, text)):
        resources.add({"resourceType": "Bundle", "entry": [{"resource": value}]}, "/0")
    for fact in read_genomics(resources, TERMS, UTC).facts:
        assert fact.source.reference
    seconds = time.perf_counter() - started
    assert seconds < SECONDS_PER_KILOBYTE * (1 + len(raw) / 1000), f"{seconds:.2f} s for {len(raw)} bytes"


def as_object(value: Any) -> dict[str, Any]:
    """An object, or nothing to add."""
    return value if isinstance(value, dict) else {}


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
