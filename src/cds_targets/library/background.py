"""Context on request: how often a gene is altered, and what the review says beyond what cards use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cds_targets.terms import Terms
from cds_targets.terms.files import validated
from cds_targets.yaml_source import read


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Frequency(_Part):
    """In how many of the tumours of a type the gene is altered, in percent; `parts` by gene or kind of change."""

    gene: str
    tumour: str | None = Field(description="OncoTree code; null where the label is wider than one type.")
    label: str
    percent: float = Field(ge=0, le=100)
    of: str
    table: str
    parts: dict[str, float] = {}
    row: str

    def share(self, gene: str) -> float | None:
        """The percentage of one gene; None if the row does not tell it apart."""
        return self.percent if gene == self.gene else self.parts.get(gene)


class Statement(_Part):
    """One statement about genes or drugs, in our words."""

    about: tuple[str, ...]
    says: str
    section: str
    cites: tuple[str, ...]
    kind: Literal["mechanism", "preclinical", "single-arm", "retrospective"] | None = None
    rows: tuple[str, ...] = Field(min_length=1)


class _Frequencies(_Part):
    source: str
    frequencies: tuple[Frequency, ...]


class _Statements(_Part):
    source: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Background:
    """Everything of `cards/background/`, with its sources."""

    frequencies: tuple[Frequency, ...]
    statements: tuple[Statement, ...]
    frequency_source: str
    statement_source: str

    def of_gene(self, gene: str, tumour: str | None, terms: Terms) -> list[tuple[Frequency, float]]:
        """The frequencies of a gene, highest first; with a tumour only that type, kinds of it and wider ones."""
        found = []
        for row in self.frequencies:
            share = row.share(gene)
            if share is not None and (tumour is None or _related(row.tumour, tumour, terms)):
                found.append((row, share))
        return sorted(found, key=lambda pair: -pair[1])

    def about(self, name: str) -> list[Statement]:
        """The statements about a gene or drug."""
        return [statement for statement in self.statements if name in statement.about]


def load_background(folder: Path) -> Background:
    """Read the background of a content folder; raises ContentError listing every problem of form."""
    place = folder / "background"
    rates = read(place / "frequencies.yaml", "cards/background/frequencies.yaml")
    said = read(place / "statements.yaml", "cards/background/statements.yaml")
    frequencies = validated(rates, rates.data, _Frequencies)
    statements = validated(said, said.data, _Statements)
    return Background(frequencies.frequencies, statements.statements, frequencies.source, statements.source)


def _related(code: str | None, tumour: str, terms: Terms) -> bool:
    return code is not None and (terms.tumours.is_a(code, tumour) or terms.tumours.is_a(tumour, code))
