"""`cds-targets replay`: a past answer judged again from what the site kept, and what differs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import ndiff
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_targets.errors import CdsTargetsError, RequestError

if TYPE_CHECKING:
    from cds_targets.cli.judged_again import Content, Judged, Replay

_FILE = click.Path(path_type=Path, allow_dash=True)
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_BODIES = {
    "same": "the one that was sent",
    "filled": "the one that was sent, with prefetch keys added that had not been sent",
    "other": "NOT the one that was sent",
    "bundle": "a Bundle of the patient: whether it is what was sent cannot be told",
    "unrecorded": "not on record: whether it is the one that was sent cannot be told",
}
_RESULTS = {
    "same": "comes out the same",
    "differs": "DIFFERS",
    "gone": "DOES NOT COME OUT",
    "new": "IS NEW: it was not in the answer",
    "unrecorded": "comes out; its words of then are not on record",
}
_FILES_SHOWN = 12


@click.command()
@click.argument("which", metavar="CARD-OR-REQUEST")
@click.argument("body", type=_FILE)
@click.option("--cards", type=_FOLDER, help="Content to judge by, for instance an older checkout of cards/.")
@click.option("--answer", type=_FILE, help="The answer of then, if it was kept: values are shown then and now.")
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
@click.pass_context
def replay(
    context: click.Context, which: str, body: Path, cards: Path | None, answer: Path | None, as_json: bool
) -> None:
    """Judge a past call again, and say whether the same cards come out.

    CARD-OR-REQUEST is the uuid of a card, or the number of a call (its X-Request-ID, `request` in the audit). BODY is
    the body of the call as the site kept it, with or without fhirAuthorization (`-` for standard input); for a
    patient-view service a FHIR Bundle of the patient will do. The service keeps neither: its record holds keyed hashes,
    by which it is told whether this body was sent and, field by field, whether a card says the same.

    The call is judged as on its day, by its settings and by the site's decisions of that moment. No FHIR server is
    asked: what the service fetched then must stand in the body's prefetch. If the content has changed since, the
    files are named; --cards judges by another folder. Run it with the store and key file of the service
    (CDS_TARGETS_STORE, CDS_TARGETS_KEY_FILE).

    \b
    Exit codes: 0 the same comes out of the body that was sent, 1 something differs (or the body is another),
    2 could not run (nothing of that number on record, another patient, a file that cannot be read).
    Examples:
      cds-targets replay 4fb14b43-8a3e-5b0e-9a5c-0d2f6f0f2f0b call.json
      git worktree add ../then v1.2.0 && cds-targets replay --cards ../then/cards 8e0c... call.json
      cds-targets replay --answer answer.json --json 8e0c... call.json
    """
    from cds_targets.cli.audit import open_store
    from cds_targets.cli.judged_again import call_of, judge_again
    from cds_targets.settings import Settings
    from cds_targets.store.database import SITE
    from cds_targets.store.past import find

    if not re.fullmatch(r"[0-9a-fA-F-]{8,64}", which):
        raise CdsTargetsError("the uuid of a card or the number of a request is needed: hexadecimal digits and hyphens")
    decoded = _read(body)
    kept = _read(answer) if answer is not None else None
    store = open_store()
    with store.database.snapshot(SITE) as connection:
        calls = find(connection, which.lower())
    if not calls:
        raise CdsTargetsError("there is no card or call of that number on record (or it is older than what is kept)")
    try:
        call, given, held_to = call_of(calls, decoded, store)
        found = judge_again(call, given, held_to, store, Settings.from_environment(os.environ), cards, kept)
    except RequestError as error:
        told = "; ".join(f"{issue.path or 'the body'} {issue.message}" for issue in error.issues)
        raise CdsTargetsError(f"neither a hook call nor a Bundle of a patient: {told}") from None
    if which.lower() != call.request:
        found = replace(found, cards=tuple(card for card in found.cards if card.uuid == which.lower()))
    if as_json:
        _print_json(found)
    else:
        for line in _lines(found):
            click.echo(line)
    context.exit(0 if found.same else 1)


def _read(path: Path) -> Any:
    import sys

    from cds_targets.fhir.reading import decode

    try:
        return decode(sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes())
    except OSError as error:
        raise CdsTargetsError(f"{path}: {error.strerror}") from None
    except RequestError as error:
        raise CdsTargetsError(f"{path}: {error.issues[0].message}") from None


def _lines(found: Replay) -> Iterator[str]:
    from cds_targets import __version__

    call = found.call
    yield f"call      {call.request} to {call.service}, answered {call.at:%Y-%m-%d %H:%M:%S} UTC: {call.outcome}"
    yield f"judged    as on {found.day}, by the site's decisions of that moment"
    yield f"body      {_BODIES[found.body]}"
    if found.absent:
        yield f"          without {', '.join(found.absent)}: what the service fetched of these is not there"
    yield from _content_lines(found.content)
    same_program = call.program == __version__
    yield f"program   {__version__}, " + ("the same" if same_program else f"then {call.program}")
    for name, (then, now) in found.settings.items():
        yield f"setting   {name} was {then} and is {now}; {then} was used"
    yield ""
    if found.outcome != call.outcome:
        yield f"The call now ends as {found.outcome}, then as {call.outcome}."
    elif not call.cards and call.outcome != "cards":
        yield f"The call ends as it did: {call.outcome}."
    for card in found.cards:
        named = f"{card.id} {card.version}" if card.version else card.id
        yield f"{named}: {_RESULTS[card.result]}" + (f" in {', '.join(card.fields)}" if card.fields else "")
        yield from _field_lines(card)


def _content_lines(content: Content) -> Iterator[str]:
    if content.same:
        yield f"content   {content.now[:12]}, the same"
        return
    yield f"content   {content.now[:12]}, then {content.then[:12] or 'not on record'}"
    if content.files is None:
        yield "          which files changed is not on record"
        return
    for path, what in sorted(content.files.items())[:_FILES_SHOWN]:
        yield f"          {what:8} {path}"
    if len(content.files) > _FILES_SHOWN:
        yield f"          and {len(content.files) - _FILES_SHOWN} more (see --json)"


def _field_lines(card: Judged) -> Iterator[str]:
    for name, now in (card.now or {}).items():
        if now is None:
            continue  # of this only a hash is on record
        yield f"  {name}"
        if card.then is None:
            yield from (f"    now  {line}" for line in _text(now))
            continue
        yield from (f"    {line.rstrip()}" for line in ndiff(_text(card.then[name]), _text(now)) if line[0] in "+-")


def _text(value: Any) -> list[str]:
    import orjson

    if isinstance(value, str):
        return value.splitlines()
    members = value if isinstance(value, list) else [value]
    return [member if isinstance(member, str) else orjson.dumps(member).decode() for member in members]


def _print_json(found: Replay) -> None:
    import orjson

    from cds_targets import __version__

    call = found.call
    told = {
        "same": found.same,
        "request": call.request,
        "service": call.service,
        "at": call.at,
        "day": found.day,
        "outcome": {"then": call.outcome, "now": found.outcome},
        "body": found.body,
        "absent": found.absent,
        "content": {"then": call.knowledge, "now": found.content.now, "files": found.content.files},
        "program": {"then": call.program, "now": __version__},
        "settings": {name: {"then": then, "now": now} for name, (then, now) in found.settings.items()},
        "cards": [
            {name: getattr(card, name) for name in ("id", "version", "uuid", "result", "fields", "now", "then")}
            for card in found.cards
        ],
    }
    click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2))
