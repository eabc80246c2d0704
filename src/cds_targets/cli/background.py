"""`cds-targets background`: context about a gene or drug, with its source."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from cds_targets.errors import CdsTargetsError

if TYPE_CHECKING:
    from cds_targets.terms.drugs import Drug


@click.command()
@click.argument("name")
@click.argument("tumour", required=False)
def background(name: str, tumour: str | None) -> None:
    """Say how often a gene is altered, where a drug stands, and what the review says of either.

    NAME is a gene or a drug, TUMOUR a tumour type by name or OncoTree code. This is context, never a reason to treat.

    \b
    Exit codes: 0 found, 1 nothing is known of it here, 2 no such gene, drug or tumour type.
    Examples:
      cds-targets background KRAS "pancreatic cancer"
      cds-targets background MDM2 LIPO
      cds-targets background sotorasib
    """
    from cds_targets.library.background import load_background
    from cds_targets.library.library import content_folder
    from cds_targets.settings import Settings
    from cds_targets.terms import load_terms

    folder = content_folder(Settings.from_environment(os.environ).cards)
    terms, known = load_terms(folder / "terms"), load_background(folder)
    gene = next((symbol for symbol in terms.genes.by_symbol if symbol.casefold() == name.casefold()), None)
    drug = next(iter(terms.drugs.in_text(name)), None)
    if gene is None and drug is None:
        raise CdsTargetsError(f"{name} is no gene and no drug of cards/terms")
    code = None
    if tumour is not None:
        code = tumour if tumour in terms.tumours.by_id else terms.tumours.named(tumour) or terms.tumours.in_text(tumour)
        if code is None:
            raise CdsTargetsError(f"{tumour!r} is no tumour type of cards/terms")
    if drug is not None:
        _describe(terms.drugs.by_name[drug])
    rates = known.of_gene(gene, code, terms) if gene else []
    for row, share in rates:
        click.echo(f"{gene} is altered in {share:g} % of {row.label} ({row.of}; {row.table})")
    if rates:
        click.echo(f"Source: {known.frequency_source}\n")
    said = known.about(gene or drug or "")
    for statement in said:
        kind = f" [{statement.kind}]" if statement.kind else ""
        named = [other for other in statement.about if other in terms.drugs.by_name and other not in statement.says]
        whose = f"{', '.join(named)}: " if named and drug is None else ""
        click.echo(f"- {whose}{statement.says}{kind} (section {statement.section}; {'; '.join(statement.cites)})")
    if said:
        click.echo(f"Source: {known.statement_source}")
    if not rates and not said and drug is None:
        click.echo("The review gives no frequency or statement of it.")
        raise click.exceptions.Exit(1)


def _describe(drug: Drug) -> None:
    """What the drug is and where it stands, each status with its source."""
    others = ", ".join([*drug.aliases, *drug.brands])
    click.echo(drug.name + (f" (also {others})" if others else ""))
    for word, value in (("Target", drug.target), ("Mechanism", drug.mechanism), ("Class", ", ".join(drug.classes))):
        if value:
            click.echo(f"{word}: {value}")
    for status in drug.status:
        click.echo(f"- {status.sentence}; source: {status.source}")
    if not drug.status:
        click.echo("No status is recorded here.")
    click.echo()
