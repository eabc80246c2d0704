"""The prefetch keys a call left out, asked for in parallel within one budget. Nothing here is ever logged or kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from cds_targets.ehr.breaker import Breaker
from cds_targets.ehr.guarded import FetchError, Guarded, Resolver, Server, Why, resolved
from cds_targets.ehr.search import Asking, fetch, query_of
from cds_targets.fhir.reading import as_dict, as_list
from cds_targets.fhir.record import PREFETCH
from cds_targets.hooks.request import HookRequest

BUDGET_SECONDS = 3.0
_THREADS = 32
_PER_SERVER = 9
# How a failure is told to the reader of the prefetch: OperationOutcome.issue.code (value set issue-type).
_CODES = {
    Why.FORBIDDEN: "forbidden",
    Why.TIMEOUT: "timeout",
    Why.FAILED: "transient",
    Why.UNREADABLE: "structure",
    Why.TOO_LARGE: "too-long",
    Why.REDIRECTED: "exception",
    Why.ADDRESS: "security",
}


class Fetcher:
    """Asks the registered servers, and no other. Made before the workers are forked, opened in each of them."""

    def __init__(self, servers: Iterable[Server], budget: float = BUDGET_SECONDS, resolve: Resolver = resolved) -> None:
        self._servers = {server.base.rstrip("/"): server for server in servers}
        self._budget = budget
        self._resolve = resolve
        self._breakers = {base: Breaker() for base in self._servers}
        self._places = {base: threading.BoundedSemaphore(_PER_SERVER) for base in self._servers}
        self._answered: set[tuple[str, str]] = set()  # searches that have returned something: empty is believed there
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def states(self) -> dict[str, str]:
        """The breaker of every server, for operators."""
        return {base: breaker.state for base, breaker in self._breakers.items()}

    def complete(self, request: HookRequest) -> Mapping[str, Any]:
        """The call's prefetch with the missing keys filled: with what came, or with an OperationOutcome saying why not.

        Without a registered server, or without a token for a server that is not open, the prefetch is as it was sent.
        """
        missing = [key for key in PREFETCH if key not in request.prefetch]
        server = self._servers.get((request.fhir_server or "").rstrip("/"))
        access = request.fhir_authorization
        token = access.access_token.get_secret_value() if access and access.access_token else None
        if not missing or server is None or (token is None and not server.internal):
            return request.prefetch
        headers = {"Accept": "application/fhir+json", "Accept-Encoding": "identity"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return {**request.prefetch, **self._fetch(missing, server, headers, request.context.patient_id)}

    def _fetch(self, keys: list[str], server: Server, headers: dict[str, str], patient_id: str) -> dict[str, Any]:
        breaker = self._breakers[server.base.rstrip("/")]
        if not breaker.allows():
            return {key: _failure(Why.FAILED) for key in keys}
        deadline = time.monotonic() + self._budget
        try:
            asking = Asking(Guarded.open(server, self._resolve), headers, deadline)
        except FetchError as error:
            breaker.failed()
            return {key: _failure(error.why) for key in keys}
        futures: dict[str, Future[dict[str, Any]]] = {
            key: self._threads().submit(self._one, key, patient_id, asking) for key in keys
        }
        wait(futures.values(), timeout=self._budget)
        found = {key: _settled(future) for key, future in futures.items()}
        if all(_is_failure(value) for value in found.values()):
            breaker.failed()
        else:
            breaker.succeeded()
        return found

    def _one(self, key: str, patient_id: str, asking: Asking) -> dict[str, Any]:
        """One key's answer; an empty one is asked for again in the other form, and believed only where it may be."""
        base = asking.guarded.server.base.rstrip("/")
        if not self._places[base].acquire(timeout=max(0.0, asking.deadline - time.monotonic())):
            raise FetchError(Why.TIMEOUT)
        try:
            template = PREFETCH[key].query
            found = fetch(query_of(template, patient_id), asking)
            if _is_empty(found):
                found = fetch(query_of(template, patient_id, typed=True), asking)
        finally:
            self._places[base].release()
        if not _is_empty(found):
            self._answered.add((base, key))
        elif (base, key) not in self._answered:
            return _outcome("incomplete")
        return found

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="ehr")
            return self._pool


def _settled(future: Future[dict[str, Any]]) -> dict[str, Any]:
    if not future.done():
        future.cancel()
        return _failure(Why.TIMEOUT)
    error = future.exception()
    if error is None:
        return future.result()
    return _failure(error.why if isinstance(error, FetchError) else Why.FAILED)


def _failure(why: Why) -> dict[str, Any]:
    return _outcome(_CODES[why])


def _outcome(code: str) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}


def _is_failure(value: dict[str, Any]) -> bool:
    return value.get("resourceType") == "OperationOutcome"


def _is_empty(value: dict[str, Any]) -> bool:
    """A search that brought nothing but, perhaps, remarks on itself."""
    resources = [as_dict(as_dict(entry).get("resource")) for entry in as_list(value.get("entry"))]
    return value["resourceType"] == "Bundle" and all(_is_failure(resource) for resource in resources)
