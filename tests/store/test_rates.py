"""F20, F21: how often cards are shown, what was done with them, and what is out of the ordinary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cds_targets.store.feedback import FeedbackRecord
from cds_targets.store.issued import IssuedCard
from cds_targets.store.rates import Rate, rates
from cds_targets.store.store import CallRecord, Store
from tests.store.ids import uuid_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SERVICE = "therapy-safety-select"


def show(store: Store, name: str, days_ago: int, card: str = "liver") -> None:
    told = IssuedCard(uuid_of(name), card, 1, "toxicity", "warning", b"said")
    at = Store(store.database, store.keys, lambda: NOW - timedelta(days=days_ago))
    at.record_call(CallRecord("r", SERVICE, "cards", "ada", "dr-berg"), [told])


def answer(store: Store, name: str, outcome: str, at: datetime) -> None:
    suggestions = ("s1",) if outcome == "accepted" else ()
    there = Store(store.database, store.keys, lambda: NOW)
    there.add_feedback([FeedbackRecord(SERVICE, uuid_of(name), outcome, at, suggestions)])


def of(store: Store, days: int = 7) -> list[Rate]:
    with store.database.reading() as connection:
        return rates(connection, NOW, days)


def test_the_newest_feedback_counts_whatever_the_order_it_came_in(store: Store) -> None:
    for number in range(4):
        show(store, f"c{number}", 1)
    show(store, "c9", 8)
    answer(store, "c0", "accepted", NOW)
    answer(store, "c0", "overridden", NOW - timedelta(hours=1))
    answer(store, "c1", "overridden", NOW)
    answer(store, "c2", "overridden", NOW + timedelta(days=300))
    answer(store, "c2", "accepted", NOW - timedelta(seconds=1))
    answer(store, "unknown", "accepted", NOW)
    (rate,) = of(store)
    assert rate == Rate("liver", shown=4, before=1, accepted=1, overridden=2)
    assert rate.unanswered == 1


@pytest.mark.parametrize(
    ("shown", "before", "alarm"),
    [
        (0, 4, ""),
        (0, 5, "fell silent"),
        (40, 0, ""),
        (20, 10, ""),
        (40, 10, "rose"),
        (10, 40, "fell"),
        (10, 20, ""),
    ],
)
def test_f21_what_is_an_alarm(shown: int, before: int, alarm: str) -> None:
    assert Rate("liver", shown, before).alarm == alarm


def test_a_card_that_fell_silent_is_named(store: Store) -> None:
    for number in range(6):
        show(store, f"c{number}", 8)
    show(store, "d", 1, "lung")
    assert [(rate.card, rate.alarm) for rate in of(store)] == [("liver", "fell silent"), ("lung", "")]
