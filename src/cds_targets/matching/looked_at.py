"""What the settled reports looked at in a gene: the ground on which "not found" can be believed.

Preliminary results are no ground. A test limited to some codons is none for the others; several tests add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from cds_targets.facts.genomic import Origin, Presence, ReportStatus, Source, Specimen, Tested, Variant
from cds_targets.facts.protein import ProteinChangeError, parse_protein
from cds_targets.matching.case import Case


@dataclass(slots=True)
class Scope:
    """What was looked at in one gene.

    `whole`: the whole gene, as far as stated; `codons`: those of limited tests; `denied`: changes named as absent;
    `found`: a finding shows that the gene was looked at, in an unlimited test. `explicit` is True where a report says
    that nothing was found. `preliminary`: some result is not settled. `unsaid`: results whose specimen is not stated,
    where one was asked for.
    """

    whole: bool = False
    explicit: bool = False
    codons: set[int] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    found: bool = False
    preliminary: bool = False
    sources: list[Source] = field(default_factory=list)
    unsaid: list[Source] = field(default_factory=list)

    def covers(self, codons: frozenset[int], *, found_counts: bool = False) -> bool:
        """Whether these codons were looked at (none named: the whole gene)."""
        if self.whole or (found_counts and self.found):
            return True
        return bool(codons) and codons <= self.codons

    def covers_changes(self, changes: tuple[str, ...], *, found_counts: bool = False) -> bool:
        """Whether each of these protein changes was looked for."""
        left = [change for change in changes if change not in self.denied]
        return not left or self.covers(positions_of(tuple(left)), found_counts=found_counts)


def scope_of(case: Case, gene: str, specimen: str = "any", *, germline: bool = False) -> Scope:
    """What settled results looked at in the gene; germline results count only if asked for."""
    scope = Scope()
    facts = case.record.genomics.by_gene.get(gene, ())
    limited = False
    present: list[Variant] = []
    for fact in facts:
        if not isinstance(fact, Tested | Variant):
            continue
        if isinstance(fact, Variant) and fact.origin is Origin.GERMLINE and not germline:
            continue
        if fact.source.status is ReportStatus.PRELIMINARY:
            scope.preliminary = True
            continue
        if specimen != "any" and fact.source.specimen.value != specimen:
            scope.unsaid += [fact.source] if fact.source.specimen is Specimen.UNKNOWN else []
            continue
        if isinstance(fact, Tested):
            limited = limited or bool(fact.codons)
            scope.whole = scope.whole or not fact.codons
            scope.codons |= fact.codons
            scope.explicit = scope.explicit or fact.found_nothing
        elif fact.presence is Presence.PRESENT:
            present.append(fact)
            continue
        elif fact.presence is not Presence.ABSENT:
            continue
        elif not fact.names_change:
            scope.whole = scope.explicit = True
        elif fact.protein is not None:
            scope.denied.add(fact.protein.text)
        scope.sources.append(fact.source)
    scope.found = bool(present) and not limited
    scope.codons |= _codons_of(present)
    return scope


def _codons_of(variants: Iterable[Variant]) -> set[int]:
    """A finding shows at least that its own codon was looked at."""
    return {v.protein.position for v in variants if v.protein is not None and v.protein.position is not None}


@lru_cache(maxsize=4096)
def positions_of(changes: tuple[str, ...]) -> frozenset[int]:
    """Every codon these protein changes touch; empty if one of them cannot be placed."""
    found: set[int] = set()
    for text in changes:
        try:
            change = parse_protein(text)
        except ProteinChangeError:
            return frozenset()
        if change.position is None:
            return frozenset()
        found |= set(range(change.position, (change.end or change.position) + 1))
    return frozenset(found)
