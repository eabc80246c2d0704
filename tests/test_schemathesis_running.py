"""The running service against its own description: every address, every phase, zero failures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_serve import Server

PHASES = "examples,coverage,fuzzing,stateful"
# What a schema cannot say (a draft order that must be there, a list that one outcome asks for) may be refused.
BESIDE = "positive_data_acceptance"


@pytest.mark.slow
def test_the_running_service_answers_as_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDS_TARGETS_STORE", str(tmp_path / "store.db"))
    server = Server(tmp_path / "output")
    address = f"http://127.0.0.1:{server.port}"
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.yaml", "--url", address]
    options = ["--phases", PHASES, "--checks", "all", "--exclude-checks", BESIDE, "--mode", "all"]
    limits = ["--max-examples", "20", "--seed", "1815", "--generation-deterministic", "--no-color"]
    done = subprocess.run([*command, *options, *limits], capture_output=True, text=True, check=False, cwd=tmp_path)  # noqa: S603
    log = server.log()
    assert server.stop() == 0
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr
    counted = re.search(r"(\d+) generated", done.stdout)
    assert counted is not None
    assert int(counted[1]) > 200
    assert '"event":"fault"' not in log
    with capsys.disabled():
        print(f"\n  bodies made from the description {counted[1]}, failures 0")
