"""Files for operators, held to the program: image, compose file, units, alarms, bill of materials."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds_targets.cli import main
from cds_targets.settings import VARIABLES, Settings
from cds_targets.web.app import create_app
from cds_targets.web.metrics import Metrics
from tests.web.conftest import FixedAdvisor

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined."""
    text = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], " ".join(line.split()[1:])) for line in lines]


def last_stage() -> list[tuple[str, str]]:
    starts = [number for number, (word, _) in enumerate(instructions()) if word == "FROM"]
    return instructions()[starts[-1] :]


def test_t35_the_image_installs_nothing_that_the_lock_does_not_pin() -> None:
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert installs[0].endswith("-r requirements.lock")
    assert {"--no-deps", "--no-index", "--no-build-isolation"} <= set(installs[1].split())
    assert not any("apt-get" in rest or "curl" in rest for _, rest in instructions())


def test_the_image_runs_as_nobody_special_and_copies_only_what_the_context_lets_in() -> None:
    (user,) = (rest for word, rest in last_stage() if word == "USER")
    assert int(user.split(":")[0]) > 0
    words = [word for word, _ in last_stage()]
    assert words.index("USER") < words.index("ENTRYPOINT")
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = {
        source
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_starts_the_service_and_asks_a_health_address_that_exists() -> None:
    told = dict(last_stage())
    command = [*json.loads(told["ENTRYPOINT"]), *json.loads(told["CMD"])]
    assert command[0] == "cds-targets"
    assert main.get_command(None, command[1]) is not None  # type: ignore[arg-type]
    port = command[command.index("--port") + 1]
    assert told["EXPOSE"] == port
    asked = re.search(r"http://127\.0\.0\.1:(\d+)(/\S+)'", told["HEALTHCHECK"])
    assert asked is not None
    assert asked[1] == port
    assert create_app(Settings(), FixedAdvisor()).test_client().get(asked[2]).status_code == 200
    assert compile(json.loads(told["HEALTHCHECK"].split("CMD", 1)[1])[2], "health", "exec")


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return found


def test_the_composed_service_can_write_nothing_and_is_open_to_this_host_only() -> None:
    service = compose()["services"]["cds-targets"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert all(mount.endswith(":ro") for mount in service["volumes"])
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert service["environment"]["CDS_TARGETS_MODE"] == "${CDS_TARGETS_MODE:-production}"
    assert compose()["networks"]["back"]["internal"] is True
    assert "ports" not in compose()["services"]["store"]


def test_settings_named_in_the_files_exist() -> None:
    for path in DEPLOY.iterdir():
        named = set(re.findall(r"CDS_TARGETS_\w+", path.read_text("utf-8")))
        assert named <= set(VARIABLES), path.name


def test_no_secret_stands_in_the_files() -> None:
    for path in DEPLOY.iterdir():
        assert not re.search(r"(?i)(password|secret|token)\s*[:=]\s*['\"]?\w", path.read_text("utf-8")), path.name


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_commands_that_exist(unit: Path) -> None:
    for line in re.findall(r"^ExecStart=\S+/cds-targets (.*)$", unit.read_text("utf-8"), re.MULTILINE):
        command: Any = main
        for word in line.split(" --")[0].split():
            command = command.get_command(None, word)
            assert command is not None, line
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--\w+", line)) <= options


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_is_valid_and_sandboxed(unit: Path, tmp_path: Path) -> None:
    here = tmp_path / unit.name
    here.write_text(re.sub(r"/opt/\S+/cds-targets", sys.executable, unit.read_text("utf-8")))
    verified = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = ["systemd-analyze", "security", "--offline=true", "--threshold=20", here]  # tenths of the exposure level
    assert subprocess.run(rated, capture_output=True, check=False).returncode == 0  # noqa: S603


def test_f21_every_metric_of_an_alarm_is_told() -> None:
    metrics = Metrics()
    metrics.called("s", "call", 200, 0.1)
    told = set(re.findall(r"^# TYPE (\S+)", metrics.text().decode(), re.MULTILINE))
    told |= {f"{name}_bucket" for name in told} | {"cds_targets_heartbeat_last_success_seconds"}
    groups = yaml.safe_load((DEPLOY / "alerts.yaml").read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    named = {name for rule in rules for name in re.findall(r"cds_targets_\w+", rule["expr"])}
    assert len(named) > 6
    assert named <= told
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] in {"page", "ticket"} for rule in rules)
    guide = (ROOT / "docs" / "operate.md").read_text("utf-8")
    assert set(re.findall(r"cds_targets_\w+", guide)) <= told


@pytest.mark.slow
def test_t35_the_bill_of_materials_lists_what_is_installed_and_the_lock_pins_all_of_it(tmp_path: Path) -> None:
    target = tmp_path / "sbom.json"
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "-o", str(target)]
    subprocess.run([*command, sys.executable], check=True, capture_output=True)  # noqa: S603
    listed = {
        (folded(component["name"]), component["version"])
        for component in json.loads(target.read_text("utf-8"))["components"]
    }
    lock = (ROOT / "requirements-dev.lock").read_text("utf-8")
    pinned = {(folded(name), version) for name, version in re.findall(r"^([\w.-]+)(?:\[\w+\])?==(\S+)", lock, re.M)}
    ours = {name for name, _ in listed} & {"cds-targets", "pip", "setuptools"}  # made by us, or by venv itself
    installed = {folded(distribution.name) for distribution in distributions()}
    assert {name for name, _ in listed} | ours >= installed - {"cds-targets", "pip", "setuptools"}
    assert {found for found in listed if found[0] not in ours} <= pinned


def test_t35_every_package_of_the_locks_is_pinned_with_a_hash() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
        packages = [line for line in text.splitlines() if line and line[0] not in "# "]
        assert packages
        assert [line for line in packages if "==" not in line or "--hash=sha256:" not in line] == []


def folded(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.slow
def test_the_service_tells_systemd_when_it_is_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.cli.test_serve import Server

    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        server = Server(tmp_path / "output")
        assert manager.recv(1000).startswith(b"READY=1")
        assert server.stop() == 0
