"""Spans of time as cards write them, and the days on which they end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.library.durations import Duration, parse_duration


@pytest.mark.parametrize(
    ("span", "day", "last"),
    [
        ("6 weeks", "2026-05-04", "2026-06-15"),
        ("12 weeks", "2026-05-04", "2026-07-27"),
        ("3 months", "2026-01-31", "2026-04-30"),
        ("3 months", "2026-02-27", "2026-05-27"),
        ("3 months", "2026-02-28", "2026-05-31"),
        ("3 months", "2025-11-30", "2026-02-28"),
        ("3 months", "2027-11-30", "2028-02-29"),
    ],
)
def test_the_last_day_of_a_window(span: str, day: str, last: str) -> None:
    assert parse_duration(span).last_day_from(date.fromisoformat(day)) == date.fromisoformat(last)


@given(
    st.builds(Duration, st.integers(1, 24), st.sampled_from(["day", "week", "month"])),
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
)
def test_the_last_day_is_in_the_window_and_the_next_is_not(span: Duration, day: date) -> None:
    last = span.last_day_from(day)
    assert span.before(last) <= day < span.before(last + timedelta(days=1))
