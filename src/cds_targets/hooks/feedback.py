"""What clinicians did with cards: CDS Hooks 2.0 feedback, batched, read tolerantly for 3.0."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from cds_targets.errors import FieldIssue, RequestError
from cds_targets.hooks.reading import Received, received

MAX_ITEMS = 1_000
MAX_COMMENT = 10_000
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)  # RFC 3339, section 5.6

Identifier = Annotated[str, Field(min_length=1, max_length=255)]


def _nothing_if_empty(value: object) -> object:
    return None if value in ({}, []) else value


class ReasonCoding(Received):
    """An override reason as chosen; clients leave out the display."""

    code: Identifier
    system: str | None = None
    display: str | None = None


class OverrideReason(Received):
    """Why a card was not followed. `user_comment` is free text and may hold patient data: never logged."""

    reason: Annotated[ReasonCoding | None, BeforeValidator(_nothing_if_empty)] = None
    user_comment: str | None = Field(None, max_length=MAX_COMMENT, repr=False)


class AcceptedSuggestion(Received):
    """A suggestion that was accepted, by its uuid."""

    id: Identifier


class FeedbackItem(Received):
    """What was done with one card."""

    card: Identifier
    outcome: Literal["accepted", "overridden"]
    accepted_suggestions: tuple[AcceptedSuggestion, ...] = Field((), strict=False, max_length=100)
    override_reason: Annotated[OverrideReason | None, BeforeValidator(_nothing_if_empty)] = None
    outcome_timestamp: datetime

    @field_validator("accepted_suggestions", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return () if value is None else value

    @field_validator("outcome_timestamp", mode="before")
    @classmethod
    def _rfc3339(cls, value: object) -> datetime:
        """An instant in UTC; a leap second counts as the second before it."""
        match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
        if match is not None:
            day, minute, second, fraction, offset = match.groups()
            second = "59" if second == "60" else second
            micro = (fraction or ".0")[:7]
            try:
                return datetime.fromisoformat(f"{day}T{minute}:{second}{micro}{offset.upper()}").astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        raise ValueError("must be an RFC 3339 time such as 2026-03-01T09:30:00Z")

    @model_validator(mode="after")
    def _accepted_names_suggestions(self) -> Self:
        if self.outcome == "accepted" and not self.accepted_suggestions:
            raise ValueError("acceptedSuggestions is required when the outcome is accepted")
        return self


class Feedback(Received):
    """The body of a feedback call."""

    feedback: tuple[FeedbackItem, ...] = Field(strict=False, max_length=MAX_ITEMS)


def parse_feedback(body: Any) -> tuple[FeedbackItem, ...]:
    """Decoded JSON as feedback; raises RequestError with the path of every field that is wrong."""
    if not isinstance(body, dict):
        raise RequestError([FieldIssue("", "the body must be a JSON object")])
    return received(Feedback, body).feedback
