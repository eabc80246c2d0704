"""Numbers for operators, in the form Prometheus reads: counts and times, never a patient or a caller.

With several worker processes the numbers are shared through files: `cds-targets serve` names their folder in
PROMETHEUS_MULTIPROC_DIR before this module is imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from cds_targets.hooks.response import Card

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
disable_created_metrics()  # type: ignore[no-untyped-call]
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class _Heartbeat(Collector):
    """What the store knows and no process counts."""

    def __init__(self, last: datetime) -> None:
        self._last = last

    def collect(self) -> Iterable[Metric]:
        meaning = "When the synthetic patient last got her cards, in seconds since 1970"
        yield GaugeMetricFamily("cds_targets_heartbeat_last_success_seconds", meaning, self._last.timestamp())


class Metrics:
    """The numbers of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._calls = self._counter("calls", "Calls answered, by HTTP status", "service", "what", "status")
        self._seconds = Histogram(
            "cds_targets_call_seconds",
            "Time from the first byte to the last of an answer to a call",
            ["service", "what"],
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._cards = self._counter("cards", "Cards shown, by card", "card", "kind")
        self._held = self._counter("cards_held", "Cards that applied and were not shown", "card", "why")
        self._unknowns = self._counter("unknowns", "Answers with a card that names something unknown", "service")
        self._silent = self._counter("silent", "Answers without a card: everything seen, nothing to say", "service")
        self._foreign = self._counter("foreign_entries", "Entries about other patients that were left out", "service")
        self._fetched = self._counter(
            "fetches", "Prefetch keys asked for at a FHIR server, by what came of it", "server", "key", "outcome"
        )
        self._paused = Gauge(
            "cds_targets_fhir_server_paused",
            "How many workers leave this FHIR server alone for a while, because it kept failing",
            ["server"],
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._feedback = self._counter("feedback", "Feedback kept that was new", "service")
        self._store = self._counter("store_failures", "Answers refused because the store could not keep them")
        self._blind = Gauge(
            "cds_targets_decisions_unreadable",
            "Whether the site's decisions cannot be read now (the last known ones hold)",
            registry=self._registry,
            multiprocess_mode="livemax",
        )

    def called(self, service: str, what: str, status: int, seconds: float) -> None:
        """A `call` of a service, a `heartbeat` or `feedback` to it was answered."""
        self._calls.labels(service, what, str(status)).inc()
        self._seconds.labels(service, what).observe(seconds)

    def answered(self, service: str, cards: Iterable[Card]) -> None:
        """An answer left with these cards."""
        shown = [card.extension.card for card in cards]
        for told in shown:
            self._cards.labels(told.id, told.kind.value).inc()
        if not shown:
            self._silent.labels(service).inc()
        if any(told.unknown for told in shown):
            self._unknowns.labels(service).inc()

    def held(self, why: str, cards: Iterable[str]) -> None:
        """These cards applied and were not shown: `shadow` or `repeated`."""
        for card in cards:
            self._held.labels(card, why).inc()

    def left_out(self, service: str, entries: int) -> None:
        """Entries about other patients came with a call and were left out."""
        self._foreign.labels(service).inc(entries)

    def fetched(self, server: str, key: str, outcome: str) -> None:
        """A prefetch key was asked for at a registered FHIR server, or could not be."""
        self._fetched.labels(server, key, outcome).inc()

    def breaker(self, server: str, state: str) -> None:
        """Whether a registered FHIR server is left alone: its breaker is `closed`, `open` or `half-open`."""
        self._paused.labels(server).set(int(state != "closed"))

    def took_feedback(self, service: str, new: int) -> None:
        """Feedback of a service was kept."""
        self._feedback.labels(service).inc(new)

    def store_failed(self) -> None:
        """Something could not be kept."""
        self._store.inc()

    def decisions_unreadable(self, unreadable: bool) -> None:
        """Whether the site's decisions can be read."""
        self._blind.set(int(unreadable))

    def text(self, heartbeat: datetime | None = None) -> bytes:
        """Everything, over all processes where there are several, and when the last heartbeat succeeded, if one did."""
        registry = self._registry
        if os.environ.get(FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        told = generate_latest(registry)
        return told if heartbeat is None else told + generate_latest(_Heartbeat(heartbeat))

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"cds_targets_{name}", meaning, labels, registry=self._registry)
