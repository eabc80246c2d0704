"""Words of presence, in English and German, against a table; a denial is never taken for an affirmation."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.facts.genomic import Presence
from cds_targets.facts.genomic import Tested as GeneTested
from cds_targets.fhir.genomics.words import answered
from tests.fhir.observations import coded, component, gene, observation, one

ROWS = [
    (row["text"], row["read_as"])
    for row in csv.DictReader(
        (Path(__file__).parent / "presence_words.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t"
    )
]


@pytest.mark.parametrize(("text", "read_as"), ROWS)
def test_words_say_what_the_table_says(text: str, read_as: str) -> None:
    found = answered(text)
    assert (found.value if found else "nothing") == read_as


@pytest.mark.parametrize("text", [text for text, read_as in ROWS if read_as == "absent"])
def test_a_gene_whose_result_is_denied_is_never_present(text: str) -> None:
    fact = one(observation(gene("KRAS"), value=coded(text=text)))
    assert isinstance(fact, GeneTested) or fact.presence is Presence.ABSENT


@given(
    st.sampled_from(["no", "not", "keine", "kein", "nicht", "ohne", "without"]),
    st.sampled_from(["", "KRAS", "KRAS, NRAS", "pathogenic"]),
    st.sampled_from(["mutation detected", "Mutation nachgewiesen", "variant present", "positive", "mutiert"]),
)
def test_what_is_denied_is_not_affirmed(denial: str, between: str, affirmation: str) -> None:
    assert answered(f"{denial} {between} {affirmation}") is not Presence.PRESENT


@pytest.mark.parametrize("text", ["None", "no"])
def test_a_slot_left_empty_in_words_denies_nothing(text: str) -> None:
    """A variant outside the coding sequence has no protein change; it is still there."""
    assert one(observation(gene("TERT"), component("48005-3", coded(text=text)))).presence is Presence.PRESENT
