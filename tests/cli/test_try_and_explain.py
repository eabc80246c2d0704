"""`cds-targets try` and `explain`: the cards of a call in the terminal, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_targets.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"
IRIS = EXAMPLES / "nsclc-kras-g12c"
TOMAS = EXAMPLES / "crc-kras-g12c"
SECOND_LINE = "kras-g12c-nsclc-second-line"


def run(*words: str | Path, sent: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words], input=sent)
    return result.exit_code, " ".join(result.output.replace("│", " ").split())


def test_a_patient_view_shows_the_cards_of_every_service_of_the_hook() -> None:
    code, text = run("try", "--as-of", "2026-11-23", IRIS / "patient-view.json")
    assert code == 0
    for service in ("targeted-therapies", "treatment-monitoring", "matching-trials"):
        assert f"{service}: " in text
    assert "INFO KRAS G12C NSCLC after prior systemic therapy: sotorasib or adagrasib is an option" in text
    assert "last dose 28 days ago" in text
    assert "draft content, not clinically reviewed" in text


def test_one_service_can_be_chosen_and_its_answer_had_as_it_is_sent() -> None:
    chosen = ("--as-of", "2026-11-23", "--service", "therapy-safety-select", "--json")
    code, text = run("try", *chosen, TOMAS / "order-select.json")
    assert code == 0
    (card,) = json.loads(text)["cards"]
    assert card["extension"]["org.cds-targets.card"]["id"] == "g12c-inhibitor-alone-in-crc"


def test_the_day_can_be_chosen() -> None:
    assert "29 days ago" in run("try", "--as-of", "2026-11-24", IRIS / "patient-view.json")[1]


def test_no_card_is_said_to_mean_that_everything_was_seen() -> None:
    code, text = run("try", "--service", "treatment-monitoring", TOMAS / "patient-view.json")
    assert (code, "no cards" in text, "Everything that was needed was seen" in text) == (0, True, True)


def test_a_call_comes_from_standard_input_too() -> None:
    assert run("try", "-", sent=(TOMAS / "order-select.json").read_text("utf-8"))[0] == 0


def test_data_that_is_missing_altogether_is_named() -> None:
    body = json.loads((IRIS / "patient-view.json").read_text("utf-8"))
    body["prefetch"] = {}
    code, text = run("try", "-", sent=json.dumps(body))
    assert code == 1
    assert "412" in text
    assert "conditions" in text


@pytest.mark.parametrize(
    ("sent", "said"),
    [("nonsense", "is no hook call"), ("[]", "must be a JSON object"), ('{"hook": "patient-view"}', "hookInstance")],
)
def test_what_is_no_hook_call_is_refused_with_a_sentence(sent: str, said: str) -> None:
    for words in (("try", "-"), ("explain", SECOND_LINE, "-")):
        code, text = run(*words, sent=sent)
        assert code == 2
        assert said in text


def test_a_file_that_is_not_there_is_refused_with_a_sentence(tmp_path: Path) -> None:
    code, text = run("try", tmp_path / "none.json")
    assert code == 2
    assert "No such file" in text


def test_a_hook_without_a_service_is_refused_with_a_sentence() -> None:
    body = json.loads((IRIS / "patient-view.json").read_text("utf-8"))
    code, text = run("try", "-", sent=json.dumps({**body, "hook": "encounter-start"}))
    assert code == 2
    assert "patient-view, order-select, order-sign" in text


def test_a_card_that_applies_is_explained_line_by_line_with_its_resources() -> None:
    code, text = run("explain", SECOND_LINE, IRIS / "patient-view.json", "--as-of", "2026-11-23")
    assert code == 0
    assert "✓ It applies" in text
    assert "✓ variant: KRAS G12C [Observation/nsclc-kras-g12c-kras]" in text
    assert "Proposed: sotorasib; or adagrasib" in text


def test_a_silent_card_says_what_stopped_it() -> None:
    code, text = run("explain", "g12c-inhibitor-alone-in-crc", TOMAS / "order-sign.json")
    assert code == 0
    assert "✗ It does not apply" in text
    assert "✗ unless ordering: panitumumab is being ordered" in text


def test_a_card_that_cannot_be_told_says_what_is_missing() -> None:
    body = json.loads((IRIS / "patient-view.json").read_text("utf-8"))
    for key in ("medicationRequests", "medicationStatements", "medicationAdministrations"):
        del body["prefetch"][key]
    code, text = run("explain", SECOND_LINE, "-", sent=json.dumps(body))
    assert code == 0
    assert "? It cannot be told" in text
    assert "What is missing: no medication history was sent" in text


def test_a_study_is_explained_arm_by_arm() -> None:
    code, text = run("explain", "NCT04793958", TOMAS / "patient-view.json")
    assert code == 0
    assert "Arm: After first-line treatment" in text
    assert "✓ variant: KRAS G12C" in text


def test_an_unknown_card_is_answered_with_close_ones() -> None:
    code, text = run("explain", "kras-g12c-nsclc-secondline", IRIS / "patient-view.json")
    assert code == 2
    assert SECOND_LINE in text


def test_a_card_of_another_hook_says_so() -> None:
    assert "Not asked on order-sign" in run("explain", SECOND_LINE, TOMAS / "order-sign.json")[1]
