"""Checks of study files: known words, reasons, examples."""

from __future__ import annotations

from cds_targets.errors import Problem
from cds_targets.facts.protein import ProteinChangeError
from cds_targets.library.checks import unknown_words
from cds_targets.library.conditions import AnyOf, Condition
from cds_targets.library.definition import WrittenLine
from cds_targets.library.library import Library
from cds_targets.matching.example import ExampleError, build_record
from cds_targets.matching.verdict import Outcome
from cds_targets.trials.match import match_studies
from cds_targets.trials.study import Study
from cds_targets.yaml_source import Document

_ANSWER = {Outcome.MET: "match", Outcome.UNKNOWN: "unknown"}


def check_studies(studies: list[Study], documents: dict[str, Document], library: Library) -> list[Problem]:
    """Every problem of every study file."""
    return [problem for study in studies for problem in _check(study, documents[study.nct], library)]


def _check(study: Study, document: Document, library: Library) -> list[Problem]:
    problems = []
    for index, arm in enumerate(study.arms):
        for drug in arm.drugs:
            if drug not in library.terms.drugs.by_name:
                problems.append(document.problem(("arms", index, "drugs"), f"{drug!r} is no drug of cards/terms"))
        for written in (*arm.when, *arm.unless):
            for condition in _conditions(written):
                for kind, word in unknown_words(condition, library):
                    problems.append(document.problem(("arms", index), f"{word!r} is no {kind} of cards/terms"))
                if condition.because not in study.evidence:
                    message = f"{condition.word} says no `because:` that is an evidence entry"
                    problems.append(document.problem(("arms", index), message))
    if not problems:
        problems.extend(_examples(study, document, library))
    return problems


def _conditions(written: WrittenLine) -> tuple[Condition, ...]:
    line = written.line
    return line.lines if isinstance(line, AnyOf) else (line,)


def _examples(study: Study, document: Document, library: Library) -> list[Problem]:
    problems = []
    for index, example in enumerate(study.examples):
        place = ("examples", index)
        try:
            record = build_record(example.patient, library.terms)
        except (ExampleError, ProteinChangeError) as error:
            problems.append(document.problem(place, f"{example.name}: {error}"))
            continue
        forced = study.model_copy(update={"status": study.status.model_copy(update={"word": "recruiting"})})
        matches = match_studies([forced], record, library.terms)
        answer = _ANSWER[matches[0].outcome] if matches else "no"
        if answer != example.expect:
            why = "; ".join(v.sentence for v in matches[0].criteria) if matches else "ruled out"
            problems.append(document.problem(place, f"{example.name}: expected {example.expect}, got {answer} ({why})"))
    return problems
