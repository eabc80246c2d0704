"""Threads that write at the same time: each is told only of what was kept, and a bad one costs no other."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from cds_targets.errors import StoreUnavailable
from cds_targets.store.store import CallRecord, Store
from cds_targets.store.together import Together


def in_threads(count: int, work: object) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_who_waits_is_written_in_one_go_and_told_afterwards() -> None:
    batches: list[list[int]] = []
    first, release = threading.Event(), threading.Event()

    def write(things: Sequence[int]) -> None:
        batches.append(sorted(things))
        first.set()
        assert release.wait(timeout=30)

    together = Together(write)
    told: list[int] = []

    def work(number: int) -> None:
        if number:
            assert first.wait(timeout=30)
        together.add(number)
        assert any(number in batch for batch in batches)
        told.append(number)

    gate = threading.Timer(0.3, release.set)
    gate.start()
    in_threads(8, work)
    assert sorted(told) == list(range(8))
    assert batches[0] == [0]
    assert len(batches) < 8
    assert sorted(number for batch in batches for number in batch) == list(range(8))


def test_one_that_cannot_be_kept_costs_no_other() -> None:
    kept: list[int] = []

    def write(things: Sequence[int]) -> None:
        if 13 in things:
            raise StoreUnavailable("thirteen")
        kept.extend(things)

    together = Together(write)
    refused: list[int] = []

    def work(number: int) -> None:
        try:
            together.add(number)
        except StoreUnavailable:
            refused.append(number)

    in_threads(20, work)
    assert refused == [13]
    assert sorted(kept) == [number for number in range(20) if number != 13]


def test_a_fault_is_told_and_the_next_is_kept() -> None:
    kept: list[int] = []

    def write(things: Sequence[int]) -> None:
        if 13 in things:
            raise ValueError("a bug")
        kept.extend(things)

    together = Together(write)
    with pytest.raises(ValueError, match="a bug"):
        together.add(13)
    together.add(1)
    assert kept == [1]


def test_calls_of_many_threads_make_one_chain(store: Store) -> None:
    def work(number: int) -> None:
        for call in range(10):
            store.record_call(CallRecord(f"{number}-{call}", "targeted-therapies", "nothing", "ada", "dr-berg"))

    in_threads(8, work)
    found = store.verify()
    assert (found.rows, found.problems) == (80, ())
