"""Protein changes in every spelling, against a table checked by hand."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mavehgvs.variant import Variant as Oracle

from cds_targets.facts.protein import ChangeKind, ProteinChangeError, parse_protein

TABLE = [
    (row["written"], row["short"], row["kind"])
    for row in csv.DictReader(
        (Path(__file__).parent / "protein_changes.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t"
    )
]
THREE = {
    "A": "Ala", "R": "Arg", "N": "Asn", "D": "Asp", "C": "Cys", "Q": "Gln", "E": "Glu", "G": "Gly", "H": "His",
    "I": "Ile", "L": "Leu", "K": "Lys", "M": "Met", "F": "Phe", "P": "Pro", "S": "Ser", "T": "Thr", "W": "Trp",
    "Y": "Tyr", "V": "Val",
}  # fmt: skip


def test_the_table_has_at_least_three_hundred_rows_and_every_kind() -> None:
    assert len(TABLE) >= 300
    assert {kind for _, _, kind in TABLE} == {kind.value for kind in ChangeKind}


@pytest.mark.parametrize(("written", "short", "kind"), TABLE, ids=[row[0] for row in TABLE])
def test_every_spelling_is_read_as_its_short_form(written: str, short: str, kind: str) -> None:
    change = parse_protein(written)
    assert (change.text, change.kind.value) == (short, kind)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "p.", "c.34G>T", "g.25398285C>A", "NM_004985.5:c.34G>T", "KDD", "vIII", "ITD", "MSI-H", "wild type",
        "p.Trp24=/Cys", "p.(Gly56Ala^Ser^Cys)", "p.[Gly12Cys;Gly13Asp]", "G12C, G12D", "p.Gly12Xyz",
        "amplification", "exon 19 deletion", "12", "p.G12C" * 60, "\u0000", "G12C\nG13D",
    ],
)  # fmt: skip
def test_what_is_no_single_protein_change_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ProteinChangeError) as refused:
        parse_protein(text)
    assert str(refused.value)


def test_the_parts_of_a_change_can_be_asked_for() -> None:
    change = parse_protein("NP_005219.2:p.Glu746_Ala750del")
    assert (change.reference, change.position, change.end) == ("E", 746, 750)
    change = parse_protein("p.(Gly12Cys)")
    assert (change.reference, change.position, change.alternative, change.truncating) == ("G", 12, "C", False)


@pytest.mark.parametrize("written", ["p.R213*", "p.K205fs", "X125_splice", "p.Met1?"])
def test_stops_frameshifts_splice_sites_and_lost_starts_are_truncating(written: str) -> None:
    assert parse_protein(written).truncating


@pytest.mark.parametrize("written", ["p.G12C", "p.E746_A750del", "p.P112=", "p.?", "p.*345R"])
def test_other_changes_are_not_truncating(written: str) -> None:
    assert not parse_protein(written).truncating


RESIDUES = st.sampled_from(sorted(THREE))
POSITIONS = st.integers(2, 9999)


@given(RESIDUES, POSITIONS, RESIDUES, st.sampled_from(["{}", "p.{}", "p.({})", "NP_1.2:p.{}", "NP_000001.2:p.({})"]))
def test_a_substitution_written_in_any_form_is_read_back(before: str, position: int, after: str, form: str) -> None:
    short = f"{before}{position}{after}"
    for text in (short, f"{THREE[before]}{position}{THREE[after]}"):
        change = parse_protein(form.format(text))
        assert change.text == short
        assert change.kind is (ChangeKind.SYNONYMOUS if before == after else ChangeKind.MISSENSE)


@given(RESIDUES, POSITIONS, RESIDUES)
def test_substitutions_mean_what_a_maintained_library_says(before: str, position: int, after: str) -> None:
    if before == after:
        return
    text = f"p.{THREE[before]}{position}{THREE[after]}"
    oracle = Oracle(text)
    change = parse_protein(text)
    assert oracle.variant_type == "sub"
    assert oracle.positions.position == change.position
    assert oracle.sequence == (THREE[before], THREE[after])


@given(st.text(max_size=260))
def test_any_text_is_read_or_refused_and_nothing_else_happens(text: str) -> None:
    with contextlib.suppress(ProteinChangeError):
        assert parse_protein(text).text


@given(st.text(alphabet="ACGTp.()_*>fsdelinX0123456789=?", max_size=200))
def test_texts_that_look_like_changes_never_break_the_reader(text: str) -> None:
    with contextlib.suppress(ProteinChangeError):
        parse_protein(text)


@pytest.mark.parametrize("piece", ["A", "9", "A9", "del", "fs", "_", "A1_", "(", "ins", "p.", "Ala", "*", "X"])
def test_a_long_text_of_repeated_pieces_is_answered(piece: str) -> None:
    """A pattern whose cost grew faster than its text would not come to an end here."""
    with contextlib.suppress(ProteinChangeError):
        assert parse_protein((piece * 200)[:200]).text
