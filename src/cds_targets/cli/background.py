"""`cds-targets background`: context about a gene or drug, with its source."""

from __future__ import annotations

import os

import click

from cds_targets.errors import CdsTargetsError


@click.command()
@click.argument("name")
@click.argument("tumour", required=False)
def background(name: str, tumour: str | None) -> None:
    """Say how often a gene is altered, and what the review says of a gene or drug.

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
    rates = known.of_gene(gene, code, terms) if gene else []
    for row, share in rates:
        click.echo(f"{gene} is altered in {share:g} % of {row.label} ({row.of}; {row.table})")
    if rates:
        click.echo(f"Source: {known.frequency_source}\n")
    said = known.about(gene or drug or "")
    for statement in said:
        kind = f" [{statement.kind}]" if statement.kind else ""
        click.echo(f"- {statement.says}{kind} (section {statement.section}; {'; '.join(statement.cites)})")
    if said:
        click.echo(f"Source: {known.statement_source}")
    if not rates and not said:
        click.echo("The review gives no frequency or statement of it.")
        raise click.exceptions.Exit(1)
