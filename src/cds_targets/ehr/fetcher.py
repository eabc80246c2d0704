"""The prefetch keys a call left out, asked for in parallel within one budget. Nothing here is ever logged or kept."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as NotInTime
from typing import Any, Protocol

from cds_targets.ehr.guarded import FetchError, Guarded, Resolver, Server, Why, resolved
from cds_targets.ehr.lane import Lane
from cds_targets.ehr.scopes import Reach, reach
from cds_targets.ehr.search import Asking, fetch, query_of
from cds_targets.fhir.reading import as_dict, as_list
from cds_targets.fhir.record import PREFETCH
from cds_targets.hooks.request import FhirAuthorization, HookRequest

BUDGET_SECONDS = 3.0
# How a failure is told to the reader of the prefetch: OperationOutcome.issue.code (value set issue-type).
_CODES = {
    Why.FORBIDDEN: "forbidden",
    Why.EXPIRED: "expired",
    Why.REFUSED: "not-supported",
    Why.BUSY: "throttled",
    Why.PAUSED: "no-store",
    Why.TIMEOUT: "timeout",
    Why.FAILED: "transient",
    Why.UNREADABLE: "structure",
    Why.TOO_LARGE: "too-long",
    Why.REDIRECTED: "exception",
    Why.ADDRESS: "security",
    Why.UNPROVEN: "incomplete",
}
# The server works; that it gave nothing to this caller says nothing of the next.
_ALIVE = frozenset({Why.FORBIDDEN, Why.EXPIRED, Why.REFUSED, Why.UNPROVEN})


class Listener(Protocol):
    """Who tells operators: names of servers, of prefetch keys and of outcomes, never anything of a patient."""

    def fetched(self, server: str, key: str, outcome: str) -> None:
        """One prefetch key was asked for, or could not be."""

    def breaker(self, server: str, state: str) -> None:
        """The state of a server's breaker after a call."""


