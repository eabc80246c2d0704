"""`cds-targets cards`: what the site decides about cards, studies and services; running services follow."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from cds_targets.cli.audit import open_store
from cds_targets.errors import SettingsError

if TYPE_CHECKING:
    from cds_targets.store.governance import Decision, Policy, Subject

_WHO = click.option("--by", required=True, metavar="NAME", help="Who decides; kept with the decision.")
_WHY = click.option("--reason", required=True, metavar="TEXT", help="Why; kept with the decision.")
_IDS = click.argument("ids", nargs=-1, required=True, metavar="ID...")


@dataclass(frozen=True, slots=True)
class _Known:
    """Something that can be decided about; a service has neither version nor content."""

    kind: Subject
    version: int = 1
    content: str = ""


@click.group()
def cards() -> None:
    """Switch cards off and on, run them in shadow, approve them.

    Studies and services likewise. Shadow: judged and counted, not shown. In production only approved content is
    shown; the rest runs in shadow. An approval holds for one version and exactly its content. Running services follow
    within seconds. Every decision is kept, in the audit as well.

    \b
    Examples:
      cds-targets cards list
      cds-targets cards rates --days 7      # daily, from a timer
      cds-targets cards off adagrasib-long-qt --by "A. Name" --reason "wrong threshold"
      cds-targets cards off matching-trials --by "A. Name" --reason "registry out of date"
      cds-targets cards on adagrasib-long-qt --by "A. Name" --reason "corrected in version 2"
      cds-targets cards approve kras-g12c-nsclc-second-line --by "Tumour board, 2026-11-23"
    """


@cards.command("list")
@click.option("--held", is_flag=True, help="Only what is not shown.")
def list_(held: bool) -> None:
    """List content and services with what becomes of them."""
    known, policy = _known(), _policy()
    for subject, what in known.items():
        showing = _showing(policy, subject, what)
        if held and showing == "shown":
            continue
        switch = policy.switches.get((what.kind, subject))
        why = f"  ({switch.by}, {switch.at[:16]}: {switch.reason})" if switch and switch.reason else ""
        named = subject if what.kind == "service" else f"{subject} {what.version}"
        click.echo(f"{showing:7} {what.kind:8} {named}{why}")


@cards.command()
@click.option("--days", default=28, show_default=True, type=click.IntRange(1, 3_650), help="The length of the period.")
@click.pass_context
def rates(context: click.Context, days: int) -> None:
    """Say how often each card was shown and what was done with it, against the period before.

    Exit codes: 0 nothing out of the ordinary, 1 a card fell silent, fell or rose, 2 could not run.
    """
    from datetime import UTC, datetime

    from cds_targets.store.database import SITE
    from cds_targets.store.rates import rates as rates_of

    with open_store().database.reading(SITE) as connection:
        found = rates_of(connection, datetime.now(UTC), days)
    click.echo(f"{'shown':>7} {'before':>7} {'accepted':>9} {'overridden':>11} {'no answer':>10}  card")
    for rate in found:
        click.echo(
            f"{rate.shown:7} {rate.before:7} {rate.accepted:9} {rate.overridden:11} {rate.unanswered:10}  {rate.card}"
            + (f"  ALARM: {rate.alarm}" if rate.alarm else "")
        )
    context.exit(1 if any(rate.alarm for rate in found) else 0)


@cards.command()
@_IDS
@_WHO
@_WHY
def off(ids: tuple[str, ...], by: str, reason: str) -> None:
    """Stop judging these; a service that is off answers 503."""
    from cds_targets.store.governance import Decision

    _decide(ids, Decision.OFF, by, reason)


@cards.command()
@_IDS
@_WHO
@_WHY
def shadow(ids: tuple[str, ...], by: str, reason: str) -> None:
    """Judge and count these, and show nothing of them."""
    from cds_targets.store.governance import Decision

    _decide(ids, Decision.SHADOW, by, reason)


@cards.command()
@_IDS
@_WHO
@_WHY
def on(ids: tuple[str, ...], by: str, reason: str) -> None:
    """Take back off or shadow."""
    from cds_targets.store.governance import Decision

    _decide(ids, Decision.ON, by, reason)


@cards.command()
@_IDS
@_WHO
def approve(ids: tuple[str, ...], by: str) -> None:
    """Approve these as they are now: this version, exactly this content."""
    from cds_targets.store.governance import Decision

    _decide(ids, Decision.APPROVED, by, "")


@cards.command()
@_IDS
@_WHO
@_WHY
def withdraw(ids: tuple[str, ...], by: str, reason: str) -> None:
    """Take back the approval of these as they are now."""
    from cds_targets.store.governance import Decision

    _decide(ids, Decision.WITHDRAWN, by, reason)


def _decide(ids: Sequence[str], decision: Decision, by: str, reason: str) -> None:
    known = _known()
    for subject in ids:
        if subject not in known:
            near = difflib.get_close_matches(subject, known, n=1)
            raise SettingsError(f"there is no {subject}" + (f": did you mean {near[0]}?" if near else ""))
    approval = decision.value in {"approved", "withdrawn"}
    services = [subject for subject in ids if known[subject].kind == "service"]
    if approval and services:
        raise SettingsError(f"{services[0]} is a service: content is approved, services are switched")
    store = open_store()
    for subject in ids:
        what = known[subject]
        of = {"version": what.version, "content": what.content} if approval else {}
        store.decide(what.kind, subject, decision, by, reason, **of)  # type: ignore[arg-type]
        click.echo(f"{subject}: {decision.value}")


def _known() -> dict[str, _Known]:
    """Services, cards and studies by id."""
    from cds_targets.advice import Advisor
    from cds_targets.hooks.services import SERVICES
    from cds_targets.settings import Settings

    advisor = Advisor.load(Settings.from_environment(os.environ))
    found = {service: _Known("service") for service in SERVICES}
    for card in advisor.library.cards:
        found[card.id] = _Known("card", card.version, advisor.contents[card.id])
    for study in advisor.studies:
        found[study.nct.lower()] = _Known("card", 1, advisor.contents[study.nct.lower()])
    return found


def _policy() -> Policy:
    from cds_targets.settings import Settings

    return open_store().policy(not Settings.from_environment(os.environ).evaluation)


def _showing(policy: Policy, subject: str, what: _Known) -> str:
    if what.kind == "service":
        return policy.service(subject).value
    return policy.showing(subject, what.version, what.content).value
