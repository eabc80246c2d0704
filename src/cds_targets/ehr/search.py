"""One search on a FHIR server, all its pages put together; what is missing from it stays visible in the Bundle."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from cds_targets.ehr.guarded import FetchError, Guarded, Why
from cds_targets.errors import RequestError
from cds_targets.fhir.reading import as_dict, as_list, as_text, decode

PAGES = 20
BYTES = 10_000_000
_RETRY_SECONDS = 0.3
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_PLACE = "{{context.patientId}}"


@dataclass(frozen=True, slots=True)
class Asking:
    """How a server is asked: its session, and the headers that carry the token."""

    guarded: Guarded
    headers: dict[str, str]


def query_of(template: str, patient_id: str, typed: bool = False) -> str:
    """A prefetch template as a relative address; raises FetchError for an id that is none.

    `typed` writes `patient=Patient/id`: servers differ in which form they know.
    """
    if not _ID.fullmatch(patient_id):
        raise FetchError(Why.REFUSED)
    form = f"Patient/{patient_id}" if typed and "?" in template else patient_id
    filled = template.replace(_PLACE, form)
    kind, mark, query = filled.partition("?")
    return kind + mark + quote(query, safe="=&,:/")


def fetch(query: str, asking: Asking) -> dict[str, Any]:
    """The resource or the Bundle of a search; pages that could not be had leave a `next` link behind.

    Raises FetchError when not even the first page could be had, or when it is neither what was asked for nor an
    OperationOutcome.
    """
    base = asking.guarded.server.base.rstrip("/")
    first = _get(f"{base}/{query}", asking)
    if first["resourceType"] == "OperationOutcome":
        return first
    if first["resourceType"] != ("Bundle" if "?" in query else query.split("/")[0]):
        raise FetchError(Why.UNREADABLE)
    if first["resourceType"] != "Bundle":
        return first
    entries = list(as_list(first.get("entry")))
    following = _next(first)
    seen: set[str] = set()
    pages = 1
    while following:
        address = _inside(base, following)
        if address is None or address in seen or pages >= PAGES:
            return _bundle(first, entries, following)
        seen.add(address)
        try:
            page = _get(address, asking)
        except FetchError:
            return _bundle(first, entries, following)
        if page.get("resourceType") != "Bundle":
            return _bundle(first, entries, following)
        entries += as_list(page.get("entry"))
        following = _next(page)
        pages += 1
    return _bundle(first, entries, None)


def _get(url: str, asking: Asking) -> dict[str, Any]:
    try:
        body = asking.guarded.get(url, asking.headers, BYTES)
    except FetchError as error:
        if not error.transient or asking.guarded.deadline - time.monotonic() < _RETRY_SECONDS:
            raise
        body = asking.guarded.get(url, asking.headers, BYTES)
    try:
        value = decode(body)
    except RequestError:
        raise FetchError(Why.UNREADABLE) from None
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise FetchError(Why.UNREADABLE)
    return value


def _next(bundle: dict[str, Any]) -> str:
    links = [as_dict(link) for link in as_list(bundle.get("link"))]
    return next((as_text(link.get("url")) for link in links if as_text(link.get("relation")) == "next"), "")


def _inside(base: str, link: str) -> str | None:
    """A `next` link as an absolute address on the same server and below its base; None if it leads elsewhere."""
    try:
        absolute = urljoin(f"{base}/", link)
        ours, theirs = urlsplit(base), urlsplit(absolute)
        port = theirs.port
    except ValueError:
        return None
    same = (theirs.scheme, theirs.hostname, port) == (ours.scheme, ours.hostname, ours.port)
    plain = "@" not in theirs.netloc and "\\" not in absolute and ".." not in theirs.path
    below = theirs.path == ours.path or theirs.path.startswith(f"{ours.path}/")
    return absolute if same and plain and below else None


def _bundle(first: dict[str, Any], entries: list[Any], following: str | None) -> dict[str, Any]:
    links = [{"relation": "next", "url": "not fetched"}] if following else []
    return {**{key: value for key, value in first.items() if key != "link"}, "entry": entries, "link": links}
