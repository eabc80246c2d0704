"""`cds-targets schema`: the published JSON Schemas."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("name", type=click.Choice(["card", "extension"]))
def schema(name: str) -> None:
    """Print a published JSON Schema.

    \b
    card        what a card file may contain; point your editor at it
    extension   what programs can read on every card of an answer
    """
    from cds_targets.hooks.response import extension_schema
    from cds_targets.library.definition import CardDefinition

    found = extension_schema() if name == "extension" else CardDefinition.model_json_schema()
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))
