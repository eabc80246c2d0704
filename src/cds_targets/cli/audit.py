"""`cds-targets audit`: whether the record of what was answered is whole, and a copy of it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import click

from cds_targets.errors import SettingsError

if TYPE_CHECKING:
    from cds_targets.store.store import Store


@click.group()
def audit() -> None:
    """Check and export the audit.

    It holds what was answered, taken and decided.

    \b
    Examples:
      cds-targets audit verify
      cds-targets audit export > audit.jsonl
    """


@audit.command()
@click.option("--contains", metavar="SEQ:HASH", help="A link noted earlier; it must still be there, unchanged.")
@click.pass_context
def verify(context: click.Context, contains: str | None) -> None:
    """Follow the chain from its first row to its head.

    The last line is the newest link: noted elsewhere, it proves later (with --contains) that nothing before it was
    rewritten, even by somebody who holds the key. Exit codes: 0 whole, 1 tampered with, 2 could not run.
    """
    store = open_store()
    found = store.verify()
    problems = list(found.problems)
    if contains is not None:
        match = re.fullmatch(r"(\d+):([0-9a-f]{64})", contains)
        if match is None:
            raise SettingsError("--contains takes a link as `audit verify` prints it: the number, a colon, the hash")
        if not store.contains_link(int(match[1]), match[2]):
            problems.append(f"row {match[1]}: is not what was noted")
    for problem in problems:
        click.echo(problem)
    click.echo(f"{found.rows} rows: {'TAMPERED WITH' if problems else 'whole'}")
    click.echo(f"{found.seq}:{found.hash}")
    context.exit(1 if problems else 0)


@audit.command()
def export() -> None:
    """Write every row as a line of JSON, oldest first. It holds no patient data; hashes are keyed."""
    import orjson

    with open_store().audit_rows() as rows:
        for row in rows:
            click.echo(orjson.dumps(row))


def open_store() -> Store:
    """The store of the settings."""
    from cds_targets.settings import Settings
    from cds_targets.store.store import Store as _Store

    settings = Settings.from_environment(os.environ)
    return _Store.open(settings.store, settings.key_file)
