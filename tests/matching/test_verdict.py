"""Joining verdicts: the order of precedence of "no", "cannot be told" and "yes", and what a tree remembers."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.matching.verdict import Outcome, Verdict, all_of, any_of, inverted, none_of

MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN
OUTCOMES = st.sampled_from(list(Outcome))


def leaf(outcome: Outcome, word: str = "variant", **more: object) -> Verdict:
    return Verdict(word, outcome, f"it is {outcome.value}", **more)  # type: ignore[arg-type]


def leaves(outcomes: tuple[Outcome, ...]) -> list[Verdict]:
    return [leaf(outcome) for outcome in outcomes]


@pytest.mark.parametrize("outcomes", [pair for n in (1, 2, 3) for pair in product(Outcome, repeat=n)])
def test_all_is_refuted_by_one_no_and_left_open_by_one_unknown(outcomes: tuple[Outcome, ...]) -> None:
    expected = NOT_MET if NOT_MET in outcomes else UNKNOWN if UNKNOWN in outcomes else MET
    assert all_of("all", leaves(outcomes)).outcome is expected


@pytest.mark.parametrize("outcomes", [pair for n in (1, 2, 3) for pair in product(Outcome, repeat=n)])
def test_any_is_met_by_one_yes_and_left_open_by_one_unknown(outcomes: tuple[Outcome, ...]) -> None:
    expected = MET if MET in outcomes else UNKNOWN if UNKNOWN in outcomes else NOT_MET
    assert any_of("any", leaves(outcomes)).outcome is expected


@given(st.lists(OUTCOMES, min_size=1, max_size=5))
def test_none_holds_exactly_where_not_any_does(outcomes: list[Outcome]) -> None:
    assert none_of(leaves(tuple(outcomes))).outcome is inverted(any_of("any", leaves(tuple(outcomes)))).outcome


def test_an_exception_that_cannot_be_told_leaves_the_card_open() -> None:
    verdict = all_of("all", [leaf(MET), none_of([leaf(UNKNOWN)])])
    assert verdict.outcome is UNKNOWN
    assert all_of("all", [leaf(NOT_MET), none_of([leaf(UNKNOWN)])]).outcome is NOT_MET


def test_the_sentence_of_a_joint_verdict_is_that_of_the_parts_that_decide_it() -> None:
    parts = [Verdict("a", MET, "yes"), Verdict("b", UNKNOWN, "not sent"), Verdict("c", NOT_MET, "another allele")]
    assert all_of("all", parts).sentence == "another allele"
    assert any_of("any", parts).sentence == "yes"


def test_what_was_bound_deep_in_the_tree_is_found() -> None:
    inner = any_of("any", [leaf(MET, values=(("io.drug", "nivolumab"),)), leaf(NOT_MET)])
    tree = all_of("all", [leaf(MET, values=(("found.change", "KRAS G12C"),)), inner])
    assert tree.bound() == {"found.change": "KRAS G12C", "io.drug": "nivolumab"}
    assert [part.outcome for part in tree.leaves()] == [MET, MET, NOT_MET]


def test_turning_a_verdict_round_keeps_its_facts_and_says_unless() -> None:
    turned = inverted(leaf(MET, facts=("Observation/v1",)))
    assert (turned.condition, turned.outcome, turned.facts) == ("unless variant", NOT_MET, ("Observation/v1",))
    assert inverted(leaf(UNKNOWN)).outcome is UNKNOWN
