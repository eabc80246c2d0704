"""`cds-targets doctor`: the configuration in words, and what is wrong with it."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from cds_targets.advice import Advisor
    from cds_targets.settings import Settings

STUDY_PAGE = "https://clinicaltrials.gov/"


@click.command()
@click.pass_context
def doctor(context: click.Context) -> None:
    """Explain the configuration, and what is wrong with it.

    Reads the settings of the environment, every file they name and the store; asks no EHR.

    \b
    Exit codes: 0 it would start, 1 it would not (the reasons are listed), 2 a setting or file cannot be read.
    Example:
      CDS_TARGETS_MODE=production CDS_TARGETS_EHRS=ehrs.yaml cds-targets doctor
    """
    from cds_targets.advice import Advisor
    from cds_targets.auth.ehrs import load_ehrs
    from cds_targets.auth.selfcheck import problems
    from cds_targets.settings import Settings
    from cds_targets.store.database import url_of

    settings = Settings.from_environment(os.environ)
    ehrs = load_ehrs(settings.ehrs)
    advisor = Advisor.load(settings)
    click.echo(f"mode           {settings.mode.value}: " + _mode(settings.evaluation, bool(ehrs)))
    click.echo(f"public address {settings.public_url} (tokens name it and the path that is called)")
    click.echo(f"today          is counted in {settings.time_zone}")
    click.echo(
        f"content        {advisor.library.folder}: {len(advisor.library.cards)} cards, {len(advisor.studies)} studies"
    )
    today = datetime.now(settings.zone).date()
    overdue = [card.id for card in advisor.library.cards if card.review_by < today]
    click.echo(f"reviews        {', '.join(overdue) + ' are overdue and say so' if overdue else 'none is overdue'}")
    click.echo(f"links          lead to {', '.join(_hosts(advisor))}")
    click.echo(f"registry       {settings.registry or 'none: only curated studies are matched'}")
    click.echo(f"not stocked    {', '.join(sorted(advisor.not_stocked)) or 'no list'}")
    for ehr in ehrs:
        keys = ehr.jwks_file or ", ".join(ehr.jwks_url)
        click.echo(f"EHR            {ehr.name}: {ehr.issuer}, keys {keys}, {', '.join(ehr.algorithms)}")
        if ehr.tenant is not None:
            click.echo(f"               tenant {ehr.tenant}")
        if ehr.audiences:
            click.echo(f"               tokens may also name {', '.join(ehr.audiences)}")
        click.echo(f"               {ehr.fhir_server or 'no FHIR server: what a call leaves out is named as missing'}")
    for base in (*settings.fhir_servers, *settings.internal_fhir_servers):
        click.echo(f"FHIR server    {base}")
    approved, unusable = _approved(settings, advisor)
    click.echo(f"store          {url_of(settings.store).render_as_string(hide_password=True)}: {approved}")
    found = [*problems(settings, ehrs), *unusable]
    if not found:
        click.echo("Nothing is wrong.")
        return
    click.echo("Production would not start:" if settings.evaluation else "It does not start:")
    for problem in found:
        click.echo(f"- {problem}")
    context.exit(0 if settings.evaluation else 1)


def _approved(settings: Settings, advisor: Advisor) -> tuple[str, list[str]]:
    """How much of the content is approved as it is now, and what is wrong with that or with the store."""
    from cds_targets.errors import CdsTargetsError
    from cds_targets.store.database import url_of
    from cds_targets.store.store import Store

    nothing = ["no content is approved as it is now (cds-targets cards approve --help)"]
    url = url_of(settings.store)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return "made at the first start, nothing approved", nothing
    try:
        store = Store.open(settings.store, settings.key_file, migrate=False)
        policy, wall = store.policy(only_approved=True), store.parts_tenants()
        store.close()
    except CdsTargetsError as error:
        return "cannot be read, unknown what is approved", [str(error)]
    count = policy.approves(advisor.contents)
    parted = "by the database as well" if wall else "by every query, not by the database"
    told = f"{count} of {len(advisor.contents)} cards and studies approved; tenants are parted {parted}"
    return told, [] if count else nothing


def _hosts(advisor: Advisor) -> list[str]:
    """Where the links of cards lead, for EHRs that remove links to hosts they do not know."""
    links = [evidence.link for card in advisor.library.cards for evidence in card.evidence.values() if evidence.link]
    return sorted({urlsplit(link).hostname or "" for link in [*links, STUDY_PAGE]})


def _mode(evaluation: bool, registered: bool) -> str:
    if not evaluation:
        return "signed calls only, approved content only"
    if registered:
        return "signed calls only, draft content is shown and labelled"
    return "open to whoever can reach it: synthetic patients only"
