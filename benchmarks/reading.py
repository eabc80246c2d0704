"""What reading the genomic results costs, as a ratio to decoding the same bytes with orjson in the same process."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from datetime import UTC

import orjson

from benchmarks.bodies import call
from cds_targets.fhir.genomics import read_genomics
from cds_targets.fhir.reading import Resources
from cds_targets.terms import Terms

ROUNDS = 300


def ratio(terms: Terms, genes: list[tuple[str, str]], variants: int) -> float:
    """The median over pairs of (decoding and reading / decoding) of a searchset of `variants` Observations."""
    body = orjson.dumps(orjson.loads(call(genes, variants))["prefetch"]["observations"])

    def read() -> None:
        resources = Resources()
        resources.add(orjson.loads(body))
        if len(read_genomics(resources, terms, UTC).facts) != variants:
            raise SystemExit("a variant was not read")

    gc.collect()
    gc.freeze()  # as the server does after loading
    read()
    pairs = [(_seconds(lambda: orjson.loads(body)), _seconds(read)) for _ in range(ROUNDS)]
    return statistics.median(reading / decoding for decoding, reading in pairs)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
