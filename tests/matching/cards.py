"""Small cards for tests: a complete therapy card that any part can be changed of, and a library of some cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cds_targets.facts.record import PatientRecord
from cds_targets.library.definition import CardDefinition
from cds_targets.library.library import Library
from cds_targets.library.patient import ExamplePatient
from cds_targets.matching.example import build_record
from cds_targets.matching.finding import Finding, Findings, evaluate, find
from tests.fhir.observations import terms

G12C = {"variant": {"gene": "KRAS", "protein": "G12C", "as": "found"}}
LUNG = {"tumour": {"is": "NSCLC"}}


def written(**changes: Any) -> dict[str, Any]:
    """A therapy card as its file would hold it; a change to `...` leaves the key out."""
    card: dict[str, Any] = {
        "id": "kras-g12c-lung",
        "title": "KRAS G12C in lung cancer",
        "kind": "therapy",
        "status": "draft",
        "version": 1,
        "reviewed": {"by": [], "date": None},
        "review_by": "2027-06-01",
        "hooks": ["patient-view"],
        "when": [G12C, LUNG],
        "if_unknown": "say-so",
        "therapies": ["sotorasib", "adagrasib"],
        "strength": {"regulatory": {"status": "accelerated", "agency": "FDA"}},
        "card": {"indicator": "info", "summary": "{found.change}: an inhibitor is an option",
                 "detail": "{found.change}."},
        "evidence": {
            "label": {"cite": "A label", "says": "What it says.", "url": "https://label.example.org", "kind": "label"}
        },
        "examples": [
            {"name": "Ada", "patient": {"tumour": "LUAD", "variants": ["KRAS G12C"]}, "expect": "shown"},
            {"name": "no G12C", "patient": {"tumour": "LUAD", "wild_type": ["KRAS"]}, "expect": "silent",
             "stopped_by": "variant"},
            {"name": "colon", "patient": {"tumour": "COADREAD", "variants": ["KRAS G12C"]}, "expect": "silent",
             "stopped_by": "tumour"},
            {"name": "not tested", "patient": {"tumour": "LUAD"}, "expect": "unknown", "missing": "variant"},
        ],
    }  # fmt: skip
    return {key: value for key, value in {**card, **changes}.items() if value is not ...}


def card(**changes: Any) -> CardDefinition:
    """That card as an object."""
    return CardDefinition.model_validate(written(**changes))


def library(*cards: CardDefinition) -> Library:
    """A library of these cards."""
    return Library(tuple(sorted(cards, key=lambda c: c.id)), terms(), {}, "", Path())


def patient(**short: Any) -> PatientRecord:
    """The record of a patient in short form."""
    return build_record(ExamplePatient.model_validate(short), terms())


ADA: dict[str, Any] = {"tumour": "LUAD", "extent": "metastatic", "variants": ["KRAS G12C"]}


def judged(definition: CardDefinition, **short: Any) -> Finding:
    """One card for one patient."""
    return evaluate(definition, patient(**short), terms())


def found(*cards: CardDefinition, hook: str = "patient-view", **short: Any) -> Findings:
    """What these cards say of a patient."""
    return find(library(*cards), patient(**short), hook)
