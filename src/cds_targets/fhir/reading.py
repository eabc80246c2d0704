"""The tolerant ground of every reader: JSON decoded strictly, resources found and named, elements read leniently.

Nothing here raises on a strange resource. A reader asks for what it needs and gets nothing where there is nothing;
what was there but could not be read is noted by whoever looked for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, NamedTuple

import orjson

from cds_targets.errors import FieldIssue, RequestError
from cds_targets.facts.dates import When, read_when

MAX_DEPTH = 64
MAX_TEXT = 2_000

Resource = dict[str, Any]
_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))


def decode(body: bytes) -> Any:
    """JSON decoded strictly; raises RequestError.

    Refused: what is not UTF-8 JSON, NaN and infinities, duplicate keys, nesting deeper than 64, lone surrogates, NUL.
    """
    try:
        value = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError):
        raise RequestError([FieldIssue("", "the body is not valid JSON in UTF-8")]) from None
    if _too_deep(body):
        raise RequestError([FieldIssue("", f"the body is nested deeper than {MAX_DEPTH} levels")])
    escapes = b"\\" in body
    if escapes and b"\\u0000" in body:
        raise RequestError([FieldIssue("", "the body holds a NUL character")])
    if (escapes and b"\\u0022" in body) or _may_repeat_keys(body, value):
        _refuse_repeated_keys(body)
    return value


def _too_deep(body: bytes) -> bool:
    """Peel one level of brackets at a time; only bodies with brackets left over are measured exactly."""
    left = body.translate(None, _BRACKETS)
    for _ in range(MAX_DEPTH):
        if not left:
            return False
        left = left.replace(b"{}", b"").replace(b"[]", b"")
    if not left:
        return False
    depth = deepest = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', body):
        if token[0] in (b"{", b"["):
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in (b"}", b"]"):
            depth -= 1
    return deepest > MAX_DEPTH


def _may_repeat_keys(body: bytes, value: Any) -> bool:
    """Cheap and one-sided: False only if every key of the text is still there after decoding.

    Decoding drops repeated keys, so encoding again yields fewer quotation marks. The one spelling that would disturb
    the count, a quotation mark written by number, is left to the caller.
    """
    return body.count(b'"') != orjson.dumps(value).count(b'"')


def _refuse_repeated_keys(body: bytes) -> None:
    def check(pairs: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in pairs}) != len(pairs):
            raise RequestError([FieldIssue("", "an object has the same key twice")])

    try:
        json.loads(body, object_pairs_hook=check)
    except (ValueError, RecursionError):
        raise RequestError([FieldIssue("", "the body is not valid JSON")]) from None


class Coding(NamedTuple):
    """One coding, whitespace trimmed; absent parts are empty."""

    system: str
    code: str
    display: str


def as_list(value: Any) -> list[Any]:
    """A list as it is, nothing as empty, anything else as a list of one (clients mix them up)."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def as_text(value: Any) -> str:
    """A string trimmed and cut to 2,000 characters; anything else as empty."""
    return value[:MAX_TEXT].strip() if isinstance(value, str) else ""


def as_dict(value: Any) -> Resource:
    """A JSON object, or an empty one (also for a list's first element, where an object was meant)."""
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, dict) else {}