class Fetcher:
    """Asks the registered servers, and no other. Made before the workers are forked, opened in each of them."""

    def __init__(self, servers: Iterable[Server], budget: float = BUDGET_SECONDS, resolve: Resolver = resolved) -> None:
        self._lanes = {server.base.rstrip("/"): Lane(server) for server in servers}
        self._budget = budget
        self._resolve = resolve
        self.listener: Listener | None = None

    def states(self) -> dict[str, str]:
        """The breaker of every server, for operators."""
        return {base: lane.breaker.state for base, lane in self._lanes.items()}

    def complete(self, request: HookRequest) -> Mapping[str, Any]:
        """The call's prefetch with the missing keys filled: with what came, or with an OperationOutcome saying why not.

        Without a registered server, or without a token for a server that is not open, the prefetch is as it was sent.
        """
        missing = [key for key in PREFETCH if key not in request.prefetch]
        base = (request.fhir_server or "").rstrip("/")
        lane = self._lanes.get(base)
        access = request.fhir_authorization
        token = access.access_token.get_secret_value() if access and access.access_token else None
        if not missing or lane is None or (token is None and not lane.server.internal):
            return request.prefetch
        headers = {"Accept": "application/fhir+json", "Accept-Encoding": "identity"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        found = self._found(missing, lane, headers, request.context.patient_id, access)
        if self.listener is not None:
            for key, value in found.items():
                self.listener.fetched(base, key, _outcome_of(value))
            self.listener.breaker(base, lane.breaker.state)
        return {**request.prefetch, **{key: _value(value) for key, value in found.items()}}

    def _found(
        self, keys: list[str], lane: Lane, headers: dict[str, str], patient_id: str, access: FhirAuthorization | None
    ) -> dict[str, dict[str, Any] | Why]:
        """What each key brought, or why it brought nothing."""
        deadline = time.monotonic() + self._budget
        if access is not None and access.expires_in is not None:
            deadline = min(deadline, time.monotonic() + access.expires_in)
            if access.expires_in <= 0:
                return dict.fromkeys(keys, Why.EXPIRED)
        allowed = {key: _reach(key, access) for key in keys}
        asked = [key for key in keys if allowed[key] is not Reach.NONE]
        found: dict[str, dict[str, Any] | Why] = dict.fromkeys(keys, Why.FORBIDDEN)
        if asked:
            found |= self._asked(asked, lane, headers, patient_id, deadline)
        for key in asked:
            value = found[key]
            if allowed[key] is Reach.SOME and isinstance(value, dict):
                found[key] = _narrowed(value)
        return found

    def _asked(
        self, keys: list[str], lane: Lane, headers: dict[str, str], patient_id: str, deadline: float
    ) -> dict[str, dict[str, Any] | Why]:
        if not lane.calls.acquire(blocking=False):
            return dict.fromkeys(keys, Why.BUSY)
        try:
            if not lane.breaker.allows():
                return dict.fromkeys(keys, Why.PAUSED)
            found = self._answers(keys, lane, headers, patient_id, deadline)
            if any(isinstance(value, dict) or value in _ALIVE for value in found.values()):
                lane.breaker.succeeded()
            else:
                lane.breaker.failed()
            return found
        finally:
            lane.calls.release()

    def _answers(
        self, keys: list[str], lane: Lane, headers: dict[str, str], patient_id: str, deadline: float
    ) -> dict[str, dict[str, Any] | Why]:
        threads = lane.threads()
        opening = threads.submit(Guarded.open, lane.server, deadline, self._resolve)
        try:
            guarded = opening.result(timeout=deadline - time.monotonic())
        except FetchError as error:
            return dict.fromkeys(keys, error.why)
        except NotInTime:
            return dict.fromkeys(keys, Why.TIMEOUT)
        with guarded:
            asking = Asking(guarded, headers)
            futures = {key: threads.submit(_one, key, patient_id, asking, lane) for key in keys}
            wait(futures.values(), timeout=deadline - time.monotonic())
            return {key: _settled(future) for key, future in futures.items()}


def _one(key: str, patient_id: str, asking: Asking, lane: Lane) -> dict[str, Any]:
    """One key's answer; an empty one is asked for again in the other form, and believed only where it may be."""
    template = PREFETCH[key].query
    found = fetch(query_of(template, patient_id), asking)
    if _is_empty(found):
        found = fetch(query_of(template, patient_id, typed=True), asking)
    if not _is_empty(found):
        if found["resourceType"] != "OperationOutcome":
            lane.answered.add(key)
    elif key not in lane.answered:
        raise FetchError(Why.UNPROVEN)
    return found


def _settled(future: Future[dict[str, Any]]) -> dict[str, Any] | Why:
    if not future.done():
        future.cancel()
        return Why.TIMEOUT
    error = future.exception()
    if error is None:
        return future.result()
    return error.why if isinstance(error, FetchError) else Why.FAILED


def _reach(key: str, access: FhirAuthorization | None) -> Reach:
    kind, mark, _ = PREFETCH[key].query.partition("?")
    return reach(access.scope if access is not None else None, kind.split("/")[0], search=bool(mark))


def _value(found: dict[str, Any] | Why) -> dict[str, Any]:
    return _outcome(_CODES[found]) if isinstance(found, Why) else found


def _outcome(code: str) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}


def _narrowed(value: dict[str, Any]) -> dict[str, Any]:
    """An answer to a token that may read only some of what was asked for says so."""
    if value["resourceType"] != "Bundle":
        return value
    return {**value, "entry": [*as_list(value.get("entry")), {"resource": _outcome("forbidden")}]}


def _outcome_of(found: dict[str, Any] | Why) -> str:
    """One word for operators."""
    if isinstance(found, Why):
        return found.value
    if found["resourceType"] == "OperationOutcome":
        return "error"
    partial = bool(as_list(found.get("link"))) or any(_is_error(entry) for entry in as_list(found.get("entry")))
    return "partial" if partial else "complete"


def _is_error(entry: Any) -> bool:
    return as_dict(as_dict(entry).get("resource")).get("resourceType") == "OperationOutcome"


def _is_empty(value: dict[str, Any]) -> bool:
    """A search that brought nothing but, perhaps, remarks on itself."""
    return value["resourceType"] == "Bundle" and all(_is_error(entry) for entry in as_list(value.get("entry")))
