"""Copy-number calls as reported. A bare number stays without one: no threshold for amplification is sourced here."""

from __future__ import annotations

import re

from cds_targets.facts.genomic import CopyNumber, CopyNumberCall, Presence, Source, Uninterpreted
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.gene import UNNAMED, GeneRead
from cds_targets.fhir.genomics.parts import Parts, spellings
from cds_targets.fhir.genomics.presence import UNSTATED, read_origin, read_presence, read_vaf
from cds_targets.fhir.genomics.structural import NAMED, names_finding
from cds_targets.fhir.genomics.words import said
from cds_targets.fhir.reading import Resource, as_dict, as_list, as_number, codings

_BARE = "a copy number without a call: no sourced threshold says whether this is an amplification"
_UNGRADED = "a copy-number gain whose height was not stated: whether it is an amplification cannot be told"
_AMPLIFIED = re.compile(r"amplif|high level gain")
_DELETED = re.compile(
    r"deep deletion|\b(?:homozyg\w*|bi ?allel\w*) (?:gene )?(?:copy number )?(?:deletion|loss|verlust)"
)
_LOST = re.compile(r"copy number loss|\b(?:hetero|hemi)zyg\w* (?:deletion|loss(?! of)|verlust)|single copy loss|^loss$")
_SPEAKING = (codes.COPY_NUMBER_TYPE, codes.CHANGE_TYPE, codes.MOLECULAR_CONSEQUENCE, codes.FEATURE_CONSEQUENCE)
_NAMING = (codes.DISCRETE, codes.COPY_NUMBER_TYPE, codes.CHANGE_TYPE)


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
    denied = [text for text in parts.texts_of(_NAMING) if said(text) is Presence.ABSENT]
    if denied and presence is not Presence.UNKNOWN:
        presence, notes = Presence.ABSENT, [f"stated to be absent: “{denied[0][:60]}”"]
    if call is CopyNumberCall.AMPLIFICATION and presence is Presence.UNKNOWN and _interpreted(resource):
        presence, notes = Presence.PRESENT, ["amplification is stated by the interpretation"]
    if notes == [UNSTATED] and (call is not None or ungraded) and names_finding(resource):
        presence, notes = Presence.PRESENT, [NAMED]
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
        remarks = (*gene.notes, *notes)
        written = "copy number gain" if ungraded else (call.value if call else "")
        call_or_unknown = call or CopyNumberCall.UNKNOWN
        facts.append(CopyNumber(gene.symbol, presence, call_or_unknown, source, copies, origin, vaf, written, remarks))
    return facts


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
    words = [text.casefold().replace("_", " ").replace("-", " ") for text in texts]

    def spoken(pattern: re.Pattern[str]) -> bool:
        return any(pattern.search(word) for word in words)

    if values & codes.COPY_GAIN or any("low level gain" in word for word in words):
        return CopyNumberCall.GAIN, False
    if values & codes.AMPLIFIED or spoken(_AMPLIFIED):
        return CopyNumberCall.AMPLIFICATION, False
    small = codes.PROTEIN in parts or codes.CDNA in parts
    if copies == 0 or (spoken(_DELETED) and not small):
        return CopyNumberCall.DELETION, False
    if values & codes.COPY_LOSS or (spoken(_LOST) and not small):
        return CopyNumberCall.LOSS, False
    if values & codes.COPY_GAIN_UNGRADED or any("copy number gain" in word for word in words):
        return None, True
    if copies is not None and 0 < copies < 2 and values & codes.DELETION_TYPES:
        return CopyNumberCall.LOSS, False
    return None, False
