"""Each check of the content can fail: one bad card each, its message and its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cds_targets.library.checks import CHECKS, check_library
from cds_targets.library.library import content_folder, load_library
from tests.library.cards_folder import folder_with, loaded
from tests.matching.cards import G12C, LUNG, written

TODAY = date(2026, 11, 23)
CARD = written()["card"]
EXAMPLES = written()["examples"]
ORDERING = {"ordering": {"drug": "sotorasib"}}


def messages(place: Path, folder: str = "therapy", **changes: Any) -> list[str]:
    return [str(problem) for problem in check_library(loaded(place, folder, **changes), TODAY)]


def test_the_card_the_bad_ones_are_made_of_is_good(tmp_path: Path) -> None:
    assert messages(tmp_path) == []


def test_the_shipped_content_is_good() -> None:
    assert check_library(load_library(content_folder()), TODAY) == []


@pytest.mark.parametrize(
    ("check", "changes", "said"),
    [
        ("_id_is_file_name", {"kind": "toxicity"}, "a toxicity card does not belong in therapy/"),
        ("_terms_are_known", {"therapies": ["sotorasb"]},
         "'sotorasb' is no drug of cards/terms; did you mean 'sotorasib'?"),
        ("_terms_are_known", {"about": ["sotorasb"]},
         "'sotorasb' is no drug of cards/terms; did you mean 'sotorasib'?"),
        ("_terms_are_known", {"when": [{"variant": {"gene": "KRASS", "as": "found"}}, LUNG]},
         "'KRASS' is no gene of cards/terms; did you mean 'KRAS'?"),
        ("_terms_are_known", {"when": [G12C, {"tumour": {"is": "NSCL"}}]},
         "'NSCL' is no tumour of cards/terms; did you mean 'NSCLC'?"),
        ("_terms_are_known", {"when": [G12C, LUNG], "unless": [{"had_therapy": {"class": "anti-PD-L"}}]},
         "'anti-PD-L' is no drug class with members of cards/terms; did you mean 'anti-PD-L1'?"),
        ("_terms_are_known", {"unless": [{"any": [{"condition": {"is": "long-qtt"}}, LUNG]}]},
         "'long-qtt' is no condition of cards/terms; did you mean 'long-qt'?"),
        ("_terms_are_known", {"unless": [{"lab_done": {"test": "ALTT"}}]},
         "'ALTT' is no test of cards/terms; did you mean 'ALT'?"),
        ("_terms_are_known", {"unless": [{"ordering_test": {"panel": "liver"}}]}, "'liver' is no panel of cards/terms"),
        ("_numbers_have_reasons", {"unless": [{"had_therapy": {"drug": "docetaxel", "within": "6 weeks"}}]},
         "had_therapy states a number: say `because:` which evidence it rests on"),
        ("_numbers_have_reasons", {"unless": [{"variant": {"gene": "NRAS", "because": "paper"}}]},
         "there is no evidence entry 'paper'"),
        ("_evidence_is_complete",
         {"evidence": {"label": {"cite": "A label", "says": "What it says.", "url": "https://label.example.org"}}},
         "says no `kind`: label, randomised, single-arm, review ..."),
        ("_evidence_is_complete", {"evidence": {"label": {"cite": "A label", "says": "It.", "kind": "label"}}},
         "names no pmid, doi, url or nct: a reader cannot open it"),
        ("_placeholders_are_bound", {"card": {**CARD, "detail": "{io.drug}"}},
         "{io.drug} is bound by no line (`as: io`)"),
        ("_placeholders_are_bound", {"card": {**CARD, "summary": "{Found} a change"}},
         "a brace that is no placeholder: write {name.attribute}"),
        ("_placeholders_are_bound", {"unknown_card": {"summary": "{site.name} decides"}},
         "{site.name} is bound by no line (`as: site`)"),
        ("_summary_fits", {"card": {**CARD, "summary": "{found.change} " + "x" * 126}},
         "can grow to 141 characters; 139 fit"),
        ("_hooks_suit_conditions", {"when": [ORDERING, G12C]}, "`ordering` has no meaning on patient-view"),
        ("_hooks_suit_conditions", {"card": {**CARD, "indicator": "critical", "override_reasons": ["patient-refuses"]}},
         "critical is kept for the point of signing"),
        ("_orders_and_reasons_are_known", {"card": {**CARD, "suggest": [{"label": "Order it", "order": "liver"}]}},
         "'liver' is no panel of cards/terms/orders.yaml"),
        ("_orders_and_reasons_are_known",
         {"card": {**CARD, "suggest": [{"label": "Order it", "order": "liver-panel", "schedule": "daily"}]}},
         "'daily' is no schedule of cards/terms/orders.yaml"),
        ("_orders_and_reasons_are_known", {"card": {**CARD, "override_reasons": ["because"]}},
         "'because' is no override reason of cards/terms"),
        ("_orders_and_reasons_are_known", {"card": {**CARD, "indicator": "warning"}},
         "a warning offers `override_reasons`"),
        ("_examples_cover_the_card", {"examples": EXAMPLES[1:]}, "no example in which the card is shown"),
        ("_examples_cover_the_card", {"examples": EXAMPLES[:-1]}, "no example in which it cannot be known"),
        ("_examples_cover_the_card", {"examples": [EXAMPLES[0], EXAMPLES[1], EXAMPLES[3]]},
         "no silent example is stopped_by: tumour"),
        ("_examples_cover_the_card", {"unless": [{"variant": {"gene": "NRAS"}}, {"fusion": {"gene": "ALK"}}]},
         "no silent example is stopped_by: unless fusion"),
        ("_examples_cover_the_card", {"examples": [*EXAMPLES, {**EXAMPLES[1], "stopped_by": None}]},
         "a silent example says which line stopped it (stopped_by)"),
        ("_replaced_cards_exist", {"replaces": ["other"]}, "there is no card 'other'"),
        ("review", {"review_by": "2026-11-22"}, "the review was due on 2026-11-22"),
    ],
)  # fmt: skip
def test_a_bad_card_is_named_with_its_line(tmp_path: Path, check: str, changes: dict[str, Any], said: str) -> None:
    card = written(**changes)
    found = [text for text in messages(tmp_path, **changes) if said in text]
    assert found
    file, line, _ = found[0].split(":", 2)
    assert file == "cards/therapy/kras-g12c-lung.yaml"
    key = list(card)[int(line) - 1]
    assert key in {*changes, "hooks", "when"}


def test_a_card_under_another_file_name_is_named(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, written())
    (folder / "therapy" / "kras-g12c-lung.yaml").rename(folder / "therapy" / "other.yaml")
    (problem,) = check_library(load_library(folder), TODAY)
    assert str(problem) == (
        "cards/therapy/other.yaml:1: the id is 'kras-g12c-lung', the file is 'other.yaml': they must be the same"
    )


def test_the_day_of_the_review_has_not_lapsed_and_a_retired_card_needs_none(tmp_path: Path) -> None:
    assert messages(tmp_path, review_by="2026-11-23") == []
    (tmp_path / "retired").mkdir()
    assert messages(tmp_path / "retired", review_by="2020-01-01", status="retired") == []


def test_every_check_has_a_card_that_fails_it() -> None:
    (marker,) = test_a_bad_card_is_named_with_its_line.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for row in marker.args[1]} >= {check.__name__ for check in CHECKS}
