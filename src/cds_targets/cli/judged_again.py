"""A past answer judged again: by the same day, settings and decisions, with the content that is at hand now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import orjson

from cds_targets import __version__
from cds_targets.advice import Advisor
from cds_targets.errors import CdsTargetsError, MissingData
from cds_targets.fhir.patient_bundle import prefetch_of_bundle
from cds_targets.fhir.reading import as_dict, as_list
from cds_targets.fhir.record import PREFETCH
from cds_targets.hooks.request import HookRequest, parse_request
from cds_targets.hooks.response import Card
from cds_targets.hooks.services import SERVICES
from cds_targets.library.library import content_files
from cds_targets.settings import Settings
from cds_targets.store.governance import policy_of
from cds_targets.store.past import PastCall, PastCard, files_of
from cds_targets.store.store import Store
from cds_targets.web.repeats import fields_of, issued_card

# `filled`: the body that was sent, with prefetch keys added to it; `unrecorded`: the row is older than such hashes.
Body = Literal["same", "filled", "other", "bundle", "unrecorded"]
Result = Literal["same", "differs", "gone", "new", "unrecorded"]
_OF_THE_CALL = frozenset({"actions"})  # they name the user, of whom a Bundle says nothing


@dataclass(frozen=True, slots=True)
class Given:
    """What was kept of a call: its body, or (`body` is None) a Bundle of the patient."""

    request: HookRequest
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Content:
    """The content then and now. `files` maps paths to `changed`, `added` or `removed`; None: not on record."""

    then: str
    now: str
    files: Mapping[str, str] | None

    @property
    def same(self) -> bool:
        """Whether every file is as it was."""
        return self.then == self.now


@dataclass(frozen=True, slots=True)
class Judged:
    """One card then and now: `fields` differ; `now` and `then` are their values, as far as they are known."""

    id: str
    version: int
    uuid: str
    result: Result
    fields: tuple[str, ...] = ()
    now: Mapping[str, Any] | None = None
    then: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of a past call. `outcome` is that of today, `added` the prefetch keys that were not sent then."""

    call: PastCall
    day: date
    body: Body
    absent: tuple[str, ...]
    content: Content
    settings: Mapping[str, tuple[str | int, str | int]]
    outcome: str
    cards: tuple[Judged, ...]

    @property
    def same(self) -> bool:
        """Whether the same came out of the body that was sent (or of a Bundle, which cannot be held to it)."""
        return (
            self.body != "other"
            and self.outcome == self.call.outcome
            and all(card.result in {"same", "unrecorded"} for card in self.cards)
        )


def given_of(decoded: Any, service: str) -> Given:
    """The call, or a call of that service made from a patient's Bundle; raises RequestError or CdsTargetsError."""
    if as_dict(decoded).get("resourceType") != "Bundle":
        return Given(parse_request(decoded), decoded)
    hook = SERVICES[service].hook
    if hook != "patient-view":
        raise CdsTargetsError(f"{service} judges draft orders: give the body of the call, a Bundle holds none")
    prefetch, patient = prefetch_of_bundle(decoded)
    context = {"userId": "Practitioner/unknown", "patientId": patient}
    body = {"hook": hook, "hookInstance": str(uuid4()), "context": context, "prefetch": prefetch}
    return Given(parse_request(body), None)


def call_of(calls: Iterable[PastCall], decoded: Any, store: Store) -> tuple[PastCall, Given, Body]:
    """The newest call of that patient and, if there is one, of exactly that body; raises CdsTargetsError."""
    fitting = []
    for call in calls:
        given = given_of(decoded, call.service)
        if store.patient(call.tenant, given.request.context.patient_id) == call.patient:
            fitting.append((call, given, _body(call, given, store)))
    if not fitting:
        raise CdsTargetsError("what was given is about another patient than the answer on record")
    ranks: dict[Body, int] = {"same": 2, "filled": 1}
    return max(fitting, key=lambda found: (ranks.get(found[2], 0), found[0].at))


def _body(call: PastCall, given: Given, store: Store) -> Body:
    if given.body is None:
        return "bundle"
    if not call.body:
        return "unrecorded"
    if store.fingerprint(given.body) == call.body:
        return "same"
    sent = as_dict(given.body.get("prefetch")).items()
    prefetch = {key: value for key, value in sent if key not in PREFETCH or key in call.sent}
    bodies = [{**given.body, "prefetch": prefetch}]
    if not prefetch:
        bodies.append({key: value for key, value in given.body.items() if key != "prefetch"})
    return "filled" if call.body in map(store.fingerprint, bodies) else "other"


def judge_again(
    call: PastCall, given: Given, body: Body, store: Store, present: Settings, cards: Path | None, answer: Any = None
) -> Replay:
    """Judge a call again. `cards` is another content folder, `answer` the answer of then as the site kept it.

    No FHIR server is asked. Raises ContentError, RequestError or CdsTargetsError.
    """
    settings = _settings(present, call, cards)
    advisor = Advisor.load(settings)
    with store.database.reading() as connection:
        policy = policy_of(connection, not settings.evaluation, call.at)
        files = files_of(connection, call.knowledge)
    day = call.day or call.at.astimezone(settings.zone).date()
    content = _content(call, files, advisor)
    differing = {
        name: (then, getattr(present, name)) for name, then in call.settings.items() if getattr(present, name) != then
    }
    sent = () if given.body is None else tuple(key for key in PREFETCH if key not in given.request.prefetch)
    outcome, judged = call.outcome, list[Judged]()
    if call.outcome != "off":
        try:
            told = replace(advisor, policy=lambda: policy).advise(call.service, given.request, day)
        except MissingData:
            outcome, judged = "missing-data", [_gone(card) for card in call.cards]
        else:
            outcome = "shadow" if call.outcome == "shadow" else "cards" if told.cards else "nothing"
            judged = _compared(call, given, told.cards, told.held, store, _kept(call, given, store, answer))
            if call.outcome == "nothing" and call.held_as("repeated") and outcome == "cards":
                outcome = "nothing"  # all that there was had been shown before
    return Replay(call, day, body, sent, content, differing, outcome, tuple(judged))


