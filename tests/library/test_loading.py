"""Card files that cannot be used: every problem at once, each with its file, its line and a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cds_targets import yaml_source
from cds_targets.errors import ContentError
from cds_targets.library.library import content_folder, load_library
from tests.library.cards_folder import folder_with, loaded
from tests.matching.cards import G12C, LUNG, written

FILE = "cards/therapy/kras-g12c-lung.yaml"


def refused(place: Path, **changes: Any) -> str:
    with pytest.raises(ContentError) as error:
        loaded(place, **changes)
    return str(error.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"titel": "x"}, "no such key here; did you mean 'title'?"),
        ({"when": [{"varient": {"gene": "KRAS"}}]}, "varient: no such key here; did you mean 'variant'?"),
        ({"when": [{"variant": {"gen": "KRAS"}}]}, "gen: no such key here; did you mean 'gene'?"),
        ({"unless": [{"any": [{"tumor": {"is": "NSCLC"}}, LUNG]}]}, "tumor: no such key here; did you mean 'tumour'?"),
        ({"evidence": {"a": {"cite": "x", "say": "y", "says": "z"}}}, "say: no such key here; did you mean 'says'?"),
        ({"examples": [{"name": "x", "patient": {"tumor": "LUAD"}, "expect": "shown"}]},
         "tumor: no such key here; did you mean 'tumour'?"),
        ({"zzz": 1}, "zzz: no such key here"),
        ({"title": ...}, "title: is missing"),
        ({"when": []}, "when"),
        ({"when": [{**G12C, **LUNG}]}, "a line names exactly one condition"),
        ({"when": [{"had_therapy": {"within": "6 weeks"}}]}, "names a drug or a class"),
        ({"when": [{"had_therapy": {"drug": "sotorasib", "within": "six weeks"}}]}, "a duration is written like"),
        ({"when": [{"tumour": {"is": "NSCLC", "extent": "late"}}]}, "extent is early, locally advanced or metastatic"),
        ({"when": [{"prior_lines": {}}]}, "names at_least or at_most"),
        ({"when": [{"lab": {"test": "ALT"}}]}, "names a bound"),
        ({"when": [{"biomarker": {"marker": "MSI"}}]}, "names a call, at_least or below"),
        ({"kind": "notice"}, "a notice proposes no therapies"),
        ({"therapies": []}, "a therapy card names the regimens it proposes"),
        ({"strength": ...}, "says its `strength.regulatory`"),
        ({"unknown_needs": ["fusion"]}, "`unknown_needs` names words of `when`"),
        ({"if_unknown": "stay-silent", "unknown_card": {"summary": "cannot be told"}}, "needs `if_unknown: say-so`"),
        ({"hooks": ["patient-viev"]}, "hooks.0"),
        ({"id": "Not An Id"}, "id"),
    ],
)  # fmt: skip
def test_a_mistake_of_form_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    message = refused(tmp_path, **changes)
    name = changes.get("id", "kras-g12c-lung")
    assert message.startswith(f"cards/therapy/{name}.yaml:")
    assert said in message


def test_every_file_and_every_problem_is_named_at_once(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, written(titel="x", zzz=1), written(id="other", version=0))
    with pytest.raises(ContentError) as error:
        load_library(folder)
    assert [problem.file for problem in error.value.problems] == [FILE, FILE, "cards/therapy/other.yaml"]
    lines = list(written(titel="x", zzz=1))
    assert [problem.line for problem in error.value.problems][:2] == [lines.index("titel") + 1, lines.index("zzz") + 1]


def test_two_cards_of_one_id_are_named(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, written())
    twin = folder / "therapy" / "twin.yaml"
    twin.write_text((folder / "therapy" / "kras-g12c-lung.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ContentError, match=f"the id 'kras-g12c-lung' is taken by {FILE}"):
        load_library(folder)


def test_a_folder_without_terms_is_no_content(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="it has no terms/"):
        content_folder(tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("id: a\nid: b\n", 2, "the key 'id' stands here twice"),
        ("a: 1\nb:\n  on: x\n", 3, "write 'on' in quotes"),
        ("a: yes\n", 1, "write 'yes' in quotes"),
        ("a: 1\n2: b\n", 2, "the key '2' is not text"),
        ("a: !!python/object:os.system x\n", 1, "tags such as"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: [1\n", 2, "not YAML"),
        ("a: 'x\n", 2, "not YAML"),
        ("", 1, "the file is empty"),
        ("a: &x 1\nb: {<<: *x}\n", 1, "'<<' merges mappings only"),
        ("a: 2026-02-30\n", 1, "cannot read '2026-02-30'"),
        ("a: " + "[" * 2000 + "]" * 2000, 1, "the file is nested too deeply"),
    ],
)
def test_yaml_traps_are_refused_with_their_line(text: str, line: int, said: str) -> None:
    with pytest.raises(ContentError) as error:
        yaml_source.parse(text, "cards/x.yaml")
    (problem,) = error.value.problems
    assert (problem.file, problem.line) == ("cards/x.yaml", line)
    assert said in problem.message


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in zip("abcdefg", "bcdefgh", strict=True)]
    with pytest.raises(ContentError, match="grows too large"):
        yaml_source.parse("\n".join(lines), "x.yaml")


def test_a_file_that_is_not_utf_8_and_one_that_is_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"a: \xff")
    with pytest.raises(ContentError, match=r"x\.yaml:1: the file is not UTF-8 text"):
        yaml_source.read(tmp_path / "x.yaml", "x.yaml")
    with pytest.raises(ContentError, match=r"y\.yaml:1: cannot be read"):
        yaml_source.read(tmp_path / "y.yaml", "y.yaml")


def test_merged_keys_give_way_to_own_ones_and_lines_are_kept() -> None:
    document = yaml_source.parse("base: &b {x: 1, z: 2}\nown:\n  <<: *b\n  z: 3\n", "x.yaml")
    assert document.data["own"] == {"x": 1, "z": 3}
    assert (document.line(("own",)), document.line(("own", "z")), document.line(("own", "w", 4))) == (2, 4, 2)
