"""`cds-targets check`: every rule a card, term or study file must keep, and every example inside them."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_targets.errors import ContentError, Problem

if TYPE_CHECKING:
    from cds_targets.library.library import Library


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day against which reviews lapse (today).")
@click.pass_context
def check(context: click.Context, files: tuple[Path, ...], as_of: object) -> None:
    """Check cards, terms and studies, and run the examples inside them.

    Everything is read, since a card can depend on any other; with FILES only their problems are shown.

    \b
    Exit codes: 0 nothing found, 1 problems (file:line: sentence), 2 could not run.
    Examples:
      cds-targets check
      cds-targets check cards/toxicity/*.yaml
    """
    from cds_targets.library.library import content_folder
    from cds_targets.settings import Settings

    folder = content_folder(Settings.from_environment(os.environ).cards)
    day = getattr(as_of, "date", date.today)()
    problems, summary = problems_of(folder, day)
    if files:
        shown = {_as_shown(path, folder) for path in files}
        problems = [problem for problem in problems if problem.file in shown]
    for problem in problems:
        click.echo(str(problem))
    click.echo(f"{summary}: {len(problems) or 'no'} problem{'' if len(problems) == 1 else 's'}")
    context.exit(1 if problems else 0)


def problems_of(folder: Path, day: date) -> tuple[list[Problem], str]:
    """Every problem of a content folder on `day`, and what was looked at in words."""
    from cds_targets.library.checks import check_library
    from cds_targets.library.library import load_library
    from cds_targets.matching.examples import check_examples
    from cds_targets.trials.checks import check_studies
    from cds_targets.trials.study import load_studies

    try:
        library = load_library(folder)
        studies, documents = load_studies(folder / "trials")
    except ContentError as error:
        return error.problems, "content that cannot be loaded"
    found = [
        *check_library(library, day),
        *check_examples(library),
        *check_studies(studies, documents, library),
    ]
    return sorted(set(found), key=lambda p: (p.file, p.line, p.message)), _counted(library, len(studies))


def _counted(library: Library, studies: int) -> str:
    examples = sum(len(card.examples) for card in library.cards)
    return f"{len(library.cards)} cards with {examples} examples, {studies} studies"


def _as_shown(path: Path, folder: Path) -> str:
    """A path as problems name it: from `cards/` on."""
    resolved = path.resolve()
    inside = resolved.relative_to(folder.resolve()) if resolved.is_relative_to(folder.resolve()) else Path(path.name)
    return f"cards/{inside.as_posix()}"
