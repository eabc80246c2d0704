"""`cds-targets coverage`: where each fact of the review is used, or why not."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import click

from cds_targets.errors import CdsTargetsError

FACTS = 477


@click.command()
@click.argument("row", required=False)
def coverage(row: str | None) -> None:
    """Say where each fact of the review is used, or why it is not.

    Without ROW: a count for each file. With ROW (SF0001 to SF0477, or a CIViC row of resistance such as EID4072): the
    files, or the reason.

    \b
    Exit codes: 0 every fact has a place or a reason, 1 one has not, 2 could not run.
    Example:
      cds-targets coverage SF0237
    """
    from cds_targets.library.library import content_folder
    from cds_targets.settings import Settings

    folder = content_folder(Settings.from_environment(os.environ).cards)
    rows = read_map(folder / "coverage.tsv")
    if row is not None:
        rows |= read_map(folder / "civic-resistance.tsv")
        if row.upper() not in rows:
            raise CdsTargetsError(f"there is no fact {row}")
        places, note = rows[row.upper()]
        click.echo("; ".join([*places, *([note] if note else [])]))
        return
    counted = Counter(place for places, _ in rows.values() for place in places)
    for place, count in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
        click.echo(f"{count:4d}  {place}")
    unused = [note for places, note in rows.values() if not places]
    open_rows = [name for name, (places, note) in rows.items() if not places and not note]
    click.echo(f"{len(rows)} of {FACTS} facts: {len(rows) - len(unused)} used, {len(unused)} with a reason why not")
    if open_rows or len(rows) != FACTS:
        raise click.exceptions.Exit(1)


def read_map(path: Path) -> dict[str, tuple[tuple[str, ...], str]]:
    """Fact id -> the files that use it (below `cards/`), and a note; raises CdsTargetsError for an id twice."""
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if line["row"] in found:
                raise CdsTargetsError(f"{path.name}: {line['row']} stands twice")
            places = tuple(place.strip() for place in line["where"].split(";") if place.strip() not in ("", "-"))
            found[line["row"]] = (places, line["note"] or "")
    return found
