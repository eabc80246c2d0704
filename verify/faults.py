"""Searches of the EHR's server fail in every way: does any answer deny what was not seen, or keep silent about it?"""

from __future__ import annotations

from collections.abc import Iterator

from tests.ehr.matrix import SERVICES, Stage, rows
from tests.test_examples import PATIENTS

from verify.figure import Figure


def figures() -> Iterator[Figure]:
    """Each prefetch key of each example patient with each fault, judged by the five services."""
    played = [row for patient in PATIENTS for row in rows(patient)]
    with Stage().open() as stage:
        wrong = [f"{row}: {problem}" for row in played for problem in stage.wrong_with(row)]
    tried = f"{len(played) * len(SERVICES)} requests under {len({row.fault for row in played})} faults"
    yield Figure("false negatives", len(wrong), tried, why=tuple(wrong))
