"""`cds-targets background` and `coverage`: context on request, and nothing of the review lost."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_targets.cli import main
from cds_targets.cli.coverage import FACTS, read_map
from cds_targets.library.background import load_background
from cds_targets.terms import load_terms

CARDS = Path(__file__).parents[2] / "cards"
SHARED = Path(__file__).parents[3] / "shared" / "knowledge" / "review-facts.jsonl"
CIVIC = Path(__file__).parents[3] / "shared" / "knowledge" / "civic-evidence-2021-02.jsonl"
MAP = read_map(CARDS / "coverage.tsv")
RESISTANCE = read_map(CARDS / "civic-resistance.tsv")
KNOWN = load_background(CARDS)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(words))
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("KRAS", "pancreatic cancer"), "KRAS is altered in 73.82 % of Pancreatic Cancer"),
        (("KRAS", "PAAD"), "73.82 %"),
        (("kras", "NSCLC"), "Non-Small Cell Lung Cancer"),
        (("MDM2", "liposarcoma"), "Soft Tissue Sarcoma"),
        (("PCNA", "MEL"), "PCNA is altered in 2.65 % of Melanoma"),
        (("sotorasib",), "Adverse reactions in at least 20 %"),
        (("AMG510",), "hepatotoxicity"),
        (("MDM2",), "[preclinical]"),
    ],
)
def test_context_is_given_with_its_source(words: tuple[str, ...], said: str) -> None:
    code, text = run("background", *words)
    assert code == 0
    assert said in text
    assert "10.3389/fphar.2025.1663766" in text


@pytest.mark.parametrize(
    ("drug", "said"),
    [
        ("RMC-6236", "FDA: approved, metastatic pancreatic adenocarcinoma (2026-08-26)"),
        ("D-1553", "NMPA (China): approved, KRAS G12C NSCLC after at least one systemic therapy (2024)"),
        ("idasanutlin", "failed, phase III MIRROS"),
        ("ATX-101", "terminated, phase II trial NCT05116683"),
        ("AOH1160", "stopped, metabolic stability"),
        ("MD-224", "Mechanism: PROTAC degrader of MDM2"),
        ("imatinib", "No status is recorded here."),
    ],
)
def test_where_a_drug_stands_is_said_by_jurisdiction_with_date(drug: str, said: str) -> None:
    code, text = run("background", drug)
    assert code == 0
    assert said in text


def test_a_statement_about_a_drug_names_it_when_the_gene_was_asked_for() -> None:
    assert "- ATX-101: Phase I: stable disease" in run("background", "PCNA")[1]


def test_another_tumour_is_left_out() -> None:
    assert "Pancreatic" not in run("background", "KRAS", "melanoma")[1]


def test_nothing_known_is_said() -> None:
    assert run("background", "EGFR", "melanoma") == (1, "The review gives no frequency or statement of it.\n")


@pytest.mark.parametrize("words", [("NOGENE",), ("KRAS", "nonsense of the knee")])
def test_an_unknown_name_cannot_be_answered(words: tuple[str, ...]) -> None:
    assert run("background", *words)[0] == 2


def test_every_fact_has_one_row_with_files_that_exist_or_a_reason() -> None:
    assert list(MAP) == [f"SF{number:04d}" for number in range(1, FACTS + 1)]
    for row, (places, note) in MAP.items():
        assert places or note, row
        for place in places:
            assert (CARDS / place).exists(), (row, place)


def test_the_map_and_the_background_name_the_same_facts() -> None:
    rates = {row.row for row in KNOWN.frequencies}
    said = {row for statement in KNOWN.statements for row in statement.rows}
    assert rates == {
        row for row, (places, _) in MAP.items() if "background/frequencies.yaml" in places and not MAP[row][1]
    }
    assert said == {
        row for row, (places, _) in MAP.items() if "background/statements.yaml" in places and not MAP[row][1]
    }


def test_what_the_background_is_about_is_known_by_that_name() -> None:
    terms = load_terms(CARDS / "terms")
    for statement in KNOWN.statements:
        for name in statement.about:
            assert name in terms.genes.by_symbol or name in terms.drugs.by_name, name
    for row in KNOWN.frequencies:
        assert row.tumour is None or row.tumour in terms.tumours.by_id, row


def test_the_command_counts_and_answers() -> None:
    code, text = run("coverage")
    assert code == 0
    assert f"{FACTS} of {FACTS} facts" in text
    assert "toxicity/sotorasib-6-to-12-weeks" in run("coverage", "SF0475")[1]
    assert run("coverage", "SF9999")[0] == 2


def test_every_row_of_resistance_has_a_card_that_exists_or_a_reason() -> None:
    for row, (places, note) in RESISTANCE.items():
        assert places or note, row
        for place in places:
            assert place.startswith("resistance/"), (row, place)
            assert note or row in (CARDS / place).read_text("utf-8"), (row, place)
    assert run("coverage", "EID4072") == (0, "resistance/kit-exon-11-sunitinib-gist.yaml\n")


@pytest.mark.skipif(not CIVIC.exists(), reason="the evidence is not here")
def test_no_resistance_of_level_a_or_b_is_left_out() -> None:
    rows = [json.loads(line) for line in CIVIC.read_text("utf-8").splitlines()]
    resistance = [
        row["source_record"]
        for row in rows
        if row["effect"] == "resistance" and row["asserts_effect"] and row["evidence_level"] in ("A", "B")
    ]
    assert sorted(resistance) == sorted(RESISTANCE)


@pytest.mark.skipif(not SHARED.exists(), reason="the list of facts is not here")
def test_the_map_has_the_facts_of_the_list_and_names_the_right_study_and_agent() -> None:
    facts = [json.loads(line) for line in SHARED.read_text("utf-8").splitlines()]
    assert [fact["id"] for fact in facts] == list(MAP)
    for fact in facts:
        places, note = MAP[fact["id"]]
        if fact["kind"] == "trial":
            number = re.search(r"NCT\d{8}", json.dumps(fact))
            assert number is not None
            assert f"trials/{number[0].lower()}.yaml" in places
        if fact["kind"] == "seed_anomaly":
            assert note, fact["id"]
        if fact["kind"] == "frequency":
            row = next(row for row in KNOWN.frequencies if row.row == fact["id"])
            assert row.percent == fact["total_pct"]