def as_number(value: Any) -> float | None:
    """A number, also one written as text; booleans and anything else are None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d{1,18}(\.\d{1,18})?([eE][-+]?\d{1,2})?\s*", value):
        return float(value)
    return None


def codings(concept: Any) -> list[Coding]:
    """The codings of a CodeableConcept (or of a Coding, or of a list of either); empties are dropped."""
    found = []
    for part in as_list(concept):
        if not isinstance(part, dict):
            continue
        for coding in as_list(part.get("coding")) if "coding" in part else [part]:
            if isinstance(coding, dict):
                read = Coding(
                    as_text(coding.get("system")), as_text(coding.get("code")), as_text(coding.get("display"))
                )
                if read.code or read.display:
                    found.append(read)
    return found


def concept_text(concept: Any) -> str:
    """What a person would read: text, else the first display, else the first code."""
    first = as_dict(concept)
    text = as_text(first.get("text"))
    if text:
        return text
    known = codings(concept)
    return next((c.display for c in known if c.display), known[0].code if known else "")


def observed_on(resource: Resource, zone: tzinfo) -> When | None:
    """The day an Observation is about: its effective time (the end of a period), else the day it was issued."""
    period = as_dict(resource.get("effectivePeriod"))
    for value in (
        resource.get("effectiveDateTime"),
        resource.get("effectiveInstant"),
        period.get("end"),
        period.get("start"),
        resource.get("issued"),
    ):
        when = read_when(as_text(value), zone)
        if when is not None:
            return when
    return None


@dataclass(slots=True)
class Entry:
    """One resource of the call, where it stands and what it may be called.

    `reference` is `Type/id`, else its pointer: what a fact names as its source.
    """

    resource: Resource
    pointer: str
    full_url: str
    key: str
    reference: str

    @property
    def type(self) -> str:
        """Its resourceType."""
        return as_text(self.resource.get("resourceType"))


@dataclass(slots=True)
class Resources:
    """Every resource of one call (or file), found by reference.

    `unreadable` are the pointers of entries that hold none.
    """

    entries: list[Entry] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    _index: dict[str, Entry] = field(default_factory=dict)

    def add(self, value: Any, pointer: str = "", full_url: str = "", key: str = "", depth: int = 0) -> None:
        """Take in a resource or Bundle with everything contained in it; `key` is the prefetch key it came under."""
        if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str) or depth > 8:
            self.unreadable.append(pointer)
            return
        identity = as_text(value.get("id"))
        reference = f"{as_text(value['resourceType'])}/{identity}" if identity else (pointer or "/")
        entry = Entry(value, pointer, full_url, key, reference)
        self.entries.append(entry)
        if identity:
            self._index.setdefault(reference, entry)
        if full_url:
            self._index.setdefault(full_url, entry)
        if value["resourceType"] == "Bundle":
            self._add_bundle(value, pointer, key, depth)
        elif value["resourceType"] == "Parameters":
            self._add_parameters(value.get("parameter"), f"{pointer}/parameter", key, depth)
        for index, child in enumerate(as_list(value.get("contained"))):
            position = len(self.entries)
            self.add(child, f"{pointer}/contained/{index}", "", key, depth + 1)
            child_id = as_text(child.get("id")) if isinstance(child, dict) else ""
            if child_id and len(self.entries) > position:
                self._index.setdefault(f"{pointer}#{child_id.lstrip('#')}", self.entries[position])

    def _add_bundle(self, bundle: Resource, pointer: str, key: str, depth: int) -> None:
        for index, item in enumerate(as_list(bundle.get("entry"))):
            place = f"{pointer}/entry/{index}/resource"
            if not isinstance(item, dict) or "resource" not in item:
                if isinstance(item, dict) and ("response" in item or "request" in item):
                    continue
                self.unreadable.append(place)
                continue
            self.add(item["resource"], place, as_text(item.get("fullUrl") or item.get("fullURL")), key, depth + 1)

    def _add_parameters(self, parameters: Any, pointer: str, key: str, depth: int) -> None:
        """The resources that an operation returned, also in nested parts."""
        for index, parameter in enumerate(as_list(parameters)):
            if isinstance(parameter, dict) and depth <= 8:
                place = f"{pointer}/{index}"
                if "resource" in parameter:
                    self.add(parameter["resource"], f"{place}/resource", "", key, depth + 1)
                self._add_parameters(parameter.get("part"), f"{place}/part", key, depth + 1)

    def of_type(self, *types: str) -> Iterator[Entry]:
        """Entries of the resource types, in order."""
        return (entry for entry in self.entries if entry.resource.get("resourceType") in types)

    def resolve(self, reference: Any, at: Entry) -> Entry | None:
        """The entry a Reference points to: `Type/id`, absolute URL, `urn:...`, `#contained`; None if not here."""
        target = as_text(reference.get("reference")) if isinstance(reference, dict) else as_text(reference)
        if not target:
            return None
        if target.startswith("#"):
            container = at.pointer.rsplit("/contained/", 1)[0]
            return self._index.get(f"{container}#{target[1:]}")
        found = self._index.get(target)
        if found is None and "/" in target:
            tail = target.split("/_history/")[0].rstrip("/").split("/")
            found = self._index.get("/".join(tail[-2:]))
        return found
