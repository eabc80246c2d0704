"""Countries and states as addresses and registries write them: by code, by name, in capitals or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import Field

from cds_targets.terms.files import TermModel


class Country(TermModel):
    """A country: `code` is ISO 3166-1 alpha-2, `states` names by their abbreviation."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()
    states: dict[str, str] = Field(default_factory=dict)


class PlaceFile(TermModel):
    """`places.yaml`."""

    source: str
    countries: tuple[Country, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Lookups that make two ways of writing one place equal; what is in no list stands for itself."""

    _countries: dict[str, str] = field(default_factory=dict)
    _states: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, countries: Iterable[Country]) -> Places:
        """Build the indexes."""
        names: dict[str, str] = {}
        states: dict[tuple[str, str], str] = {}
        for country in countries:
            names |= {_folded(name): country.code for name in (country.code, country.name, *country.aliases)}
            states |= {(country.code, _folded(short)): _folded(name) for short, name in country.states.items()}
        return cls(names, states)

    def country(self, written: str | None) -> str:
        """The code of a country, else what was written, in small letters; empty where nothing was."""
        folded = _folded(written or "")
        return self._countries.get(folded, folded)

    def state(self, country: str, written: str | None) -> str:
        """The name of a state in small letters; `country` as `country()` gives it."""
        folded = _folded(written or "")
        return self._states.get((country, folded), folded)

    def city(self, written: str | None) -> str:
        """A city in small letters."""
        return _folded(written or "")


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
