"""Feedback in memory: kept once, bounded."""

from __future__ import annotations

from datetime import UTC, datetime

from cds_targets.store.feedback import FeedbackRecord, MemoryFeedback

AT = datetime(2026, 3, 1, tzinfo=UTC)


def dismissed(card: str) -> FeedbackRecord:
    return FeedbackRecord("targeted-therapies", card, "overridden", AT)


def test_the_same_record_is_kept_once() -> None:
    store = MemoryFeedback()
    assert store.add([dismissed("a"), dismissed("a")]) == 1
    assert store.add([dismissed("a"), dismissed("b")]) == 1
    assert [record.card for record in store.all()] == ["a", "b"]


def test_the_oldest_is_forgotten_first() -> None:
    store = MemoryFeedback(limit=2)
    store.add([dismissed(card) for card in "abc"])
    assert [record.card for record in store.all()] == ["b", "c"]
