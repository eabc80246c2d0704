"""Dates of any precision: read from FHIR, moved into the site's time zone, compared as ranges."""

from __future__ import annotations

from datetime import UTC, date, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.facts.dates import When, add_months, month_end, read_when

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "earliest", "latest", "shown"),
    [
        ("2026-03-04", date(2026, 3, 4), date(2026, 3, 4), "2026-03-04"),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28), "2026-02"),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "2024-02"),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "2026"),
        ("2026-03-04T23:30:00Z", date(2026, 3, 4), date(2026, 3, 4), "2026-03-04"),
    ],
)
def test_a_date_is_read_with_its_precision(text: str, earliest: date, latest: date, shown: str) -> None:
    when = read_when(text)
    assert when == When(earliest, latest)
    assert str(when) == shown


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-04T23:30:00Z", 5),
        ("2026-03-04T23:30:00+01:00", 4),
        ("2026-03-04T23:30:00", 4),
        ("2026-03-05T00:30:00+02:00", 4),
    ],
)
def test_an_instant_falls_on_the_day_of_the_site(text: str, day: int) -> None:
    assert read_when(text, BERLIN) == When.on(date(2026, 3, day))


@pytest.mark.parametrize(
    "text", ["", "2026-13", "2026-02-30", "0000", "yesterday", "2026-3-4", "20260304", "9" * 60, "2026-03-04Tnoon",
             "9999-12-31T23:59:59-12:00", "٢٠٢٦"],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_when(text, timezone(timedelta(hours=12))) is None


def test_days_before_are_a_range() -> None:
    when = read_when("2026-03")
    assert when is not None
    assert when.days_before(date(2026, 4, 1)) == (1, 31)
    assert When.on(date(2026, 4, 2)).days_before(date(2026, 4, 1)) == (-1, -1)


def test_a_range_that_is_no_month_and_no_year_is_shown_by_both_ends() -> None:
    assert str(When(date(2026, 1, 2), date(2026, 1, 5))) == "2026-01-02 to 2026-01-05"


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 5, 31), -3, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 6, 15), -3, date(2026, 3, 15)),
    ],
)
def test_calendar_months_end_at_the_last_day_a_month_has(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(-600, 600))
def test_moving_by_months_lands_in_that_month(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == min(day.day, month_end(moved.year, moved.month).day)


@given(st.text(max_size=45))
def test_any_text_is_a_date_or_none(text: str) -> None:
    when = read_when(text, UTC)
    assert when is None or when.earliest <= when.latest
