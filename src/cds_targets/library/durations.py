"""Durations as cards write them: `42 days`, `12 weeks`, `3 months`. Months are calendar months."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, GetPydanticSchema
from pydantic_core import core_schema

from cds_targets.facts.dates import add_months

_WRITTEN = re.compile(r"(\d{1,4}) (day|week|month)s?")


@dataclass(frozen=True, slots=True)
class Duration:
    """A whole number of days, weeks or calendar months."""

    count: int
    unit: str

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    def after(self, day: date) -> date:
        """The day this long after `day`."""
        if self.unit == "month":
            return add_months(day, self.count)
        return day + timedelta(days=self.count * (7 if self.unit == "week" else 1))

    def before(self, day: date) -> date:
        """The day this long before `day`."""
        if self.unit == "month":
            return add_months(day, -self.count)
        return day - timedelta(days=self.count * (7 if self.unit == "week" else 1))

    def last_day_from(self, day: date) -> date:
        """The last day on which `day` lies no longer ago than this: at the end of a month, later than `after`."""
        last = self.after(day)
        while self.before(last + timedelta(days=1)) <= day:
            last += timedelta(days=1)
        return last


def parse_duration(text: Any) -> Duration:
    """`12 weeks` as a Duration; ValueError otherwise."""
    if isinstance(text, Duration):
        return text
    match = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("a duration is written like '42 days', '12 weeks' or '3 months'")
    return Duration(int(match[1]), match[2])


Span = Annotated[
    Duration,
    BeforeValidator(parse_duration),
    GetPydanticSchema(
        lambda _source, _handler: core_schema.no_info_plain_validator_function(
            parse_duration,
            json_schema_input_schema=core_schema.str_schema(pattern=r"^\d{1,4} (day|week|month)s?$"),
        )
    ),
]
