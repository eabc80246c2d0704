"""A running service with several workers: decisions reach all of them, and killing workers loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from cds_targets.store.governance import Decision
from cds_targets.store.store import Store
from cds_targets.store.tables import feedback
from tests.cli.test_serve import Server, free_port
from tests.test_examples import IRIS, example

pytestmark = pytest.mark.slow
CARD = "kras-g12c-nsclc-second-line"
VIEW = "/cds-services/targeted-therapies"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CDS_TARGETS_STORE", str(tmp_path / "store.db"))
    return tmp_path / "store.db"


@pytest.fixture
def server(place: Path, tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path / "output")
    yield started
    started.stop()


def workers(server: Server) -> list[int]:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return [int(child) for child in children.read_text("ascii").split()]


def shows(server: Server) -> bool:
    status, _, body = server.call("POST", VIEW, json.dumps(example(IRIS, "patient-view")), **JSON)
    assert status == 200
    return CARD in body.decode()


def test_f18_a_kill_switch_works_on_all_workers_within_seconds(
    server: Server, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert all(shows(server) for _ in range(20))
    store = Store.open(str(place))
    store.decide("card", CARD, Decision.OFF, "Dr Berg", "a test")
    decided, last_shown = time.monotonic(), 0.0
    while time.monotonic() - decided < 3:
        if shows(server):
            last_shown = time.monotonic() - decided
    assert last_shown < 2
    store.decide("card", CARD, Decision.ON, "Dr Berg", "a test")
    store.close()
    time.sleep(1.5)
    assert all(shows(server) for _ in range(20))
    with capsys.disabled():
        print(f"\n  a switched-off card was last shown {last_shown:.1f} s after the decision (2 workers)")


def test_t31_feedback_acknowledged_by_workers_that_are_killed_is_kept(server: Server, place: Path) -> None:
    acknowledged = []
    for number in range(200):
        card = str(UUID(int=number))
        item = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-03-01T09:30:00Z"}
        if number in {40, 80, 120}:
            os.kill(workers(server)[0], signal.SIGKILL)
        try:
            status, _, _ = server.call("POST", VIEW + "/feedback", json.dumps({"feedback": [item]}), **JSON)
        except OSError:
            continue
        if status == 200:
            acknowledged.append(card)
    store = Store.open(str(place))
    with store.database.reading() as connection:
        kept = list(connection.execute(select(feedback.c.uuid)).scalars())
    assert len(acknowledged) > 150
    assert set(acknowledged) - set(kept) == set()
    assert len(kept) == len(set(kept))
    assert store.verify().problems == ()
    store.close()


def test_metrics_add_up_over_the_workers(server: Server) -> None:
    for _ in range(30):
        assert shows(server)
    text = server.call("GET", "/metrics")[2].decode()
    assert f'cds_targets_cards_total{{card="{CARD}",kind="therapy"}} 30.0' in text.splitlines()


def test_an_unwritable_default_place_is_named_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    command = [sys.executable, "-m", "cds_targets", "serve", "--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 2
    assert "cannot be kept in /proc/nowhere/cds-targets/store.db" in done.stderr
    assert "set CDS_TARGETS_STORE" in done.stderr
    assert "Traceback" not in done.stderr
