"""`cds-targets explain`: why a card is shown, silent or open for a patient, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_targets.errors import CdsTargetsError

if TYPE_CHECKING:
    from cds_targets.matching.finding import Finding
    from cds_targets.matching.verdict import Verdict

_FACTS_SHOWN = 4
_SIGNS = {"met": "✓", "not met": "✗", "unknown": "?"}
_SAYS = {
    "met": "applies: the card is shown",
    "not met": "does not apply: the card is silent",
    "unknown": "cannot be told",
}


@click.command()
@click.argument("card")
@click.argument("request", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Judge as on this day (default: today).")
def explain(card: str, request: Path, as_of: datetime | None) -> None:
    """Explain why a card is shown, silent or open for the patient of a hook call.

    CARD is the card's id (the name of its file), or the NCT number of a curated study. Every line is met (✓), not met
    (✗) or unknown (?), with the resources it rests on; a line of `unless` is met when the exception does not hold.

    \b
    Exit codes: 0 explained, 2 could not run (no such card or study, no hook call).
    Example:
      cds-targets explain kras-g12c-nsclc-second-line examples/nsclc-kras-g12c/patient-view.json
    """
    from cds_targets.cli.call import day_of, loaded, read_call
    from cds_targets.matching.finding import evaluate

    advisor = loaded()
    call = read_call(request)
    record = advisor.record(call, day_of(as_of, advisor))
    definition = advisor.library.card(card)
    if definition is not None:
        finding = evaluate(definition, record, advisor.library.terms)
        click.echo(f"{definition.id}, version {definition.version}: {definition.title}")
        if call.hook not in definition.hooks:
            click.echo(f"Not asked on {call.hook}: the card belongs to {', '.join(definition.hooks)}.")
        lines = _finding_lines(finding)
    else:
        study = next((study for study in advisor.studies if study.nct.lower() == card.lower()), None)
        if study is None:
            raise CdsTargetsError(_no_such_card(card, [c.id for c in advisor.library.cards]))
        click.echo(f"{study.nct}: {study.title}")
        lines = _study_lines(study, record, advisor.library.terms)
    for line in lines:
        click.echo(line)
    gaps = record.gaps()
    if gaps:
        click.echo("\nNot seen:")
        for gap in gaps:
            click.echo(f"  {gap}")


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield f"{_SIGNS[finding.verdict.outcome]} It {_SAYS[finding.verdict.outcome]}."
    yield ""
    for child in finding.verdict.children:
        yield from tree(child, 1)
    notes = [verdict for verdict in finding.note_verdicts if verdict.outcome == "met"]
    if notes:
        yield "\nNotes that were added:"
        for verdict in notes:
            yield from tree(verdict, 1)
    if finding.applies and finding.therapies:
        yield "\nProposed: " + "; or ".join(" + ".join(regimen) for regimen in finding.therapies)
    if finding.missing:
        yield "\nWhat is missing:"
        yield from (f"  {sentence}" for sentence in finding.missing)
    elif finding.verdict.outcome == "unknown" and finding.card.if_unknown == "stay-silent":
        yield "\nThe card stays silent when it cannot be told."


def _study_lines(study: Any, record: Any, terms: Any) -> Iterator[str]:
    from cds_targets.matching.judge import judge_line
    from cds_targets.matching.verdict import inverted

    if not study.open:
        yield f"Not offered: {study.status.word} as of {study.status.as_of}."
    for arm in study.arms:
        yield f"\nArm: {arm.name}"
        for line, exception in arm.lines:
            verdict = judge_line(line, record, terms)
            yield from tree(inverted(verdict) if exception else verdict, 1)


def tree(verdict: Verdict, depth: int) -> Iterator[str]:
    """A verdict and its parts as indented lines."""
    shown = verdict.facts[:_FACTS_SHOWN]
    more = len(verdict.facts) - len(shown)
    facts = f"  [{', '.join(shown)}{f' and {more} more' if more else ''}]" if shown else ""
    sentence = verdict.sentence if not verdict.children else ""
    yield f"{'  ' * depth}{_SIGNS[verdict.outcome]} {verdict.condition}: {sentence}{facts}".rstrip(": ").rstrip()
    for caveat in verdict.caveats:
        yield f"{'  ' * (depth + 1)}but: {caveat}"
    for child in verdict.children:
        yield from tree(child, depth + 1)


def _no_such_card(card: str, known: list[str]) -> str:
    near = get_close_matches(card, known, n=3, cutoff=0.5)
    return f"there is no card or study {card!r}" + (f"; did you mean {', '.join(near)}?" if near else "")
