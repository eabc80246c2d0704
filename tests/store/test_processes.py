"""Several processes on one store, and processes that die: what was acknowledged is there, and is there once."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from cds_targets.store.store import Store
from cds_targets.store.tables import feedback
from tests.store.ids import uuid_of

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
KILLS = 12


def start(what: str, address: str, key_file: Path, name: str, times: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.worker", what, address, str(key_file), name, str(times)]
    return subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def go(workers: list[subprocess.Popen[str]]) -> None:
    """Let workers begin at the same time, once all are ready."""
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()


def told(worker: subprocess.Popen[str]) -> list[str]:
    """What a worker said; its last line counts only if it is whole."""
    output, _ = worker.communicate(timeout=60)
    return [line.rstrip("\n") for line in output.splitlines(keepends=True) if line.endswith("\n")]


def test_t32_several_processes_lose_nothing_and_keep_one_chain(store: Store, address: str, key_file: Path) -> None:
    workers = [start("call", address, key_file, f"w{number}", 100) for number in range(4)]
    go(workers)
    assert [len(told(worker)) for worker in workers] == [100] * 4
    assert [worker.returncode for worker in workers] == [0] * 4
    found = store.verify()
    assert (found.rows, found.problems) == (400, ())


def test_t4_a_token_is_accepted_once_over_all_processes(store: Store, address: str, key_file: Path) -> None:
    workers = [start("tokens", address, key_file, f"w{number}", 150) for number in range(4)]
    go(workers)
    fresh = [token for worker in workers for token in told(worker)]
    assert sorted(fresh) == sorted(f"t{number}" for number in range(150))


def test_t32_no_acknowledged_feedback_is_lost_when_processes_are_killed(
    address: str, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Store.open(address, key_file).close()
    acknowledged: set[str] = set()
    for kill in range(KILLS // 2):
        workers = [start("feedback", address, key_file, f"k{kill}-{number}") for number in range(2)]
        go(workers)
        time.sleep(0.05 + 0.03 * kill)
        for worker in workers:
            worker.kill()
        acknowledged.update(line for worker in workers for line in told(worker))
    store = Store.open(address, key_file)
    with store.database.reading() as connection:
        kept = set(connection.execute(select(feedback.c.uuid)).scalars())
    assert acknowledged
    assert acknowledged - kept == set()
    assert store.verify().problems == ()
    store.close()
    with capsys.disabled():
        print(f"\n  acknowledged feedback rows lost after {KILLS} kills: 0 of {len(acknowledged)}")


def test_processes_that_start_at_once_make_one_store(address: str, key_file: Path) -> None:
    workers = [start("call", address, key_file, f"w{number}", 5) for number in range(6)]
    go(workers)
    assert [len(told(worker)) for worker in workers] == [5] * 6
    store = Store.open(address, key_file)
    found = store.verify()
    assert (found.rows, found.problems) == (30, ())
    store.close()


def test_t31_the_same_feedback_told_by_all_is_one_row(store: Store, address: str, key_file: Path) -> None:
    workers = [start("feedback", address, key_file, "same", 100) for _ in range(4)]
    go(workers)
    assert [len(told(worker)) for worker in workers] == [100] * 4
    with store.database.reading() as connection:
        kept = list(connection.execute(select(feedback.c.uuid)).scalars())
    assert sorted(kept) == sorted(uuid_of(f"same-{number}") for number in range(100))
