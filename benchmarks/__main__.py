"""Start the real application and a bare Flask route side by side, call both in turn, print ratios.

Only 127.0.0.1 is called. One worker, one client, one kept connection; each pair of calls follows directly on the
other, so that what else the machine does falls on both.
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks import reading, registry
from benchmarks.bodies import call
from benchmarks.server import BARE, REAL
from cds_targets.advice import Advisor
from cds_targets.settings import Settings

WARM_UP = 50
PAIRS = 200


def timed(connection: http.client.HTTPConnection, path: str, body: bytes) -> float:
    """Seconds for one call that must succeed."""
    started = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    seconds = time.perf_counter() - started
    if answer.status != 200:
        raise SystemExit(f"{path} answered {answer.status}")
    return seconds


def ratio(port: int, body: bytes) -> float:
    """The median over pairs of (call / bare call)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(WARM_UP):
        timed(connection, BARE, body)
        timed(connection, REAL, body)
    pairs = [(timed(connection, BARE, body), timed(connection, REAL, body)) for _ in range(PAIRS)]
    connection.close()
    return statistics.median(real / bare for bare, real in pairs)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Until the server answers."""
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not start")


def main() -> None:
    """Print one line per size."""
    terms = Advisor.load(Settings()).library.terms
    genes = [(gene.hgnc, gene.symbol) for gene in terms.genes.by_symbol.values() if gene.hgnc is not None]
    print("decoding and reading genomic results against decoding the same bytes with orjson (median of pairs)")
    print(f"{50:4d} variants of 12 components: x {reading.ratio(terms, genes, 50):.2f}")
    print("matching a patient against ten times as many registry records (median of pairs)")
    print(f"20,000 against 2,000: x {registry.ratio(terms, 2_000):.2f}")
    port = free_port()
    state = tempfile.TemporaryDirectory(prefix="cds-targets-bench-")  # calls are kept, but not in this user's store
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "XDG_STATE_HOME": state.name},
    )
    try:
        wait_for(port)
        print("a full call against Flask + orjson answering a constant, same body, same server (median of pairs)")
        for variants in (50, 500):
            print(f"{variants:4d} variants of 12 components: x {ratio(port, call(genes, variants)):.2f}")
            sys.stdout.flush()
    finally:
        server.terminate()
        server.wait()
        state.cleanup()


if __name__ == "__main__":
    main()
