"""Lines of therapy: what is one line, what is two, and what the record cannot decide."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.facts.clinical import Course, Exposure, Metastasis
from cds_targets.facts.dates import When, read_when
from cds_targets.facts.genomic import Source
from cds_targets.facts.lines import prior_lines
from cds_targets.facts.record import PatientRecord, Seen, Topic

DAY = date(2026, 6, 15)


def when(text: str | None) -> When | None:
    return read_when(text) if text else None


def drug(name: str, first: str | None = None, last: str | None = None, **more: Any) -> Exposure:
    base: dict[str, Any] = {"ongoing": False, "antineoplastic": True, **more}
    sources = base.pop("sources", (Source(f"MedicationStatement/{name}"),))
    return Exposure(name, sources, first=when(first), last=when(last), **base)


def count(
    *therapies: Exposure, relapse: str | None = None, diagnoses: bool = True, ordered: str = ""
) -> tuple[int, int]:
    spread = (Metastasis("liver", Source("Condition/m"), onset=when(relapse)),) if relapse else ()
    seen = {Topic.DIAGNOSES: Seen()} if diagnoses else {}
    record = PatientRecord(DAY, therapies=therapies, metastases=spread, seen=seen)
    found = prior_lines(record, frozenset({ordered} - {""}))
    assert 0 <= found.at_least <= found.at_most
    return found.at_least, found.at_most


@pytest.mark.parametrize(
    ("second", "lines"),
    [("2026-01-01", (1, 1)), ("2026-01-28", (1, 1)), ("2026-01-29", (1, 1)), ("2026-01-30", (2, 2)),
     ("2026-01", (1, 2)), ("2026-02", (2, 2)), ("2026", (1, 2))],
)  # fmt: skip
def test_drugs_begun_within_28_days_are_one_line(second: str, lines: tuple[int, int]) -> None:
    assert count(drug("carboplatin", "2026-01-01", "2026-01-10"), drug("docetaxel", second, "2026-06-01")) == lines


def test_28_days_count_from_the_first_drug_of_the_regimen() -> None:
    starts = ("2026-01-01", "2026-01-20", "2026-02-08")
    assert count(*(drug(f"drug{n}", start, start) for n, start in enumerate(starts))) == (2, 2)


@pytest.mark.parametrize(
    "first",
    [
        drug("carboplatin", "2026-01-01", "2026-04-01"),
        drug("carboplatin", "2026-01-01", "2026-03-01"),
        drug("carboplatin", "2026-01-01", None, ongoing=True),
        drug("carboplatin", "2026-01-01", "2026-02-01", ongoing=True),
        drug("carboplatin", "2026-01-01", None, ongoing=None),
    ],
)
def test_a_drug_added_while_the_first_may_go_on_may_or_may_not_be_a_new_line(first: Exposure) -> None:
    assert count(first, drug("bevacizumab", "2026-03-01", "2026-05-01")) == (1, 2)


@pytest.mark.parametrize("ongoing", [False, None])
def test_a_drug_begun_after_the_last_dose_of_the_first_is_a_new_line(ongoing: bool | None) -> None:
    before = drug("carboplatin", "2026-01-01", "2026-02-28", ongoing=ongoing)
    assert count(before, drug("docetaxel", "2026-03-01", "2026-05-01")) == (2, 2)


def test_ends_alone_do_not_make_two_lines_certain() -> None:
    assert count(drug("carboplatin", None, "2026-01-01"), drug("pemetrexed", None, "2026-05-01")) == (1, 2)


def test_a_start_well_after_the_end_of_a_drug_without_a_start_is_a_new_line() -> None:
    assert count(drug("carboplatin", None, "2026-01-01"), drug("docetaxel", "2026-05-01", "2026-06-01")) == (2, 2)


def test_undated_treatment_is_at_least_one_line() -> None:
    assert count(drug("carboplatin")) == (1, 1)
    assert count(drug("carboplatin"), drug("docetaxel")) == (1, 2)
    assert count(drug("carboplatin"), drug("docetaxel", "2026-01-01", "2026-02-01")) == (1, 2)


@pytest.mark.parametrize(
    "treatment",
    [
        drug("durvalumab", "2026-01-01", "2026-02-01", intent="maintenance"),
        drug("carboplatin", "2026-01-01", given=False),
        drug("omeprazole", "2026-01-01", antineoplastic=False),
    ],
)
def test_maintenance_plans_and_other_drugs_are_no_line(treatment: Exposure) -> None:
    assert count(treatment) == (0, 0)


def test_the_drug_being_ordered_is_no_prior_line() -> None:
    assert count(drug("sotorasib", "2026-06-01", ongoing=True), ordered="sotorasib") == (0, 0)


def test_a_drug_perhaps_given_is_perhaps_a_line() -> None:
    assert count(drug("carboplatin", "2026-01-01", given=None)) == (0, 1)


@pytest.mark.parametrize("intent", ["adjuvant", "neoadjuvant", "curative", "consolidation"])
@pytest.mark.parametrize(
    ("relapse", "lines"),
    [("2026-01-02", (1, 1)), ("2026-05-10", (1, 1)), ("2026-05-11", (0, 0)), ("2026-05", (0, 1)),
     ("2025-05-01", (0, 1)), (None, (0, 1))],
)  # fmt: skip
def test_curative_treatment_counts_when_relapse_came_within_six_months(
    intent: str, relapse: str | None, lines: tuple[int, int]
) -> None:
    assert count(drug("carboplatin", "2025-08-01", "2025-11-10", intent=intent), relapse=relapse) == lines


def test_a_late_relapse_decides_nothing_where_an_earlier_one_may_not_have_been_sent() -> None:
    adjuvant = drug("carboplatin", "2025-08-01", "2025-11-10", intent="adjuvant")
    assert count(adjuvant, relapse="2026-06-01", diagnoses=False) == (0, 1)
    assert count(adjuvant, relapse="2026-01-02", diagnoses=False) == (1, 1)


def test_adjuvant_treatment_whose_end_is_not_known_may_count() -> None:
    assert count(drug("carboplatin", "2025-08-01", None, intent="adjuvant"), relapse="2026-01-02") == (0, 1)


def course(first: str, last: str, entry: str, intent: str | None = None) -> Course:
    begun = when(first)
    assert begun is not None
    return Course(begun, when(last), intent, (Source(f"MedicationStatement/{entry}", when=begun),))


def told(entry: str, name: str, first: str, last: str, *courses: Course) -> Exposure:
    sources = tuple(source for c in courses for source in c.sources)
    sources = sources or (Source(f"MedicationStatement/{entry}", when=when(first)),)
    return drug(name, first, last, sources=sources, courses=courses)


def folfox_and_folfiri(intent: str | None = None) -> list[Exposure]:
    fluorouracil = (course("2024-01-01", "2024-06-01", "a", intent), course("2025-01-01", "2025-06-01", "b"))
    return [
        told("", "fluorouracil", "2024-01-01", "2025-06-01", *fluorouracil),
        told("a", "oxaliplatin", "2024-01-01", "2024-06-01"),
        told("b", "irinotecan", "2025-01-01", "2025-06-01"),
    ]


def test_a_drug_of_two_regimens_counts_in_each_with_the_intent_of_each() -> None:
    assert count(*folfox_and_folfiri()) == (2, 2)
    fluorouracil, _, irinotecan = folfox_and_folfiri("adjuvant")
    assert count(fluorouracil, irinotecan, relapse="2024-12-20") == (1, 1)


def test_the_same_regimen_taken_up_again_may_be_the_same_line() -> None:
    again = (course("2024-01-01", "2024-06-01", "a"), course("2025-01-01", "2025-06-01", "b"))
    assert count(told("", "carboplatin", "2024-01-01", "2025-06-01", *again)) == (1, 2)


def test_drugs_named_by_one_entry_are_one_regimen_however_vague_its_date() -> None:
    assert count(told("a", "fluorouracil", "2024", "2024"), told("a", "oxaliplatin", "2024", "2024")) == (1, 1)


def test_a_line_number_the_record_states_is_believed() -> None:
    assert count(drug("docetaxel", "2026-01-01", "2026-02-01", line=2)) == (2, 2)


DATES = st.none() | st.dates(date(2024, 1, 1), DAY).map(When.on) | st.sampled_from(["2025", "2026-02"]).map(when)
DRUGS = st.builds(
    lambda first, last, ongoing, given: Exposure(
        "carboplatin", (), first=first, last=last, ongoing=ongoing, given=given, antineoplastic=True
    ),
    DATES, DATES, st.sampled_from([True, False, None]), st.sampled_from([True, None]),
)  # fmt: skip


@given(st.lists(DRUGS, max_size=6))
def test_any_history_counts_from_none_or_one_to_one_a_drug(history: list[Exposure]) -> None:
    low, high = count(*history)
    assert low >= (1 if any(e.given for e in history) else 0)
    assert high <= len(history)
