"""Coding changes wherever they stand in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.facts.coding_change import CodingKind, find_coding


@pytest.mark.parametrize(
    ("written", "text", "kind", "first"),
    [
        ("c.34G>T", "c.34G>T", CodingKind.SUBSTITUTION, 34),
        ("c.(35G>A)", "c.35G>A", CodingKind.SUBSTITUTION, 35),
        ("NM_004985.5:c.34G>T", "c.34G>T", CodingKind.SUBSTITUTION, 34),
        ("NM_000251.3(MSH2):c.1832del (p.Val611fs)", "c.1832del", CodingKind.DELETION, 1832),
        ("NM_004985.5:c.34G>T p.(Gly12Cys)", "c.34G>T", CodingKind.SUBSTITUTION, 34),
        ("c.(672+1G>T)", "c.672+1G>T", CodingKind.SUBSTITUTION, None),
        ("c.5803-1G>A", "c.5803-1G>A", CodingKind.SUBSTITUTION, None),
        ("c.-14G>A", "c.-14G>A", CodingKind.SUBSTITUTION, None),
        ("c.*5A>G", "c.*5A>G", CodingKind.SUBSTITUTION, None),
        ("c.9_32del", "c.9_32del", CodingKind.DELETION, 9),
        ("c.7900_7901delCA", "c.7900_7901delCA", CodingKind.DELETION, 7900),
        ("c.16522-5_16522-2del", "c.16522-5_16522-2del", CodingKind.DELETION, None),
        ("c.2878_2879insAGTAA", "c.2878_2879insAGTAA", CodingKind.INSERTION, 2878),
        ("c.860_863dup", "c.860_863dup", CodingKind.DUPLICATION, 860),
        ("c.1798_1799delinsAA", "c.1798_1799delinsAA", CodingKind.DELINS, 1798),
        ("c.1798_1799GT>AA", "c.1798_1799GT>AA", CodingKind.DELINS, 1798),
        ("c.10_20inv", "c.10_20inv", CodingKind.INVERSION, 10),
        ("c.-128_-69GGC[10]", "c.-128_-69GGC[10]", CodingKind.REPEAT, None),
        ("c.35G=", "c.35G=", CodingKind.SAME, 35),
    ],
)
def test_a_coding_change_is_found(written: str, text: str, kind: CodingKind, first: int | None) -> None:
    change = find_coding(written)
    assert change is not None
    assert (change.text, change.kind, change.first) == (text, kind, first)


@pytest.mark.parametrize(
    ("written", "shifts", "splice_site"),
    [
        ("c.725del", True, False),
        ("c.9_32del", False, False),
        ("c.7900_7901delCA", True, False),
        ("c.2878_2879insAGTAA", True, False),
        ("c.2878_2879insAGT", False, False),
        ("c.860_863dup", True, False),
        ("c.2237_2255delinsT", False, False),
        ("c.2237_2255delinsTT", True, False),
        ("c.1798_1799GT>AA", False, False),
        ("c.34G>T", False, False),
        ("c.672+1G>T", False, True),
        ("c.673-2A>G", False, True),
        ("c.673-2_673-1del", False, True),
        ("c.672_672+2del", False, True),
        ("c.672+5G>A", False, False),
        ("c.673-18_673-4del", False, False),
        ("c.672+1dup", False, False),
        ("c.-2A>G", False, False),
        ("c.*2del", False, False),
        ("c.10_12[3]", False, False),
    ],
)
def test_a_lost_frame_and_a_splice_site_are_told_by_the_coding_change(
    written: str, shifts: bool, splice_site: bool
) -> None:
    change = find_coding(written)
    assert change is not None
    assert (change.shifts_frame, change.splice_site) == (shifts, splice_site)


@pytest.mark.parametrize(
    "written",
    ["", "p.Gly12Cys", "c.9163>A", "c.", "c.G>T", "NC_000022.10:42523950:T:<CN0>", "abc.34G>T", "c.34G>T" * 40],
)
def test_what_is_no_coding_change_is_none(written: str) -> None:
    assert find_coding(written) is None


@given(st.text(alphabet="c.()_*>delinsupv+-[]0123456789ACGTN= ", max_size=220))
def test_any_text_is_survived(text: str) -> None:
    find_coding(text)
