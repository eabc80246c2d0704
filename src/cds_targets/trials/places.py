"""Where a study takes patients, seen from where the patient lives: by city, state and country, never by distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from cds_targets.facts.clinical import Demographics
from cds_targets.terms.places import Places
from cds_targets.trials.ctgov import Site

_NAMED = 3


class Nearness(IntEnum):
    """How near the nearest site is; one that is surely abroad comes after one that is not known."""

    CITY = 0
    STATE = 1
    COUNTRY = 2
    UNKNOWN = 3
    ABROAD = 4


@dataclass(frozen=True, slots=True)
class Where:
    """How near a study's nearest site is, as a sentence (empty: not known), and the sites in the patient's country."""

    nearness: Nearness = Nearness.UNKNOWN
    sentence: str = ""
    here: tuple[Site, ...] = ()


def seen_from(home: Demographics, here: Sequence[Site], countries: Sequence[tuple[str, int]], places: Places) -> Where:
    """`here`: the sites in the patient's country, the nearest first in the answer; `countries`: the sites in each."""
    if not countries:
        return Where()
    if not home.country:
        return Where(sentence=f"sites in {_listed([country for country, _ in countries])}")
    if not here:
        abroad = _listed([country for country, _ in countries])
        return Where(Nearness.ABROAD, f"no site in the patient's country; sites in {abroad}")
    country = places.country(home.country)
    ordered = sorted(here, key=lambda site: (_nearness(site, home, country, places), site.state, site.city))
    nearness = _nearness(ordered[0], home, country, places)
    said = {Nearness.CITY: "the patient's city", Nearness.STATE: "the patient's state"}.get(
        nearness, "the patient's country"
    )
    near = [site for site in ordered if _nearness(site, home, country, places) is nearness]
    sentence = f"sites in {said}: {_listed([_named(site) for site in near])}"
    return Where(nearness, sentence, tuple(ordered))


def _nearness(site: Site, home: Demographics, country: str, places: Places) -> Nearness:
    state, homeland = places.state(country, site.state), places.state(country, home.state)
    city = places.city(home.city)
    if city and city == places.city(site.city) and (not state or not homeland or state == homeland):
        return Nearness.CITY
    return Nearness.STATE if homeland and state == homeland else Nearness.COUNTRY


def _named(site: Site) -> str:
    return ", ".join(part for part in (site.city, site.state) if part) or site.country


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return "; ".join(names[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
