"""What results say of other results: significance and consequences that derive from a variant."""

from __future__ import annotations

from typing import Any

from cds_targets.facts.genomic import GenomicFact, Significance, Variant
from cds_targets.facts.protein import ProteinChange
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.change import parsed_protein
from cds_targets.fhir.genomics.context import Context
from cds_targets.fhir.genomics.parts import Parts, value_concepts
from cds_targets.fhir.genomics.presence import read_significance
from cds_targets.fhir.reading import Entry, as_list, codings


class Implications:
    """Collected while reading, put onto the variants at the end: either may come first."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.significance: dict[str, list[Any]] = {}
        self.consequences: dict[str, list[ProteinChange]] = {}

    def take(self, entry: Entry, consequence: bool) -> None:
        """Keep what an implication or molecular consequence says of the results it derives from."""
        resource = entry.resource
        if self.context.source(entry) is None:
            return
        parts = Parts.of(resource)
        stated = parts.concepts(codes.SIGNIFICANCE)
        if any(coding.code == codes.SIGNIFICANCE for coding in codings(resource.get("code"))):
            stated = [*stated, *value_concepts(resource)]
        proteins = []
        for text in parts.texts(codes.PROTEIN) if consequence else ():
            change = parsed_protein(text)
            if isinstance(change, ProteinChange):
                proteins.append(change)
        if not stated and not proteins:
            return
        for reference in as_list(resource.get("derivedFrom")):
            target = self.context.resources.resolve(reference, entry)
            if target is not None:
                self.significance.setdefault(target.pointer, []).extend(stated)
                self.consequences.setdefault(target.pointer, []).extend(proteins)

    def completed(self, facts: list[GenomicFact]) -> list[GenomicFact]:
        """Variants with the significance and protein change that other results state of them."""
        if not self.significance and not self.consequences:
            return facts
        return [self._complete(fact) if isinstance(fact, Variant) else fact for fact in facts]

    def _complete(self, variant: Variant) -> Variant:
        pointer = variant.source.pointer
        stated = read_significance(self.significance.get(pointer, []))
        if stated is not Significance.UNSTATED and variant.significance is Significance.UNSTATED:
            variant = variant._replace(significance=stated)
        proteins = {change.text: change for change in self.consequences.get(pointer, [])}
        if variant.protein is None and len(proteins) == 1:
            change = next(iter(proteins.values()))
            note = "the protein change is stated by a molecular consequence derived from this result"
            notes = tuple(n for n in variant.notes if "is not translated" not in n)
            variant = variant._replace(protein=change, notes=(*notes, note))
        return variant
