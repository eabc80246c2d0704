"""The EHR's server drips: how long does an answer take, measured by the budget, and does anybody else wait?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.ehr.asking import access
from tests.ehr.faulty import Exchange
from tests.ehr.faulty import running as answering
from tests.test_examples import IRIS, example

from cds_targets.ehr.fetcher import BUDGET_SECONDS
from verify.figure import Figure, control
from verify.service import VIEW, Service, running

CALLS, AT_ONCE, OTHERS = 120, 12, 60
GRACE_SECONDS = 0.2


def _dripping(exchange: Exchange) -> None:
    exchange.drip(b'{"resourceType": "Bundle"}'.ljust(100_000), 0.02)


def _seconds(service: Service, body: object) -> float:
    started = time.perf_counter()
    control(service.post(VIEW, body) in (200, 412), "a call was not answered")
    return time.perf_counter() - started


def _percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]


def figures() -> Iterator[Figure]:
    """Calls that leave everything to be fetched, and calls of somebody else beside them that send everything."""
    whole = example(IRIS, "patient-view")
    with answering(_dripping) as ehr, running(internal_fhir_servers=ehr.base) as service:
        bare = {**whole, "prefetch": {}, "fhirServer": ehr.base, "fhirAuthorization": access()}
        for _ in range(OTHERS):  # until every worker is warm
            _seconds(service, whole)
        alone = [_seconds(service, whole) for _ in range(OTHERS)]
        with ThreadPoolExecutor(AT_ONCE) as callers:
            waiting = [callers.submit(_seconds, service, bare) for _ in range(CALLS)]
            beside = [_seconds(service, whole) for _ in range(OTHERS)]
            took = [future.result() for future in waiting]
        control(max(took) > BUDGET_SECONDS / 2, "no call waited for the drip")
    slow = sum(seconds > BUDGET_SECONDS / 2 for seconds in took)
    tried = f"the budget ({CALLS} calls, {slow} of them waited, the rest found the server paused or all places taken)"
    most = 1 + GRACE_SECONDS / BUDGET_SECONDS
    yield Figure("p99 with a server that drips", _percentile(took, 0.99) / BUDGET_SECONDS, tried, most)
    ratio = _percentile(beside, 0.99) / _percentile(alone, 0.99)
    yield Figure("p99 of calls that fetch nothing meanwhile", ratio, "their p99 before", None)
    median = statistics.median(beside) / statistics.median(alone)
    yield Figure("median of calls that fetch nothing meanwhile", median, "their median before", None)
