"""Copy-number calls as reported. A bare number stays without one: no threshold for amplification is sourced here."""

from __future__ import annotations

from cds_targets.facts.genomic import CopyNumber, CopyNumberCall, Presence, Source, Uninterpreted
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.gene import UNNAMED, GeneRead
from cds_targets.fhir.genomics.parts import Parts, spellings, value_concepts
from cds_targets.fhir.genomics.presence import UNSTATED, read_origin, read_presence, read_vaf
from cds_targets.fhir.reading import Resource, as_dict, as_list, as_number, codings

_BARE = "a copy number without a call: no sourced threshold says whether this is an amplification"
_UNGRADED = "a copy-number gain whose height was not stated: whether it is an amplification cannot be told"
_SPEAKING = (codes.COPY_NUMBER_TYPE, codes.CHANGE_TYPE, codes.MOLECULAR_CONSEQUENCE, codes.FEATURE_CONSEQUENCE)


def read_copy_number(
    resource: Resource, parts: Parts, source: Source, genes: list[GeneRead]
) -> list[CopyNumber | Uninterpreted]:
    """One fact per gene named, empty if the Observation is about something else."""
    copies = None
    for component in parts[codes.COPY_NUMBER]:
        copies = as_number(as_dict(component.get("valueQuantity")).get("value"))
    call, ungraded = _call(resource, parts, copies)
    small = codes.PROTEIN in parts or codes.CDNA in parts
    if call is None and not ungraded and (copies is None or (small and not _symbolic(parts))):
        return []
    presence, notes = read_presence(resource, True)
    if call is CopyNumberCall.AMPLIFICATION and presence is Presence.UNKNOWN and _interpreted(resource):
        presence, notes = Presence.PRESENT, ["amplification is stated by the interpretation"]
    if call is not None and presence is Presence.UNKNOWN and notes == [UNSTATED] and _named_by_value(resource):
        presence, notes = Presence.PRESENT, ["the value names the finding itself"]
    if ungraded:
        notes.append(_UNGRADED)
    elif call is None:
        notes.append(_BARE)
    if len(genes) > 1:
        notes.append(f"one copy-number result names {len(genes)} genes")
    origin, vaf = read_origin(parts), read_vaf(parts, notes)
    facts: list[CopyNumber | Uninterpreted] = []
    for gene in genes or [UNNAMED]:
        if gene.rivals:
            facts += [Uninterpreted(gene.notes[0], source, gene=rival) for rival in gene.rivals]
            continue
        said = (*gene.notes, *notes)
        written = "copy number gain" if ungraded else (call.value if call else "")
        call_or_unknown = call or CopyNumberCall.UNKNOWN
        facts.append(CopyNumber(gene.symbol, presence, call_or_unknown, source, copies, origin, vaf, written, said))
    return facts


def _named_by_value(resource: Resource) -> bool:
    """Whether the value is the finding ("MDM2 amplification") and neither denies nor doubts it."""
    texts = [text for concept in value_concepts(resource) for text in spellings(concept)]
    return "interpretation" not in resource and any("amplif" in text.casefold() for text in texts)


def _symbolic(parts: Parts) -> bool:
    """A structural variant in the coding slot (`NC_000022.10:42523950:T:<CN0>`)."""
    return any("<" in text or "HG" in text for text in parts.texts(codes.CDNA))


def _interpreted(resource: Resource) -> bool:
    return any(coding.code in codes.AMPLIFIED for coding in codings(resource.get("interpretation")))


def _call(resource: Resource, parts: Parts, copies: float | None) -> tuple[CopyNumberCall | None, bool]:
    """The call, and whether it is a gain of unstated height."""
    values: set[str] = {c.code for c in codings(resource.get("interpretation"))}
    texts: list[str] = []
    for code in _SPEAKING:
        if code in parts:
            values |= parts.values(code)
            texts += parts.texts(code)
    if codes.DISCRETE in parts:
        texts += parts.texts(codes.DISCRETE)
    for concept in (*as_list(resource.get("interpretation")), resource.get("valueCodeableConcept")):
        texts += spellings(concept)
    value = resource.get("valueString")
    if isinstance(value, str):
        texts.append(value[:200])
    words = " ".join(texts).casefold().replace("_", " ").replace("-", " ")
    if values & codes.COPY_GAIN or "low level gain" in words:
        return CopyNumberCall.GAIN, False
    if values & codes.AMPLIFIED or (("amplification" in words or "amplified" in words) and "no amplif" not in words):
        return (None, False) if "not amplified" in words else (CopyNumberCall.AMPLIFICATION, False)
    if "high level gain" in words:
        return CopyNumberCall.AMPLIFICATION, False
    if copies == 0 or "deep deletion" in words or "homozygous deletion" in words:
        return CopyNumberCall.DELETION, False
    if values & codes.COPY_LOSS or "copy number loss" in words:
        return CopyNumberCall.LOSS, False
    if values & codes.COPY_GAIN_UNGRADED or "copy number gain" in words:
        return None, True
    if copies is not None and 0 < copies < 2 and values & codes.DELETION_TYPES:
        return CopyNumberCall.LOSS, False
    return None, False
