"""Ada's history came as administrations only: what is there stays certain, what is not there is not."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest

from cds_targets.facts.record import Coverage, PatientRecord, Topic
from cds_targets.fhir.record import read_record
from cds_targets.library.definition import WrittenLine
from cds_targets.matching.judge import judge_line
from cds_targets.matching.verdict import Verdict
from tests.charts import CHART
from tests.fhir.observations import terms


def ada(day: date = date(2026, 3, 1)) -> PatientRecord:
    return read_record("ada", CHART, None, None, day, UTC, terms())


def judge(word: str, day: date = date(2026, 3, 1), **line: Any) -> Verdict:
    return judge_line(WrittenLine.model_validate({word: line}).line, ada(day), terms())


def test_the_history_is_partly_seen() -> None:
    assert ada().of(Topic.THERAPIES).coverage is Coverage.PARTIAL


@pytest.mark.parametrize(
    ("word", "line", "outcome"),
    [
        ("had_therapy", {"class": "anti-PD-(L)1"}, "met"),
        ("had_therapy", {"class": "anti-PD-(L)1", "within": "6 weeks"}, "met"),
        ("had_therapy", {"drug": "docetaxel"}, "unknown"),
        ("prior_lines", {"at_least": 1}, "met"),
        ("prior_lines", {"at_least": 2}, "unknown"),
        ("prior_lines", {"at_most": 0}, "not met"),
        ("prior_lines", {"at_most": 1}, "unknown"),
        ("on_therapy", {"drug": "sotorasib"}, "unknown"),
        ("had_all", {"groups": [["pembrolizumab"], ["docetaxel"]]}, "unknown"),
    ],
)
def test_what_is_there_is_certain_and_nothing_else(word: str, line: dict[str, Any], outcome: str) -> None:
    assert judge(word, **line).outcome.value == outcome


@pytest.mark.parametrize(("days", "outcome"), [(42, "unknown"), (43, "met"), (84, "met"), (85, "unknown")])
def test_the_window_after_the_last_administration_is_judged_with_a_caveat(days: int, outcome: str) -> None:
    day = date.fromordinal(date(2026, 1, 18).toordinal() + days)
    verdict = judge("had_therapy", day, **{"class": "anti-PD-(L)1", "longer_ago_than": "6 weeks", "within": "12 weeks"})
    assert verdict.outcome.value == outcome, verdict.sentence
    if outcome == "met":
        assert "a later dose may not have been sent" in verdict.caveats
