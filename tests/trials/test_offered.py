"""Curated studies beside an imported registry: the newest status, the nearest site, and mentions in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cds_targets.errors import CdsTargetsError
from cds_targets.facts.clinical import Demographics
from cds_targets.facts.record import PatientRecord
from cds_targets.trials.ctgov import Site
from cds_targets.trials.current import current
from cds_targets.trials.match import StudyMatch
from cds_targets.trials.offered import offered
from cds_targets.trials.places import Nearness, seen_from
from cds_targets.trials.registry import News, Registry
from tests.trials.records import library, patient, record, studies

BOSTON = {"city": "Boston", "state": "Massachusetts", "country": "United States"}
HOME = Demographics(country="US", state="MA", city="Boston")
FIRST_LINE = {"tumour": {"is": "LUAD", "extent": "metastatic"}, "variants": ["KRAS G12C"]}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry(tmp_path / "registry.sqlite3") as opened:
        yield opened


def at_home(**short: Any) -> PatientRecord:
    read = patient(**{**FIRST_LINE, **short})
    return replace(read, patient=replace(read.patient, country="US", state="MA", city="Boston"))


def imported(registry: Registry, *records: dict[str, Any]) -> Registry:
    registry.import_studies([(str(n), r) for n, r in enumerate(records)], library().terms)
    return registry


def study_at(nct: str, *sites: dict[str, str], **changes: Any) -> dict[str, Any]:
    made = record(nct, **changes)
    made["protocolSection"]["contactsLocationsModule"] = {"locations": list(sites)}
    return made


def matched(registry: Registry | None, **short: Any) -> list[StudyMatch]:
    return list(offered(studies(), at_home(**short), library().terms, registry).matches)


@pytest.mark.parametrize(
    ("sites", "nearness", "sentence"),
    [
        ([Site("Boston", "Massachusetts", "United States")], Nearness.CITY, "the patient's city: Boston"),
        ([Site("Worcester", "Massachusetts", "United States")], Nearness.STATE, "the patient's state: Worcester"),
        ([Site("Houston", "Texas", "United States")], Nearness.COUNTRY, "the patient's country: Houston, Texas"),
        ([Site("Boston", "Texas", "United States")], Nearness.COUNTRY, "the patient's country: Boston, Texas"),
    ],
)
def test_the_nearest_site_is_in_the_city_the_state_or_the_country(
    sites: list[Site], nearness: Nearness, sentence: str
) -> None:
    found = seen_from(HOME, sites, [("United States", len(sites))], library().terms.places)
    assert found.nearness is nearness
    assert sentence in found.sentence


def test_a_study_abroad_says_where_and_comes_after_one_whose_sites_are_not_known() -> None:
    places = library().terms.places
    abroad = seen_from(HOME, [], [("Germany", 4), ("France", 2)], places)
    assert abroad.sentence == "no site in the patient's country; sites in Germany; France"
    assert abroad.nearness > seen_from(HOME, [], [], places).nearness


def test_without_an_address_only_the_countries_are_named() -> None:
    found = seen_from(Demographics(), [], [("Germany", 4)], library().terms.places)
    assert (found.nearness, found.sentence) == (Nearness.UNKNOWN, "sites in Germany")


def test_of_matches_alike_the_nearer_comes_first(registry: Registry) -> None:
    first, second = [match.study.nct for match in matched(None)][:2]
    imported(registry, study_at(first, {"city": "Bonn", "country": "Germany"}), study_at(second, BOSTON))
    where = {match.study.nct: match.where.sentence for match in matched(registry)}
    assert list(where).index(second) < list(where).index(first)
    assert where[second] == "sites in the patient's city: Boston, Massachusetts"


def test_a_study_the_registry_has_closed_since_is_not_offered(registry: Registry) -> None:
    assert "NCT06793215" in [match.study.nct for match in matched(None)]
    imported(registry, record("NCT06793215", status="ACTIVE_NOT_RECRUITING", updated="2026-10-01"))
    assert "NCT06793215" not in [match.study.nct for match in matched(registry)]


def test_a_curated_study_is_never_named_as_a_mention(registry: Registry) -> None:
    imported(registry, record("NCT06793215", updated="2026-10-01"), record("NCT90000001"))
    found = offered(studies(), at_home(), library().terms, registry)
    assert [study.nct for study in found.mentioned.studies] == ["NCT90000001"]


@pytest.mark.parametrize(
    ("nct", "news", "word"),
    [
        ("NCT06793215", News("COMPLETED", "2026-10-01"), "completed"),
        ("NCT06793215", News("SUSPENDED", "2026-10-01"), "not recruiting"),
        ("NCT06793215", News("ENROLLING_BY_INVITATION", "2026-10-01"), "not recruiting"),
        ("NCT06793215", News("COMPLETED", "2026-01-01"), "recruiting"),
        ("NCT06793215", News("UNKNOWN", "2026-10-01"), "recruiting"),
        ("NCT06793215", News("COMPLETED", "soon"), "recruiting"),
        ("NCT05512377", News("RECRUITING", "2026-10"), "recruiting"),
        ("NCT05116683", News("RECRUITING", "2026-10-01"), "terminated"),
        ("NCT04303780", News("RECRUITING", "2026-10-01"), "reported"),
    ],
)
def test_newer_news_of_the_registry_decides_but_opens_nothing_that_has_ended(nct: str, news: News, word: str) -> None:
    (study,) = current([study for study in studies() if study.nct == nct], {nct: news})
    assert study.status.word == word


def test_the_status_the_registry_gives_carries_its_day() -> None:
    (study,) = current([s for s in studies() if s.nct == "NCT05512377"], {"NCT05512377": News("RECRUITING", "2026-10")})
    assert study.status.as_of == date(2026, 10, 1)


def test_a_mention_in_the_patient_s_country_comes_before_a_newer_one_abroad(registry: Registry) -> None:
    imported(registry, study_at("NCT90000001", BOSTON), study_at("NCT90000002", {"city": "Bonn", "country": "Germany"}))
    found = registry.match(at_home(), library().terms)
    assert [study.nct for study in found.studies] == ["NCT90000001", "NCT90000002"]
    assert found.studies[1].where.sentence == "no site in the patient's country; sites in Germany"


def test_a_count_that_was_cut_short_says_so(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    imported(registry, *(record(f"NCT9000000{n}") for n in range(3)))
    monkeypatch.setattr("cds_targets.trials.registry.CEILING", 2)
    found = registry.match(at_home(), library().terms)
    assert (found.total, found.more) == (2, True)


def test_a_registry_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "old.sqlite3") as old:
        old.execute("CREATE TABLE study (nct TEXT)")
    old.close()
    with pytest.raises(CdsTargetsError, match="import into a new file"):
        Registry(tmp_path / "old.sqlite3")
