"""Judging a line, and a card's lines, for one patient. One function per condition, found by the condition's type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from cds_targets.facts.record import PatientRecord
from cds_targets.library.conditions import (
    Age,
    AnyOf,
    BiomarkerIs,
    Condition,
    CopyNumberIs,
    FusionIs,
    HadAll,
    HadTherapy,
    HasCondition,
    LabDone,
    LabDue,
    LabIs,
    LabMissing,
    LabRise,
    LabUnclear,
    Line,
    MetastasisIn,
    NotTested,
    OnTherapy,
    Ordering,
    OrderingTest,
    PerformanceIs,
    PriorLines,
    Sex,
    StartedAfter,
    TumourIs,
    VariantIs,
    WildType,
)
from cds_targets.matching import clinical_conditions as clinical
from cds_targets.matching import genomic_conditions as genomic
from cds_targets.matching import lab_conditions as lab
from cds_targets.matching import treatment_conditions as treatment
from cds_targets.matching import variant_conditions as variant
from cds_targets.matching.case import Case, listed, unlisted
from cds_targets.matching.verdict import Verdict, all_of, any_of, none_of
from cds_targets.terms import Terms

JUDGES: dict[type[Condition], Callable[[Any, Case], Verdict]] = {
    Ordering: treatment.judge_ordering,
    OrderingTest: treatment.judge_ordering_test,
    HadTherapy: treatment.judge_had_therapy,
    HadAll: treatment.judge_had_all,
    OnTherapy: treatment.judge_on_therapy,
    StartedAfter: treatment.judge_started_after,
    PriorLines: treatment.judge_prior_lines,
    VariantIs: variant.judge_variant,
    FusionIs: genomic.judge_fusion,
    CopyNumberIs: genomic.judge_copy_number,
    BiomarkerIs: genomic.judge_biomarker,
    WildType: variant.judge_wild_type,
    NotTested: variant.judge_not_tested,
    TumourIs: clinical.judge_tumour,
    HasCondition: clinical.judge_condition,
    MetastasisIn: clinical.judge_metastasis,
    LabIs: lab.judge_lab,
    LabRise: lab.judge_lab_rise,
    LabDone: lab.judge_lab_done,
    LabMissing: lab.judge_lab_missing,
    LabDue: lab.judge_lab_due,
    LabUnclear: lab.judge_lab_unclear,
    Age: clinical.judge_age,
    Sex: clinical.judge_sex,
    PerformanceIs: clinical.judge_performance,
}


def judge_line(line: Line, record: PatientRecord, terms: Terms) -> Verdict:
    """One line of a card or study."""
    return _judge(line, Case(record, terms))


def judge_lines(when: Iterable[Line], unless: Iterable[Line], record: PatientRecord, terms: Terms) -> Verdict:
    """All lines must hold and no exception may; the children are the lines, then the `unless` part if there is one."""
    case = Case(record, terms)
    parts = [_judge(line, case) for line in when]
    exceptions = [_judge(line, case) for line in unless]
    if exceptions:
        parts.append(none_of(exceptions))
    return all_of("all", parts)


def _judge(line: Line, case: Case) -> Verdict:
    if isinstance(line, AnyOf):
        found = any_of("any", [JUDGES[type(part)](part, case) for part in line.lines])
        return replace(found, values=_together(found))
    return JUDGES[type(line)](line, case)


def _together(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """What several of the lines found under one name, where it can be told in one breath: `.drug` and `.what`."""
    found: dict[str, list[str]] = {}
    for key, value in (pair for child in verdict.children for pair in child.values):
        if key.endswith(".drug"):
            found.setdefault(key, []).extend(unlisted(value))
        elif key.endswith(".what"):
            found.setdefault(key, []).append(value)
    return tuple(
        (key, listed(words, "and") if key.endswith(".drug") else "; ".join(dict.fromkeys(words)))
        for key, words in found.items()
    )
