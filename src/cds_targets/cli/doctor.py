"""`cds-targets doctor`: the configuration in words, and what is wrong with it."""

from __future__ import annotations

import os

import click


@click.command()
@click.pass_context
def doctor(context: click.Context) -> None:
    """Explain the configuration, and what is wrong with it.

    Reads the settings of the environment and every file they name; asks no server.

    \b
    Exit codes: 0 it would start, 1 it would not (the reasons are listed), 2 a setting or file cannot be read.
    Example:
      CDS_TARGETS_MODE=production CDS_TARGETS_EHRS=ehrs.yaml cds-targets doctor
    """
    from cds_targets.advice import Advisor
    from cds_targets.auth.ehrs import load_ehrs
    from cds_targets.auth.selfcheck import problems
    from cds_targets.settings import Settings

    settings = Settings.from_environment(os.environ)
    ehrs = load_ehrs(settings.ehrs)
    advisor = Advisor.load(settings)
    click.echo(f"mode           {settings.mode.value}: " + _mode(settings.evaluation, bool(ehrs)))
    click.echo(f"public address {settings.public_url} (tokens name it and the path that is called)")
    click.echo(f"today          is counted in {settings.time_zone}")
    click.echo(
        f"content        {advisor.library.folder}: {len(advisor.library.cards)} cards, {len(advisor.studies)} studies"
    )
    click.echo(f"registry       {settings.registry or 'none: only curated studies are matched'}")
    for ehr in ehrs:
        keys = ehr.jwks_file or ehr.jwks_url
        click.echo(f"EHR            {ehr.name}: {ehr.issuer}, keys {keys}, {', '.join(ehr.algorithms)}")
        click.echo(f"               {ehr.fhir_server or 'no FHIR server: what a call leaves out is named as missing'}")
    for base in (*settings.fhir_servers, *settings.internal_fhir_servers):
        click.echo(f"FHIR server    {base}")
    found = problems(settings, ehrs)
    if not found:
        click.echo("Nothing is wrong.")
        return
    click.echo("Production would not start:" if settings.evaluation else "It does not start:")
    for problem in found:
        click.echo(f"- {problem}")
    context.exit(0 if settings.evaluation else 1)


def _mode(evaluation: bool, registered: bool) -> str:
    if not evaluation:
        return "signed calls only, approved content only"
    if registered:
        return "signed calls only, draft content is shown and labelled"
    return "open to whoever can reach it: synthetic patients only"
