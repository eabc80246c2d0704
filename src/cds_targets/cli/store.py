"""`cds-targets store`: where records are kept, how long, and copies of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from cds_targets.cli.audit import open_store


@click.group()
def store() -> None:
    """Where records are kept: retention, backup, tables.

    \b
    Examples:
      cds-targets store show
      cds-targets store backup /backups/cds-2026-11-23.db
      cds-targets store purge        # daily, from cron or a systemd timer
    """


@store.command()
def show() -> None:
    """Say where the store is, and how much is in it."""
    opened = open_store()
    click.echo(opened.database.url.render_as_string(hide_password=True))
    for name, rows in opened.counts().items():
        click.echo(f"{name}: {rows}")


@store.command()
def upgrade() -> None:
    """Bring the tables up to date; the service does the same when it starts."""
    open_store()
    click.echo("the tables are up to date")


@store.command()
def purge() -> None:
    """Remove what is older than CDS_TARGETS_KEEP_DAYS, and comments older than CDS_TARGETS_COMMENT_DAYS.

    Export the audit first if your rules ask for a longer memory. The chain of what is left stays whole.
    """
    from cds_targets.settings import Settings
    from cds_targets.store import keep

    settings = Settings.from_environment(os.environ)
    gone = keep.purge(open_store(), datetime.now(UTC), settings.keep_days, settings.comment_days)
    click.echo(
        f"removed: {gone.cards} cards, {gone.feedback} feedback, {gone.comments} comments, {gone.tokens} tokens, "
        f"{gone.audit} audit rows"
    )


@store.command()
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
def backup(target: Path) -> None:
    """Copy a file store to TARGET while it is in use. Keep the key file as well: hashes depend on it."""
    from cds_targets.store import keep

    keep.backup(open_store(), target)
    click.echo(f"{target}: {target.stat().st_size} bytes, whole")
