"""Matching a patient against studies: every criterion met, not met or open; the best arm speaks for the study."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cds_targets.facts.record import PatientRecord
from cds_targets.library.conditions import (
    AnyOf,
    BiomarkerIs,
    Condition,
    CopyNumberIs,
    FusionIs,
    Line,
    TumourIs,
    VariantIs,
    WildType,
)
from cds_targets.matching.judge import judge_line
from cds_targets.matching.verdict import Outcome, Verdict, inverted
from cds_targets.terms import Terms
from cds_targets.trials.study import Arm, Study

STALE_AFTER = date(2025, 12, 31)
_GENOMIC = (VariantIs, FusionIs, CopyNumberIs, BiomarkerIs, WildType)


@dataclass(frozen=True, slots=True)
class StudyMatch:
    """A study that may fit: `outcome` MET is a potential match, UNKNOWN one whose tumour or gene cannot be told."""

    study: Study
    arm: Arm
    outcome: Outcome
    criteria: tuple[Verdict, ...]

    @property
    def open_points(self) -> tuple[str, ...]:
        """What must be found out, a sentence each."""
        return tuple(dict.fromkeys(v.sentence for v in self.criteria if v.outcome is Outcome.UNKNOWN))

    @property
    def met_points(self) -> tuple[str, ...]:
        """What speaks for the match."""
        return tuple(dict.fromkeys(v.sentence for v in self.criteria if v.outcome is Outcome.MET))


def match_studies(studies: Iterable[Study], record: PatientRecord, terms: Terms) -> list[StudyMatch]:
    """Studies that are open and not ruled out, all-met first, then by open points, phase and number."""
    found = []
    for study in studies:
        if study.open:
            arms = [match for arm in study.arms if (match := _match_arm(study, arm, record, terms)) is not None]
            if arms:
                found.append(min(arms, key=_rank))
    return sorted(found, key=_rank)


def _rank(match: StudyMatch) -> tuple[bool, int, int, str]:
    phase = max((int(digit) for digit in match.study.phase if digit.isdigit()), default=0)
    return match.outcome is not Outcome.MET, len(match.open_points), -phase, match.study.nct


def _match_arm(study: Study, arm: Arm, record: PatientRecord, terms: Terms) -> StudyMatch | None:
    """None when a criterion is not met, or when neither the tumour nor the gene is established."""
    criteria: list[Verdict] = []
    tumour: list[Outcome] = []
    genomic: list[Outcome] = []
    lines: list[tuple[Line, bool]] = [(written.line, False) for written in arm.when]
    lines += [(written.line, True) for written in arm.unless]
    for line, exception in lines:
        verdict = judge_line(line, record, terms)
        if exception:
            verdict = inverted(verdict)
        if verdict.outcome is Outcome.NOT_MET:
            return None
        criteria.append(verdict)
        if _is_about(line, (TumourIs,)):
            tumour.append(verdict.outcome)
        elif _is_about(line, _GENOMIC):
            genomic.append(verdict.outcome)
    deciding = {*tumour, *genomic}
    if Outcome.UNKNOWN not in deciding:
        return StudyMatch(study, arm, Outcome.MET, tuple(criteria))
    if Outcome.MET in deciding:
        return StudyMatch(study, arm, Outcome.UNKNOWN, tuple(criteria))
    return None


def _is_about(line: Line, kinds: tuple[type[Condition], ...]) -> bool:
    parts = line.lines if isinstance(line, AnyOf) else (line,)
    return any(isinstance(part, kinds) for part in parts)


def status_sentence(study: Study) -> str:
    """The status with its date, and "verify" once it is old."""
    status = study.status
    verify = ": verify" if status.as_of <= STALE_AFTER else ""
    return f"{status.word} as of {status.as_of.isoformat()}{verify}"
