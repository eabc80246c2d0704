"""T19: whatever one search fails with, no service says a negative it did not see, and what is missing is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ehr.matrix import Row, Stage, rows
from tests.test_examples import IRIS


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage().open() as opened:
        yield opened


@pytest.mark.parametrize("row", rows(IRIS), ids=str)
def test_t19_no_fault_of_a_search_becomes_a_negative(stage: Stage, row: Row) -> None:
    assert stage.wrong_with(row) == []
