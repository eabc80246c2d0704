"""The answer: cards as CDS Hooks 2.0.1 defines them, HL7's invariants as validators, and our extension.

Built strictly, so that a wrong card fails where it is made. On the wire there are no nulls and no empty values,
except `cards`: a list or text that is absent is empty.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

from cds_targets.library.definition import Kind

EXTENSION = "org.cds-targets.card"
SUMMARY_LIMIT = 139
# C0 and C1 controls, bidirectional overrides and isolates, and other invisible marks: they can make text lie.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_RELATIVE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


def _one_line(value: object) -> object:
    return " ".join(_INVISIBLE.sub(" ", value).split()) if isinstance(value, str) else value


def _many_lines(value: object) -> object:
    if not isinstance(value, str):
        return value
    lines = value.replace("\r\n", "\n").split("\n")
    return "\n".join(_INVISIBLE.sub(" ", line).rstrip() for line in lines).strip()


def _absolute(value: str) -> str:
    parts = urlsplit(value)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not secure or not parts.hostname or re.search(r"[\s\\<>\"]", value):
        raise ValueError("a link is an absolute https address")
    return value


Line = Annotated[str, BeforeValidator(_one_line), Field(min_length=1)]
Markdown = Annotated[str, BeforeValidator(_many_lines), Field(min_length=1)]
Url = Annotated[str, AfterValidator(_absolute)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=255)]
GenericName = Annotated[str, StringConstraints(min_length=2, to_lower=True, strip_whitespace=True)]
StudyId = Annotated[str, StringConstraints(pattern=r"^NCT\d{8}$")]


class Sent(BaseModel):
    """A JSON object we send, in camelCase; made once and not changed."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class Coding(Sent):
    """A code and the system it is from."""

    code: Identifier
    system: str = Field(min_length=1)
    display: Line | None = None


class OverrideReason(Coding):
    """A reason for not following a card; clients show its display."""

    display: Line


class Source(Sent):
    """Who says so. `topic` is the card's id in our own system."""

    label: Line
    url: Url | None = None
    icon: Url | None = None
    topic: Coding | None = None


class Action(Sent):
    """One change in the record; a FHIR resource where something is made or changed."""

    type: Literal["create", "update", "delete"]
    description: Line
    resource: dict[str, Any] | None = None
    resource_id: str | None = None

    @model_validator(mode="after")
    def _has_its_object(self) -> Self:
        if self.type == "delete":
            if self.resource is not None or self.resource_id is None or not _RELATIVE.fullmatch(self.resource_id):
                raise ValueError("a delete names resourceId as Type/id and carries no resource")
        elif self.resource is None or not self.resource.get("resourceType"):
            raise ValueError(f"a {self.type} carries the whole resource")
        return self


class Suggestion(Sent):
    """Something to accept with one click; its actions belong together."""

    label: Line
    uuid: Identifier
    is_recommended: bool | None = None
    actions: tuple[Action, ...] = ()


class Link(Sent):
    """A page to read (`absolute`) or an app to launch (`smart`)."""

    label: Line
    url: Url
    type: Literal["absolute", "smart"] = "absolute"
    app_context: str | None = None

    @model_validator(mode="after")
    def _context_is_for_apps(self) -> Self:
        if self.app_context is not None and self.type != "smart":
            raise ValueError("appContext is for smart links only")
        return self


class _Extended(Sent):
    """Part of our extension: names are written as they are."""

    model_config = ConfigDict(alias_generator=None)


class Regulatory(_Extended):
    """What a regulator says of the proposed use; outside the label's tumour, line or specimen it says so."""

    status: Literal["approved", "accelerated", "conditional", "outside-indication", "investigational", "none"]
    agency: Line | None = None
    date: datetime.date | None = None


class Strength(_Extended):
    """How strong the statement is: AMP/ASCO/CAP tier and level, ESCAT tier, regulatory status."""

    amp: Line | None = None
    escat: Line | None = None
    regulatory: Regulatory | None = None


class Because(_Extended):
    """One condition of the card, how it came out, and the resources (`Type/id`) it rests on."""

    condition: Line
    outcome: Literal["met", "not met", "unknown"]
    sentence: Line
    facts: tuple[Annotated[str, BeforeValidator(_one_line)], ...] = ()


class CitedEvidence(_Extended):
    """A source and what it says."""

    cite: Line
    url: Url | None = None
    says: Line


