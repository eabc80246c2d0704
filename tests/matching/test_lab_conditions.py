"""Results against limits, what is missing, what is due: each word met, not met and unknown, at its boundaries."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from cds_targets.library.definition import WrittenLine
from cds_targets.library.library import content_folder
from cds_targets.library.patient import ExamplePatient
from cds_targets.matching.example import build_record
from cds_targets.matching.judge import judge_line
from cds_targets.matching.verdict import Verdict
from cds_targets.terms import Terms, load_terms

MET, NOT_MET, UNKNOWN = "met", "not met", "unknown"
LIVER = ["ALT", "AST", "bilirubin"]


@cache
def terms() -> Terms:
    return load_terms(content_folder() / "terms")


def judge(line: dict[str, Any], **patient: Any) -> Verdict:
    record = build_record(ExamplePatient.model_validate(patient), terms())
    return judge_line(WrittenLine.model_validate(line).line, record, terms())


def alt(value: float | None, when: str | None = "2 days ago", **more: Any) -> dict[str, Any]:
    return {"test": "ALT", "value": value, "upper": 40, "when": when, **more}


def liver(when: str) -> list[dict[str, Any]]:
    return [{"test": test, "value": 1, "upper": 2, "when": when} for test in LIVER]


def sotorasib(first: str | None, **more: Any) -> dict[str, Any]:
    return {"drug": "sotorasib", "first": first, "ongoing": True, **more}


@pytest.mark.parametrize(
    ("result", "outcome", "grade"),
    [
        (alt(116), NOT_MET, None),
        (alt(120), NOT_MET, None),
        (alt(124), MET, "CTCAE grade 2"),
        (alt(200), MET, "CTCAE grade 2"),
        (alt(204), MET, "CTCAE grade 3"),
        (alt(801), MET, "CTCAE grade 4"),
        (alt(1000, comparator=">"), MET, "CTCAE grade 4"),
        (alt(200, comparator=">"), MET, "CTCAE grade 3 or higher"),
        (alt(100, comparator=">"), UNKNOWN, None),
        (alt(120, comparator="<"), NOT_MET, None),
        (alt(124, upper=None), UNKNOWN, None),
        (alt(None), UNKNOWN, None),
    ],
)
def test_a_value_against_three_times_the_upper_limit(result: dict[str, Any], outcome: str, grade: str | None) -> None:
    verdict = judge({"lab": {"test": "ALT", "above_uln": 3, "as": "liver"}}, labs=[result])
    assert verdict.outcome.value == outcome
    assert verdict.bound().get("liver.grade") == grade


def test_the_newest_result_counts_and_of_two_tests_the_worse_speaks() -> None:
    old_and_new = [alt(400, "30 days ago"), alt(30, "1 day ago")]
    assert judge({"lab": {"test": "ALT", "above_uln": 3}}, labs=old_and_new).outcome.value == NOT_MET
    both = [alt(124), {"test": "AST", "value": 210, "upper": 40, "when": "2 days ago"}]
    assert judge({"lab": {"test": ["ALT", "AST"], "above_uln": 3, "as": "x"}}, labs=both).bound()["x.test"] == "AST"


@pytest.mark.parametrize(
    ("value", "lower", "outcome"), [(3.4, 3.5, MET), (3.5, 3.5, NOT_MET), (3.6, 3.5, NOT_MET), (3.4, None, UNKNOWN)]
)
def test_below_normal_means_below_the_laboratorys_own_limit(value: float, lower: float | None, outcome: str) -> None:
    potassium = {"test": "potassium", "value": value, "lower": lower, "when": "today"}
    assert judge({"lab": {"test": "potassium", "below_normal": True}}, labs=[potassium]).outcome.value == outcome


def test_an_ecg_that_was_not_sent_does_not_make_a_liver_test_unknown() -> None:
    line = {"lab": {"test": "ALT", "above_uln": 3}}
    assert judge(line, measurements="not sent").outcome.value == NOT_MET
    assert judge(line, labs="not sent").outcome.value == UNKNOWN
    assert judge({"lab": {"test": "QTc", "above": 500}}, measurements="not sent").outcome.value == UNKNOWN
    assert judge({"lab": {"test": "QTc", "above": 500}}, labs="not sent").outcome.value == NOT_MET


@pytest.mark.parametrize(
    ("labs", "done", "missing"),
    [
        (liver("21 days ago"), MET, NOT_MET),
        (liver("22 days ago"), NOT_MET, MET),
        (liver("3 days ago")[:2], NOT_MET, MET),
        ([], NOT_MET, MET),
        (liver("2026-05"), UNKNOWN, UNKNOWN),
        ([{**lab, "when": None} for lab in liver("today")], UNKNOWN, UNKNOWN),
        ("not sent", UNKNOWN, UNKNOWN),
        ("incomplete", UNKNOWN, UNKNOWN),
    ],
)
def test_done_and_missing_are_two_sides_of_one_question(labs: Any, done: str, missing: str) -> None:
    asked = {"test": LIVER, "within": "3 weeks"}
    assert judge({"lab_done": asked}, labs=labs).outcome.value == done
    assert judge({"lab_missing": asked}, labs=labs).outcome.value == missing


def test_what_is_missing_is_named_with_its_last_date() -> None:
    verdict = judge({"lab_missing": {"test": LIVER, "within": "3 weeks", "as": "gone"}}, labs=liver("40 days ago")[:1])
    assert verdict.bound()["gone.missing"] == "ALT (last 40 days ago), AST or total bilirubin"


@pytest.mark.parametrize(
    ("first", "labs", "outcome", "overdue"),
    [
        ("20 days ago", [], NOT_MET, None),
        ("21 days ago", [], MET, "due today"),
        ("22 days ago", [], MET, "1 day overdue"),
        ("60 days ago", liver("20 days ago"), NOT_MET, None),
        ("60 days ago", liver("21 days ago"), MET, "due today"),
        ("60 days ago", liver("33 days ago"), MET, "12 days overdue"),
        ("10 days ago", liver("40 days ago"), NOT_MET, None),
        (None, [], UNKNOWN, None),
        (None, liver("5 days ago"), NOT_MET, None),
        ("60 days ago", "not sent", UNKNOWN, None),
        ("2026-05", [], UNKNOWN, None),
        ("2026-04", [], MET, "25 days overdue"),
        ("60 days ago", [{**lab, "when": None} for lab in liver("today")], UNKNOWN, None),
    ],
)
def test_a_test_falls_due_by_its_interval(first: str | None, labs: Any, outcome: str, overdue: str | None) -> None:
    line = {"lab_due": {"test": LIVER, "every": "3 weeks", "on": "sotorasib", "as": "late"}}
    verdict = judge(line, therapies=[sotorasib(first)], labs=labs)
    assert verdict.outcome.value == outcome
    assert verdict.bound().get("late.overdue") == overdue


def test_only_the_tests_that_are_due_are_named() -> None:
    line = {"lab_due": {"test": LIVER, "every": "3 weeks", "on": "sotorasib", "as": "late"}}
    values = judge(line, therapies=[sotorasib("30 days ago")], labs=liver("3 days ago")[:2]).bound()
    assert values["late.tests"] == "total bilirubin"
    assert values["late.last"] == "no result so far"
    mixed = [*liver("25 days ago")[:1], *liver("40 days ago")[1:]]
    values = judge(line, therapies=[sotorasib("30 days ago")], labs=mixed).bound()
    assert values["late.last"] == "ALT 25 days ago; AST and total bilirubin 40 days ago, before the start"


def test_several_rows_of_a_monitoring_table_are_told_in_one_breath() -> None:
    liver_row = {"lab_due": {"test": LIVER, "every": "3 weeks", "on": "sotorasib", "as": "row"}}
    potassium_row = {"lab_due": {"test": "potassium", "every": "1 month", "on": "sotorasib", "as": "row"}}
    line = {"any": [liver_row, potassium_row]}
    told = judge(line, therapies=[sotorasib("40 days ago")], labs=liver("25 days ago")).bound()["row.what"]
    assert told == (
        "ALT, AST and total bilirubin 4 days overdue (last 25 days ago); potassium 9 days overdue (no result so far)"
    )


def test_nothing_is_due_on_a_drug_that_is_not_taken() -> None:
    line = {"lab_due": {"test": LIVER, "every": "3 weeks", "on": "sotorasib"}}
    over = {"drug": "sotorasib", "first": "90 days ago", "last": "50 days ago"}
    assert judge(line, therapies=[over]).outcome.value == NOT_MET


@pytest.mark.parametrize(
    ("result", "outcome"),
    [(alt(20), NOT_MET), (alt(20, upper=None), MET), (alt(None), MET), (None, NOT_MET)],
)
def test_a_result_is_unclear_without_value_or_limit(result: dict[str, Any] | None, outcome: str) -> None:
    verdict = judge({"lab_unclear": {"test": LIVER}}, labs=[result] if result else [])
    assert verdict.outcome.value == outcome


@pytest.mark.parametrize(
    ("values", "outcome"), [((410, 471), MET), ((410, 470), NOT_MET), ((471,), NOT_MET), ((480, 415), NOT_MET)]
)
def test_a_rise_is_counted_from_the_lowest_earlier_value(values: tuple[float, ...], outcome: str) -> None:
    ecgs = [{"test": "QTc", "value": value, "when": f"{40 - 10 * i} days ago"} for i, value in enumerate(values)]
    line = {"lab_rise": {"test": "QTc", "above": 60, "within": "12 months"}}
    assert judge(line, measurements=ecgs).outcome.value == outcome
    assert judge(line, measurements="not sent").outcome.value == UNKNOWN


@pytest.mark.parametrize(
    ("start", "other", "outcome", "gap"),
    [
        ("10 days ago", {"last": "45 days ago"}, MET, "35 days after the last pembrolizumab"),
        ("10 days ago", {"last": "52 days ago"}, MET, "42 days after the last pembrolizumab"),
        ("10 days ago", {"last": "53 days ago"}, NOT_MET, None),
        ("10 days ago", {"last": "5 days ago"}, MET, "while pembrolizumab was being given"),
        ("10 days ago", {"ongoing": True}, MET, "while pembrolizumab is recorded as still being given"),
        ("10 days ago", {"last": "undated"}, UNKNOWN, None),
        ("10 days ago", {"last": "20 days ago", "given": False}, NOT_MET, None),
        (None, {"last": "45 days ago"}, UNKNOWN, None),
        ("2026-06", {"last": "2026-04"}, UNKNOWN, None),
    ],
)
def test_a_drug_begun_soon_after_another(
    start: str | None, other: dict[str, Any], outcome: str, gap: str | None
) -> None:
    line = {"started_after": {"started": "sotorasib", "class": "anti-PD-(L)1", "within": "6 weeks", "as": "io"}}
    verdict = judge(line, therapies=[sotorasib(start), {"drug": "pembrolizumab", **other}])
    assert verdict.outcome.value == outcome
    assert verdict.bound().get("io.gap") == gap
    assert judge(line, therapies="not sent").outcome.value == UNKNOWN


def test_a_suspected_condition_counts_only_where_the_line_says_so() -> None:
    line = {"condition": {"is": "ild"}}
    assert judge(line, suspected_conditions=["ild"]).outcome.value == UNKNOWN
    verdict = judge({"condition": {"is": "ild", "suspected": True}}, suspected_conditions=["ild"])
    assert verdict.outcome.value == MET
    assert "suspected" in verdict.caveats[0]
    assert judge(line, past_conditions=["ild"]).outcome.value == NOT_MET
    assert judge({"condition": {"is": "ild", "history": True}}, past_conditions=["ild"]).outcome.value == MET
