"""`cds-targets try`: the cards of a hook call, in the terminal."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_targets.errors import CdsTargetsError, MissingData

if TYPE_CHECKING:
    from rich.console import Console

    from cds_targets.hooks.response import Action, Card, HookResponse

_COLOURS = {"critical": "red", "warning": "yellow", "info": "cyan"}


@click.command("try")
@click.argument("request", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Judge as on this day (default: today).")
@click.option("--service", help="Only this service (default: every service of the call's hook).")
@click.option("--json", "as_json", is_flag=True, help="The answers as they go over the wire, one line each.")
@click.pass_context
def try_(context: click.Context, request: Path, as_of: datetime | None, service: str | None, as_json: bool) -> None:
    """Show the cards of a hook call as a clinician would see them.

    REQUEST is the JSON body an EHR sends (`-` for standard input); examples/ has some.

    \b
    Exit codes: 0 answered, 1 the service would answer 412 (data without which nothing can be said),
    2 could not run.
    Examples:
      cds-targets try examples/nsclc-kras-g12c/patient-view.json
      cds-targets try --as-of 2026-11-23 examples/nsclc-kras-g12c/order-sign.json
    """
    from cds_targets.cli.call import day_of, loaded, read_call
    from cds_targets.hooks.response import to_json
    from cds_targets.hooks.services import SERVICES

    call, advisor = read_call(request), loaded()
    day = day_of(as_of, advisor)
    wanted = [service] if service else [known.id for known in SERVICES.values() if known.hook == call.hook]
    if not wanted:
        hooks = ", ".join(dict.fromkeys(known.hook for known in SERVICES.values()))
        raise CdsTargetsError(f"no service answers this hook; there are services for {hooks}")
    refused = False
    for name in wanted:
        try:
            answer = advisor.advise(name, call, day)
        except MissingData as missing:
            refused = True
            click.echo(f"{name}: 412, {missing.sentence}. Missing: {', '.join(missing.keys)}", err=as_json)
            continue
        if as_json:
            click.echo(to_json(answer))
        else:
            _show(name, answer, day.isoformat())
    context.exit(1 if refused else 0)


def _show(service: str, answer: HookResponse, day: str) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    count = len(answer.cards)
    console.rule(f"{service}: {count or 'no'} card{'' if count == 1 else 's'} on {day}", align="left")
    if not count:
        console.print("Everything that was needed was seen, and there is nothing to say.\n")
    for card in answer.cards:
        _show_card(card, console)


def _show_card(card: Card, console: Console) -> None:
    from rich.console import Group
    from rich.markdown import Markdown
    from rich.panel import Panel
    from rich.text import Text

    parts: list[Text | Markdown] = [Markdown(card.detail or "")]
    for suggestion in card.suggestions:
        parts.append(Text(f"\n[ {suggestion.label} ]", style="bold"))
        parts.extend(Text(f"    {_placed(action)}") for action in suggestion.actions)
    for link in card.links:
        parts.append(Text(f"↗ {link.label}: {link.url}", style="dim"))
    colour = _COLOURS[card.indicator]
    title = Text(f"{card.indicator.upper()}  {card.summary}", style=f"bold {colour}")
    console.print(Panel(Group(title, Text(), *parts), border_style=colour))


def _placed(action: Action) -> str:
    resource = action.resource or {}
    coded = resource.get("code") or resource.get("medicationCodeableConcept") or {}
    codes = ", ".join(coding.get("code", "") for coding in coded.get("coding", []))
    repeat = resource.get("occurrenceTiming", {}).get("repeat", {}).get("boundsPeriod", {})
    until = f", {repeat['start']} to {repeat['end']}" if repeat else ""
    kind = resource.get("resourceType", "")
    return f"{action.type} {kind}: {action.description}" + (f" ({codes})" if codes else "") + until
