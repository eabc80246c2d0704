"""`cds-targets schema`: the published JSON Schemas, and the vocabulary of cards."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("name", type=click.Choice(["card", "extension", "vocabulary"]))
def schema(name: str) -> None:
    """Print a published JSON Schema, or the vocabulary of cards.

    \b
    card        what a card file may contain; point your editor at it (shipped as cards/card.schema.json)
    extension   what programs can read on every card of an answer
    vocabulary  every condition a card can name, with its keys (part of cards/README.md)
    """
    from cds_targets.hooks.response import extension_schema
    from cds_targets.library.definition import CardDefinition
    from cds_targets.library.vocabulary import vocabulary

    if name == "vocabulary":
        click.echo(vocabulary(), nl=False)
        return
    found = extension_schema() if name == "extension" else CardDefinition.model_json_schema()
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))
