"""One place, written in several ways."""

from __future__ import annotations

import pytest

from tests.trials.records import library


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("US", "US"),
        ("usa", "US"),
        ("United States", "US"),
        ("United States of America", "US"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("Turkey (Türkiye)", "TR"),
        ("Korea, Republic of", "KR"),
        ("Utopia", "utopia"),
        (None, ""),
    ],
)
def test_a_country_is_its_code_however_it_is_written(written: str | None, code: str) -> None:
    assert library().terms.places.country(written) == code


def test_a_state_is_its_name_whether_abbreviated_or_not() -> None:
    places = library().terms.places
    assert places.state("US", "MA") == places.state("US", "Massachusetts") == "massachusetts"
    assert places.state("DE", "MA") == "ma"
