"""What matching a patient against the registry costs as it grows tenfold, as a ratio."""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from cds_targets.facts.record import PatientRecord
from cds_targets.library.patient import ExamplePatient
from cds_targets.matching.example import build_record
from cds_targets.terms import Terms
from cds_targets.trials.registry import Registry

ROUNDS = 100
_CONDITIONS = ("Non-Small Cell Lung Cancer", "Colorectal Cancer", "Breast Cancer", "Melanoma", "Solid Tumor")
_CHANGES = ("KRAS G12C", "KRAS G12D", "BRAF V600E", "EGFR L858R", "PIK3CA H1047R", "MDM2 amplification")
_STATUSES = ("RECRUITING", "COMPLETED", "TERMINATED", "COMPLETED")


def ratio(terms: Terms, small: int) -> float:
    """The median over pairs of (matching against ten times `small` records / against `small` records)."""
    patient = build_record(ExamplePatient.model_validate({"tumour": "LUAD", "variants": ["KRAS G12C"]}), terms)
    with (
        tempfile.TemporaryDirectory(prefix="cds-targets-bench-") as folder,
        Registry(Path(folder) / "small") as few,
        Registry(Path(folder) / "large") as many,
    ):
        for registry, size in ((few, small), (many, 10 * small)):
            registry.import_studies(((str(n), _study(n)) for n in range(size)), terms)
            if not registry.match(patient, terms).total:
                raise SystemExit("no study was found")
        pairs = [(_seconds(few, patient, terms), _seconds(many, patient, terms)) for _ in range(ROUNDS)]
    return statistics.median(large / little for little, large in pairs)


def _study(number: int) -> dict[str, Any]:
    updated = date.fromordinal(date(2024, 1, 1).toordinal() + number % 700).isoformat()
    change = _CHANGES[number // len(_CONDITIONS) % len(_CHANGES)]
    return {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT{number:08d}", "briefTitle": f"Study {number}"},
            "statusModule": {
                "overallStatus": _STATUSES[number // 30 % len(_STATUSES)],
                "lastUpdatePostDateStruct": {"date": updated},
            },
            "conditionsModule": {"conditions": [_CONDITIONS[number % len(_CONDITIONS)]]},
            "eligibilityModule": {"eligibilityCriteria": f"Inclusion Criteria:\n* {change}", "sex": "ALL"},
        }
    }


def _seconds(registry: Registry, patient: PatientRecord, terms: Terms) -> float:
    started = time.perf_counter()
    registry.match(patient, terms)
    return time.perf_counter() - started
