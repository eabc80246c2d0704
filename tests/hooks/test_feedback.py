"""Feedback as clients send it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.errors import RequestError
from cds_targets.hooks.feedback import parse_feedback

AT = "2026-03-01T09:30:00Z"
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"
ACCEPTED = {"card": CARD, "outcome": "accepted", "acceptedSuggestions": [{"id": "s1"}], "outcomeTimestamp": AT}
DISMISSED = {"card": CARD, "outcome": "overridden", "outcomeTimestamp": AT}
REASON = {"code": "patient-refuses", "system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"}


def told(item: dict[str, Any]) -> Any:
    (read,) = parse_feedback({"feedback": [item]})
    return read


def test_an_accepted_card_names_its_suggestions() -> None:
    read = told(ACCEPTED)
    assert [accepted.id for accepted in read.accepted_suggestions] == ["s1"]
    assert read.outcome_timestamp == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def test_a_dismissed_card_needs_no_reason() -> None:
    assert told(DISMISSED).override_reason is None


def test_a_reason_needs_no_display() -> None:
    assert told({**DISMISSED, "overrideReason": {"reason": REASON}}).override_reason.reason.code == "patient-refuses"


def test_a_comment_alone_is_a_reason_and_is_not_shown_by_accident() -> None:
    read = told({**DISMISSED, "overrideReason": {"userComment": "Ada is moving away"}})
    assert read.override_reason.user_comment == "Ada is moving away"
    assert "Ada" not in repr(read)


def test_feedback_comes_in_batches() -> None:
    assert len(parse_feedback({"feedback": [ACCEPTED, DISMISSED, DISMISSED]})) == 3


@pytest.mark.parametrize("empty", [{"overrideReason": {}}, {"overrideReason": None}, {"acceptedSuggestions": None}])
def test_empty_parts_count_as_absent(empty: dict[str, Any]) -> None:
    assert told({**DISMISSED, **empty}).override_reason is None


TIMES = [
    ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00+00:00"),
    ("2026-03-01T09:30:00.123Z", "2026-03-01T09:30:00.123000+00:00"),
    ("2026-03-01T09:30:00.123456789Z", "2026-03-01T09:30:00.123456+00:00"),
    ("2026-03-01T11:30:00+02:00", "2026-03-01T09:30:00+00:00"),
    ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00"),
    ("2026-03-01", None),
    ("2026-03-01T09:30:00", None),
    ("2026-03-01T24:00:00Z", None),
    ("2026-02-30T09:30:00Z", None),
    ("0000-01-01T00:00:00Z", None),
    ("0001-01-01T00:00:00+14:00", None),
    ("9999-12-31T23:59:59-14:00", None),
    ("٢٠٢٦-03-01T09:30:00Z", None),
    (1772357400, None),
    (None, None),
]


@pytest.mark.parametrize(("written", "meant"), TIMES)
def test_t39_times_are_rfc_3339(written: Any, meant: str | None) -> None:
    item = {**DISMISSED, "outcomeTimestamp": written}
    if meant is None:
        with pytest.raises(RequestError) as refused:
            told(item)
        assert [issue.path for issue in refused.value.issues] == ["feedback[0].outcomeTimestamp"]
    else:
        assert told(item).outcome_timestamp.isoformat() == meant


WRONG: list[tuple[Any, str]] = [
    ([], ""),
    ({}, "feedback"),
    ({"feedback": {}}, "feedback"),
    ({"feedback": [5]}, "feedback[0]"),
    ({"feedback": [{**DISMISSED, "card": ""}]}, "feedback[0].card"),
    ({"feedback": [DISMISSED, {**DISMISSED, "outcome": "ignored"}]}, "feedback[1].outcome"),
    ({"feedback": [{**ACCEPTED, "acceptedSuggestions": []}]}, "feedback[0]"),
    ({"feedback": [{**ACCEPTED, "acceptedSuggestions": [{}]}]}, "feedback[0].acceptedSuggestions[0].id"),
    ({"feedback": [{**DISMISSED, "overrideReason": "no"}]}, "feedback[0].overrideReason"),
    (
        {"feedback": [{**DISMISSED, "overrideReason": {"userComment": "x" * 10_001}}]},
        "feedback[0].overrideReason.userComment",
    ),
    ({"feedback": [DISMISSED] * 1_001}, "feedback"),
]


@pytest.mark.parametrize(("body", "path"), WRONG)
def test_wrong_feedback_is_refused_with_the_place(body: Any, path: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_feedback(body)
    assert path in [issue.path for issue in refused.value.issues]


@given(st.dictionaries(st.sampled_from(sorted({*ACCEPTED, "overrideReason"})), st.text() | st.integers() | st.none()))
def test_any_item_is_feedback_or_is_refused(item: dict[str, Any]) -> None:
    with suppress(RequestError):  # any other error fails the test
        parse_feedback({"feedback": [item]})
