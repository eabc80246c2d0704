"""The built wheel holds the content and works without the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Run with the unpacked wheel in front of the path: load the packaged content, answer a packaged call.
PROBE = """
import json, pathlib, sys
import cds_targets
from cds_targets.cli.serve import build, example_call
from cds_targets.settings import Settings
home = pathlib.Path(cds_targets.__file__).parent
client = build(Settings()).test_client()
answer = client.post("/cds-services/targeted-therapies", json=json.loads(example_call().read_text()))
print(json.dumps({
    "home": str(home),
    "status": answer.status_code,
    "cards": len(answer.get_json()["cards"]),
    "openapi": client.get("/openapi.yaml").text[:12],
}))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.mark.slow
def test_the_wheel_holds_every_card_and_example(unpacked: Path) -> None:
    for source, packaged in (("cards", "_cards"), ("examples", "_examples")):
        files = {path.relative_to(ROOT / source) for path in (ROOT / source).rglob("*") if path.is_file()}
        home = unpacked / "cds_targets" / packaged
        assert files <= {path.relative_to(home) for path in home.rglob("*") if path.is_file()}
    assert (unpacked / "cds_targets" / "_openapi.yaml").read_bytes() == (ROOT / "openapi.yaml").read_bytes()
    assert (unpacked / "cds_targets" / "py.typed").exists()


@pytest.mark.slow
def test_the_wheel_answers_a_packaged_call_without_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "PYTHONWARNINGS": "error"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROBE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["home"] == str(unpacked / "cds_targets")
    assert told["status"] == 200
    assert told["cards"] > 0
    assert told["openapi"] == "openapi: 3.1"
