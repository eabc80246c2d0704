"""Running the examples inside the cards: each must come out as it says, stopped or left open by the line it names."""

from __future__ import annotations

from collections.abc import Iterator

from cds_targets.errors import Problem
from cds_targets.facts.protein import ProteinChangeError
from cds_targets.library.definition import CardDefinition, Example
from cds_targets.library.library import Library
from cds_targets.matching.example import ExampleError, build_record
from cds_targets.matching.finding import Finding, evaluate
from cds_targets.matching.verdict import Outcome, Verdict
from cds_targets.matching.wording import wording

_EXPECTED = {"shown": Outcome.MET, "silent": Outcome.NOT_MET, "unknown": Outcome.UNKNOWN}


def check_examples(library: Library) -> list[Problem]:
    """Every example of every card that does not come out as written."""
    return [problem for card in library.cards for problem in _check_card(card, library)]


def _check_card(card: CardDefinition, library: Library) -> Iterator[Problem]:
    document = library.documents[card.id]
    for index, example in enumerate(card.examples):
        for message in run_example(card, example, library):
            yield document.problem(("examples", index), f"{example.name}: {message}")


def run_example(card: CardDefinition, example: Example, library: Library) -> Iterator[str]:
    """What is wrong with one example; nothing if it holds."""
    try:
        record = build_record(example.patient, library.terms)
    except (ExampleError, ProteinChangeError) as error:
        yield str(error)
        return
    finding = evaluate(card, record, library.terms)
    outcome = finding.verdict.outcome
    if outcome is not _EXPECTED[example.expect]:
        yield f"expected {example.expect}, but it is {_said(finding)}"
        return
    if example.stopped_by is not None and example.stopped_by not in _words(finding.verdict, Outcome.NOT_MET):
        yield f"expected to be stopped by {example.stopped_by}, but it is {_said(finding)}"
    if example.missing is not None and example.missing not in _words(finding.verdict, Outcome.UNKNOWN):
        yield f"expected {example.missing} to be unknown, but it is {_said(finding)}"
    yield from _check_text(example, finding)


def _check_text(example: Example, finding: Finding) -> Iterator[str]:
    text = wording(finding).text
    for words in _listed(example.says):
        if words not in text:
            yield f"expected the card to say {words!r}; it says {text!r}"
    for words in _listed(example.never_says):
        if words in text:
            yield f"the card must not say {words!r}"


def _listed(value: tuple[str, ...] | str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _words(verdict: Verdict, outcome: Outcome) -> set[str]:
    """The words of the top lines with that outcome; an `unless` line goes by `unless word` and by `word`."""
    words: set[str] = set()
    for line in verdict.children:
        parts = line.children if line.condition == "unless" else (line,)
        for part in parts:
            if part.outcome is outcome:
                words |= {part.condition, part.condition.removeprefix("unless ")}
                words |= {child.condition for child in part.children if child.outcome is outcome}
    return words


def _said(finding: Finding) -> str:
    deciding = [
        f"{leaf.condition}: {leaf.sentence}"
        for leaf in finding.verdict.leaves()
        if leaf.outcome is finding.verdict.outcome
    ]
    return f"{finding.verdict.outcome.value} ({' | '.join(deciding)})"