class CardExtension(_Extended):
    """What a card says, for programs: `extension."org.cds-targets.card"`.

    `therapies`: the regimens the card proposes, generic names in lower case; members of an inner list go together,
    alternatives are separate lists; never the drug a warning is about: that is `about`. `trials`: studies offered as a
    potential match; `trials_unknown`: a tumour or genomic criterion, or whether the arm is open, cannot be told.
    """

    id: Identifier
    version: int = Field(ge=1)
    status: Literal["draft", "active"]
    kind: Kind
    therapies: tuple[Annotated[tuple[GenericName, ...], Field(min_length=1)], ...] = ()
    about: tuple[GenericName, ...] = ()
    trials: tuple[StudyId, ...] = ()
    trials_unknown: tuple[StudyId, ...] = ()
    strength: Strength | None = None
    because: tuple[Because, ...] = ()
    unknown: tuple[Line, ...] = ()
    evidence: tuple[CitedEvidence, ...] = ()

    @model_validator(mode="after")
    def _notices_propose_nothing(self) -> Self:
        if self.kind is Kind.NOTICE and self.therapies:
            raise ValueError("a notice proposes no therapies")
        if set(self.trials) & set(self.trials_unknown):
            raise ValueError("a study is a potential match or cannot be told, not both")
        return self


class CardExtensions(Sent):
    """The `extension` of a card: ours and no other."""

    model_config = ConfigDict(alias_generator=None)

    card: CardExtension = Field(alias=EXTENSION)


class Card(Sent):
    """One message to the clinician."""

    uuid: Identifier
    summary: Annotated[Line, Field(max_length=SUMMARY_LIMIT)]
    detail: Markdown | None = None
    indicator: Literal["info", "warning", "critical"]
    source: Source
    suggestions: tuple[Suggestion, ...] = ()
    selection_behavior: Literal["at-most-one", "any"] | None = None
    override_reasons: tuple[OverrideReason, ...] = ()
    links: tuple[Link, ...] = ()
    extension: CardExtensions

    @model_validator(mode="after")
    def _suggestions_say_how_many(self) -> Self:
        if bool(self.suggestions) != (self.selection_behavior is not None):
            raise ValueError("selectionBehavior is there exactly when there are suggestions")
        recommended = sum(suggestion.is_recommended is True for suggestion in self.suggestions)
        if recommended > 1 and self.selection_behavior == "at-most-one":
            raise ValueError("at most one suggestion is recommended where at most one can be chosen")
        return self


class HookResponse(Sent):
    """The answer to a call. No cards means: everything needed was seen, and there is nothing to say."""

    cards: tuple[Card, ...] = ()
    _held: tuple[str, ...] = PrivateAttr(())
    _foreign: int = PrivateAttr(0)

    @property
    def held(self) -> tuple[str, ...]:
        """Ids of content that applies and is not shown, because the site runs it in shadow; never sent."""
        return self._held

    @property
    def foreign(self) -> int:
        """How many entries about other patients were left out; never sent."""
        return self._foreign

    def holding(self, held: Iterable[str], foreign: int = 0) -> Self:
        """This answer, with what is held back and what was left out noted beside it."""
        self._held, self._foreign = tuple(held), foreign
        return self

    @model_validator(mode="after")
    def _uuids_are_unique(self) -> Self:
        uuids = [card.uuid for card in self.cards]
        uuids += [suggestion.uuid for card in self.cards for suggestion in card.suggestions]
        if len(set(uuids)) != len(uuids):
            raise ValueError("every card and every suggestion has a uuid of its own")
        return self


def to_json(response: HookResponse) -> bytes:
    """The body of the answer: no nulls and no empty values but `cards`."""
    return orjson.dumps({"cards": [_filled(card.model_dump(by_alias=True)) for card in response.cards]})


def extension_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the extension, as published: nothing is null, what is empty is absent."""
    schema = _published(CardExtension.model_json_schema(mode="serialization"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": EXTENSION}


def _published(schema: Any) -> Any:
    """A pydantic schema without the nulls and defaults that never reach the wire."""
    if isinstance(schema, list):
        return [_published(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    options = [part for part in schema.get("anyOf", []) if part != {"type": "null"}]
    if len(options) == 1:
        rest = {key: part for key, part in schema.items() if key != "anyOf"}
        return _published({**options[0], **rest})
    drop = {"default"} | ({"title"} if isinstance(schema.get("title"), str) else set())
    return {key: _published(part) for key, part in schema.items() if key not in drop}


def _filled(value: Any) -> Any:
    """Without members that are None or empty."""
    if isinstance(value, dict):
        pairs = ((key, _filled(member)) for key, member in value.items())
        return {key: member for key, member in pairs if member is not None and member not in ("", [], {})}
    if isinstance(value, (list, tuple)):
        members = (_filled(member) for member in value)
        return [member for member in members if member is not None and member not in ("", [], {})]
    return value
