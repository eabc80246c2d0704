"""Matching a patient against studies: every criterion met, not met or open; the best arm speaks for the study."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from cds_targets.facts.genomic import CopyNumber, Fusion, Presence, Variant
from cds_targets.facts.record import PatientRecord
from cds_targets.library.conditions import (
    AnyOf,
    BiomarkerIs,
    Condition,
    CopyNumberIs,
    FusionIs,
    LabIs,
    Line,
    TumourIs,
    VariantIs,
    WildType,
)
from cds_targets.matching.judge import judge_line
from cds_targets.matching.verdict import Outcome, Verdict, inverted
from cds_targets.terms import Terms
from cds_targets.trials.places import Where
from cds_targets.trials.study import Arm, Study

STALE_AFTER = date(2025, 12, 31)
_GENOMIC = (VariantIs, FusionIs, CopyNumberIs, BiomarkerIs, WildType)


@dataclass(frozen=True, slots=True)
class StudyMatch:
    """A study that may fit: `outcome` MET is a potential match; UNKNOWN: its tumour, gene or arm cannot be told."""

    study: Study
    arm: Arm
    outcome: Outcome
    criteria: tuple[Verdict, ...]
    asks: int = 0
    """How much of what the study asks for was found: its tumour type, and a change of a gene or a marker."""
    where: Where = field(default_factory=Where)

    @property
    def open_points(self) -> tuple[str, ...]:
        """What must be found out, a sentence each; what is not recorded of a tumour that fits is among it."""
        unknown = [part for v in self.criteria if v.outcome is Outcome.UNKNOWN for part in v.sentence.split("; ")]
        caveats = [
            caveat
            for v in self.criteria
            if v.outcome is Outcome.MET and v.condition == "tumour"
            for leaf in v.leaves()
            if leaf.outcome is Outcome.MET
            for caveat in leaf.caveats
        ]
        return tuple(dict.fromkeys([*unknown, *caveats]))

    @property
    def met_points(self) -> tuple[str, ...]:
        """What speaks for the match."""
        return tuple(dict.fromkeys(v.sentence for v in self.criteria if v.outcome is Outcome.MET))


def match_studies(studies: Iterable[Study], record: PatientRecord, terms: Terms) -> list[StudyMatch]:
    """Studies that are open and not ruled out: matches first, then those that ask for most of what was found (a study
    for this tumour and gene before one for any tumour), then by open points, nearest site, phase and number.

    A study whose tumour or gene cannot be told is named (as UNKNOWN) only to a patient it is about: the tumour type
    it asks for is met, or, where it takes any tumour, a finding it asks for is there (wild type is none) or
    one of its target genes is changed.
    """
    judged: dict[Line, Verdict] = {}
    found = []
    for study in studies:
        if study.open:
            arms = [match for arm in study.arms if (match := _match_arm(study, arm, record, terms, judged)) is not None]
            if arms:
                found.append(min(arms, key=rank))
    return sorted(found, key=rank)


def rank(match: StudyMatch) -> tuple[bool, int, int, int, int, str]:
    """What sorts matches: certain ones first, then what was asked for and found, open points, nearest site, phase."""
    phase = max((int(digit) for digit in match.study.phase if digit.isdigit()), default=0)
    found, unsure = match.asks, match.outcome is not Outcome.MET
    return unsure, -found, len(match.open_points), match.where.nearness, -phase, match.study.nct


def _match_arm(
    study: Study, arm: Arm, record: PatientRecord, terms: Terms, judged: dict[Line, Verdict]
) -> StudyMatch | None:
    """None when a criterion is not met, or when the study is not about this patient; `judged` spares repetition."""
    criteria: list[Verdict] = []
    deciding: set[Outcome] = set()
    typed = finding = False
    for line, exception in arm.lines:
        verdict = judged.get(line)
        if verdict is None:
            verdict = judged[line] = _judged(line, record, terms)
        if exception:
            verdict = inverted(verdict)
        if verdict.outcome is Outcome.NOT_MET:
            return None
        criteria.append(verdict)
        tumour, genomic = _is_about(line, (TumourIs,)), _is_about(line, _GENOMIC)
        if tumour or genomic:
            deciding.add(verdict.outcome)
        if verdict.outcome is Outcome.MET:
            typed = typed or (tumour and _names_a_type(line))
            finding = finding or (genomic and not _is_about(line, (WildType,)))
    if arm.unsure:
        criteria.append(Verdict("arm", Outcome.UNKNOWN, arm.unsure))
        deciding.add(Outcome.UNKNOWN)
    if Outcome.UNKNOWN not in deciding:
        return StudyMatch(study, arm, Outcome.MET, tuple(criteria), typed + finding)
    if typed or finding or _changed(study.targets, record):
        return StudyMatch(study, arm, Outcome.UNKNOWN, tuple(criteria), typed + finding)
    return None


def _judged(line: Line, record: PatientRecord, terms: Terms) -> Verdict:
    """The verdict, except that a value nobody has measured rules nobody out: before a study it is measured."""
    verdict = judge_line(line, record, terms)
    measured = not isinstance(line, LabIs) or any(lab.test in line.test for lab in record.labs)
    return verdict if measured or verdict.outcome is not Outcome.NOT_MET else replace(verdict, outcome=Outcome.UNKNOWN)


def _names_a_type(line: Line) -> bool:
    parts = line.lines if isinstance(line, AnyOf) else (line,)
    return any(isinstance(part, TumourIs) and part.is_ is not None for part in parts)


def _changed(genes: Iterable[str], record: PatientRecord) -> bool:
    """Whether a variant, fusion or copy number of one of the genes was found."""
    facts = (fact for gene in genes for fact in record.genomics.by_gene.get(gene, ()))
    return any(isinstance(fact, Variant | CopyNumber | Fusion) and fact.presence is Presence.PRESENT for fact in facts)


def _is_about(line: Line, kinds: tuple[type[Condition], ...]) -> bool:
    parts = line.lines if isinstance(line, AnyOf) else (line,)
    return any(isinstance(part, kinds) for part in parts)


def status_sentence(study: Study) -> str:
    """The status with its date, and "verify" once it is old."""
    status = study.status
    verify = ": verify" if status.as_of <= STALE_AFTER else ""
    return f"{status.word} as of {status.as_of.isoformat()}{verify}"
