"""What is published about card files is what the program takes: the schema and the guide's vocabulary."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from cds_targets import yaml_source
from cds_targets.cli import main
from cds_targets.library.checks import check_library
from cds_targets.library.conditions import CONDITIONS
from cds_targets.library.library import card_files, load_library
from cds_targets.matching.examples import check_examples

CARDS = Path(__file__).parents[2] / "cards"
GUIDE = (CARDS / "README.md").read_text("utf-8")


def printed(name: str) -> str:
    return CliRunner().invoke(main, ["schema", name]).output


def test_the_shipped_schema_is_the_one_printed() -> None:
    assert json.loads((CARDS / "card.schema.json").read_text("utf-8")) == json.loads(printed("card"))


def test_the_guide_holds_the_vocabulary_as_printed() -> None:
    told = re.search(r"<!-- vocabulary: .*? -->\n(.*)<!-- end of vocabulary -->", GUIDE, re.DOTALL)
    assert told is not None
    assert told[1] == printed("vocabulary")
    assert all(f"**`{word}`**" in told[1] for word in CONDITIONS)


def test_every_card_fits_the_schema() -> None:
    validator = Draft202012Validator(json.loads(printed("card")))
    for path in card_files(CARDS):
        data = json.loads(json.dumps(yaml_source.read(path, path.name).data, default=str))
        assert not [error.message for error in validator.iter_errors(data)], path.name


@pytest.mark.parametrize("command", re.findall(r"^cds-targets (\w+)", GUIDE, re.MULTILINE))
def test_every_command_of_the_guide_exists(command: str) -> None:
    assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0


def test_the_monitoring_table_of_the_guide_is_one_file_that_passes_every_check(tmp_path: Path) -> None:
    table = re.search(r"<!-- monitoring table -->\n```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert table is not None
    shutil.copytree(CARDS / "terms", tmp_path / "terms")
    (tmp_path / "toxicity").mkdir()
    (tmp_path / "toxicity" / "sotorasib-monitoring.yaml").write_text(table[1], "utf-8")
    library = load_library(tmp_path)
    assert check_library(library, date(2026, 11, 28)) == []
    assert check_examples(library) == []
