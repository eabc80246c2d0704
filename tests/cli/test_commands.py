"""The command line as a whole: help, names, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from cds_targets import __version__
from cds_targets.cli import COMMANDS, main


def run(*words: str, **environment: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(words), env=environment)
    return result.exit_code, result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_exists_teaches_and_is_listed_in_its_own_words(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert (command.help or "").strip().splitlines()[0] == COMMANDS[name]
    code, text = run(name, "--help")
    assert code == 0
    assert "Usage:" in text


def test_help_lists_every_command_and_imports_none() -> None:
    code = "import sys; from cds_targets.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print([m for m in sys.modules if m in ('flask', 'pydantic', 'fhir', 'gunicorn', 'yaml', 'orjson')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(name in done.stdout for name in COMMANDS)


def test_the_version_is_the_programs() -> None:
    assert __version__ in run("--version")[1]


def test_an_unknown_command_cannot_run() -> None:
    assert run("cook")[0] == 2


def test_python_dash_m_is_the_same_program() -> None:
    command = [sys.executable, "-m", "cds_targets", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == f"cds-targets, version {__version__}"


@pytest.mark.parametrize("name", ["card", "extension"])
def test_schema_prints_json(name: str) -> None:
    code, text = run("schema", name)
    assert code == 0
    assert json.loads(text)["properties"]["kind"]


WRONG = [
    ({"CDS_TARGETS_MODE": "production"}, "no EHR is registered"),
    ({"CDS_TARGETS_MOOD": "x"}, "did you mean CDS_TARGETS_MODE?"),
    ({"CDS_TARGETS_CARDS": "nowhere"}, "is not a content folder"),
]


@pytest.mark.parametrize(("environment", "says"), WRONG)
def test_serve_does_not_start_wrong_and_says_why(environment: dict[str, str], says: str) -> None:
    code, text = run("serve", "--port", "8999", **environment)
    assert code == 2
    assert says in text
    assert "Traceback" not in text
