"""The README tells the truth: settings, commands, addresses."""

from __future__ import annotations

import re
from pathlib import Path

from cds_targets import __version__
from cds_targets.cli import COMMANDS
from cds_targets.settings import VARIABLES, Settings
from cds_targets.web.app import create_app
from tests.web.conftest import FixedAdvisor

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def rows(first: str) -> dict[str, list[str]]:
    """The rows of the table whose first cells match, by first cell."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in README.splitlines() if line[:1] == "|"]
    return {row[0].strip("`"): row[1:] for row in cells if re.fullmatch(first, row[0])}


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    told = rows(r"`CDS_TARGETS_\w+`")
    assert set(told) == set(VARIABLES)
    for variable, name in VARIABLES.items():
        field = Settings.model_fields[name]
        default = getattr(Settings(), name)
        shown = "" if default in (None, ()) else f"`{default}`"
        assert told[variable] == [shown, field.description], variable


def test_every_command_is_documented() -> None:
    told = {name.removeprefix("cds-targets "): row[0] for name, row in rows(r"`cds-targets [a-z]+`").items()}
    assert told == COMMANDS


def test_every_address_is_documented() -> None:
    app = create_app(Settings(), FixedAdvisor())
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<service_id>", "{id}").replace("/cds-services/{id}", "/cds-services/")
        assert f" {path}" in README or f" {rule.rule.replace('<service_id>', '{id}')}" in README, rule.rule


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", README, re.MULTILINE))
    assert {name for pair in named for name in pair if name} <= targets


def test_the_readme_says_what_the_service_is_not() -> None:
    for words in ("not been reviewed by clinicians", "not for emergencies", "synthetic patients only"):
        assert words in re.sub(r"\s+", " ", README)


def test_the_changelog_tells_program_and_cards_apart() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "### Program" in text
    assert "### Cards" in text
    assert __version__.count(".") == 2


def test_no_registry_is_named_in_what_is_pinned() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        assert not re.search(r"https?://|--index|--find-links", lock.read_text("utf-8")), lock.name