def _settings(present: Settings, call: PastCall, cards: Path | None) -> Settings:
    """The settings of then, as far as they shape an answer, and nobody to ask."""
    alone = {"ehrs": None, "fhir_servers": (), "internal_fhir_servers": ()}
    folder = {"cards": cards} if cards is not None else {}
    return Settings.model_validate({**present.model_dump(), **alone, **folder, **call.settings})


def _content(call: PastCall, then: Mapping[str, str] | None, advisor: Advisor) -> Content:
    now = content_files(advisor.library.folder)
    found = None
    if then is not None:
        found = {path: "removed" for path in then if path not in now}
        found |= {path: "changed" if path in then else "added" for path in now if now[path] != then.get(path)}
    return Content(call.knowledge, advisor.library.content_hash, found)


def _compared(
    call: PastCall, given: Given, cards: Iterable[Card], held: Iterable[str], store: Store, kept: Mapping[str, Card]
) -> list[Judged]:
    """Every card of then with the one of now, and those of now that are new."""
    left = {card.uuid: card for card in cards}
    found = []
    for past in call.cards:
        now = left.get(past.uuid) or next((c for c in left.values() if c.extension.card.id == past.id), None)
        if now is None:
            found.append(_gone(past))
            continue
        del left[now.uuid]
        found.append(_pair(past, now, kept.get(past.uuid), given, store))
    expected = {"repeated": call.held_as("repeated"), "shadow": call.held_as("shadow")}
    ids = {card.extension.card.id: card for card in left.values()}
    shadow = set(held) | (set(ids) if call.outcome == "shadow" else set())
    came = {"repeated": set(ids), "shadow": shadow}
    for why, names in expected.items():
        found += [Judged(name, 0, "", "unrecorded" if name in came[why] else "gone") for name in sorted(names)]
    known = expected["repeated"] | expected["shadow"]
    found += [_new(card) for name, card in ids.items() if name not in known]
    return found + [Judged(name, 0, "", "new") for name in sorted(shadow - expected["shadow"] - set(ids))]


def _pair(past: PastCard, now: Card, kept: Card | None, given: Given, store: Store) -> Judged:
    told = now.extension.card
    issued = issued_card(now, given.request)
    content, hashes = store.content(issued), store.fields(issued)
    ignored = _OF_THE_CALL if given.body is None else frozenset()
    values = {**_values(now), "version": told.version}
    closest: set[str] | None = None
    for then, recorded in past.contents:
        differing = _differing(recorded, hashes) - ignored if recorded else {"content"} if then != content else set()
        if closest is None or len(differing) <= len(closest):
            closest = differing
    if closest is None:
        return Judged(past.id, past.version, past.uuid, "unrecorded")
    if told.version != past.version:
        closest = closest | {"version"}
    order = [*values, *sorted(closest - set(values))]
    fields = tuple(sorted(closest, key=order.index))
    before = {**_values(kept), "version": past.version} if kept is not None else None
    return Judged(
        past.id,
        past.version,
        past.uuid,
        "differs" if fields else "same",
        fields,
        {name: values.get(name) for name in fields} or None,
        {name: before.get(name) for name in fields} if before is not None and fields else None,
    )


def _values(card: Card) -> dict[str, Any]:
    return fields_of(card, card.extension.card.model_dump(mode="json"))


def _differing(then: Mapping[str, str], now: Mapping[str, str]) -> set[str]:
    return {name for name in {*then, *now} if then.get(name) != now.get(name)}


def _gone(past: PastCard) -> Judged:
    return Judged(past.id, past.version, past.uuid, "gone")


def _new(card: Card) -> Judged:
    told = card.extension.card
    return Judged(told.id, told.version, card.uuid, "new", now={"summary": card.summary})


def _kept(call: PastCall, given: Given, store: Store, answer: Any) -> dict[str, Card]:
    """The cards of a kept answer by uuid, if it is what went out; raises CdsTargetsError."""
    if answer is None:
        return {}
    try:
        cards = [Card.model_validate_json(orjson.dumps(card)) for card in as_list(as_dict(answer).get("cards"))]
    except ValueError:
        raise CdsTargetsError("the kept answer cannot be read as cards of this program") from None
    known = {card.uuid: card for card in call.cards}
    found = {card.uuid: card for card in cards if card.uuid in known}
    if not found:
        raise CdsTargetsError("the kept answer holds no card of this call")
    for uuid, card in found.items():
        contents = {content for content, _ in known[uuid].contents}
        said = store.content(issued_card(card, given.request))
        if call.program == __version__ and contents and said not in contents:
            raise CdsTargetsError(f"the kept answer is not what went out: {known[uuid].id} said something else")
    return found
