"""Dates as medicine writes them: of any precision, and compared with a three-valued honesty.

A `When` is "some day from `earliest` to `latest`". Everything asked of it answers with a range, so that
"March 2026" can be surely before, surely after, or cannot be told from, a given day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

_FHIR = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})(?P<time>[T ]\d{2}.*)?)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class When:
    """A day known to lie from `earliest` to `latest`, both included."""

    earliest: date
    latest: date

    @classmethod
    def on(cls, day: date) -> When:
        """An exact day."""
        return cls(day, day)

    @property
    def exact(self) -> bool:
        """Whether the day itself is known."""
        return self.earliest == self.latest

    def days_before(self, day: date) -> tuple[int, int]:
        """Fewest and most whole calendar days from this date to `day` (negative: it lies after `day`)."""
        return (day - self.latest).days, (day - self.earliest).days

    def __str__(self) -> str:
        if self.exact:
            return self.earliest.isoformat()
        if self.earliest.day == 1 and self.latest == month_end(self.earliest.year, self.earliest.month):
            return f"{self.earliest:%Y-%m}"
        if self.earliest == date(self.earliest.year, 1, 1) and self.latest == date(self.earliest.year, 12, 31):
            return f"{self.earliest.year:04d}"
        return f"{self.earliest.isoformat()} to {self.latest.isoformat()}"


def month_end(year: int, month: int) -> date:
    """The last day of a month."""
    return date(year, month, monthrange(year, month)[1])


def add_months(day: date, months: int) -> date:
    """`day` moved by calendar months; a day the target month lacks becomes that month's last."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def read_when(text: str, zone: tzinfo = UTC) -> When | None:
    """A FHIR date, dateTime or instant as the calendar day(s) it falls on in `zone`; None if it is not one.

    An instant with an offset is moved into `zone`; a local time without offset keeps its calendar day.
    """
    match = _FHIR.fullmatch(text.strip()) if len(text) <= 40 else None
    if match is None:
        return None
    year, month, day = (int(match[name]) if match[name] else None for name in ("year", "month", "day"))
    try:
        if year is None or year < 1:
            return None
        if month is None:
            return When(date(year, 1, 1), date(year, 12, 31))
        if day is None:
            return When(date(year, month, 1), month_end(year, month))
        if match["time"] is None:
            return When.on(date(year, month, day))
        moment = datetime.fromisoformat(match[0].replace(" ", "T", 1))
        return When.on(moment.astimezone(zone).date() if moment.tzinfo else moment.date())
    except (ValueError, OverflowError):
        return None
