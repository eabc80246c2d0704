"""Judging what a tumour report says beside small variants: fusions, copy number, biomarkers."""

from __future__ import annotations

from dataclasses import replace

from cds_targets.facts.genomic import (
    Biomarker,
    CopyNumber,
    CopyNumberCall,
    Fusion,
    Origin,
    Presence,
    ReportStatus,
    Source,
    Uninterpreted,
)
from cds_targets.library.conditions import BiomarkerIs, CopyNumberIs, FusionIs
from cds_targets.matching.case import Case, listed, met, not_met, unknown
from cds_targets.matching.limits import on_side
from cds_targets.matching.verdict import Outcome, Verdict


def judge_fusion(condition: FusionIs, case: Case) -> Verdict:
    """A fusion present; only a settled report that names the gene as without a fusion is an absence."""
    doubts: list[tuple[str, Source]] = []
    absent: dict[str, Source] = {}
    for gene in condition.gene:
        for fact in case.record.genomics.by_gene.get(gene, ()):
            if isinstance(fact, Uninterpreted) and fact.presence is not Presence.ABSENT:
                doubts.append((f"a {gene} result could not be interpreted: {fact.why}", fact.source))
            if not isinstance(fact, Fusion):
                continue
            name = "::".join(fact.genes)
            partners = set(fact.genes) - {gene}
            if condition.partner and partners and not partners & set(condition.partner):
                continue
            unsettled = fact.source.status is ReportStatus.PRELIMINARY
            if fact.presence is Presence.ABSENT and not unsettled:
                if not partners or condition.partner:
                    absent[gene] = fact.source
            elif fact.presence is Presence.UNKNOWN or unsettled:
                doubts.append((f"the {name} fusion is not certain in the report", fact.source))
            elif condition.partner and not partners:
                doubts.append((f"the partner of the {name} fusion was not reported", fact.source))
            elif fact.origin is not Origin.GERMLINE:
                return met(condition, f"{name} fusion", [fact.source], values={"what": f"{name} fusion"})
    if doubts:
        return unknown(condition, listed((text for text, _ in doubts), "and"), [source for _, source in doubts])
    gaps = case.unseen(condition.topics)
    if gaps:
        return unknown(condition, "; ".join(gaps))
    silent = [gene for gene in condition.gene if gene not in absent]
    if silent:
        return unknown(condition, f"no result for {listed(silent)} fusions was reported: not tested, or not sent")
    return not_met(condition, f"no {listed(condition.gene)} fusion was found", absent.values())


# What a call also is, and what the absence of a call also rules out.
_INCLUDES = {
    CopyNumberCall.GAIN: frozenset({CopyNumberCall.GAIN, CopyNumberCall.AMPLIFICATION}),
    CopyNumberCall.LOSS: frozenset({CopyNumberCall.LOSS, CopyNumberCall.DELETION}),
}


def judge_copy_number(condition: CopyNumberIs, case: Case) -> Verdict:
    """The call as reported. A gain is no amplification; a bare number cannot be called."""
    if condition.call == "uncalled":
        return _uncalled(condition, case)
    wanted = CopyNumberCall(condition.call)
    counting = _INCLUDES.get(wanted, frozenset({wanted}))
    doubts: list[tuple[str, Source]] = []
    others: list[tuple[str, Source]] = []
    found: CopyNumber | None = None
    answered: set[str] = set()
    for fact in _copy_numbers(condition, case):
        gene, number = fact.gene or "", _number(fact)
        unsettled = fact.source.status is ReportStatus.PRELIMINARY
        if fact.presence is Presence.ABSENT or fact.call is CopyNumberCall.NEUTRAL:
            if unsettled:
                doubts.append((f"the copy number of {gene} is reported as preliminary only", fact.source))
            elif _rules_out(fact, wanted):
                answered.add(gene)
                others.append((f"{gene} {fact.call.value} absent", fact.source))
        elif fact.call is CopyNumberCall.UNKNOWN or fact.presence is Presence.UNKNOWN:
            doubts.append((f"the copy number of {gene}{number} was reported without a call", fact.source))
        elif unsettled:
            doubts.append((f"{gene} {fact.call.value} is reported as preliminary only", fact.source))
        elif fact.call in counting:
            found = found or fact
        else:
            answered.add(gene)
            others.append((f"{gene} {fact.call.value}{number}", fact.source))
    if found is not None:
        what = f"{found.gene} {found.call.value}"
        denied = ["another report did not find it"] if found.gene in answered else []
        values = {"what": what, "gene": found.gene or ""}
        return met(condition, what + _number(found), [found.source], denied, values)
    if doubts:
        return unknown(condition, listed((text for text, _ in doubts), "and"), [source for _, source in doubts])
    gaps = case.unseen(condition.topics)
    if gaps:
        return unknown(condition, "; ".join(gaps))
    silent = [gene for gene in condition.gene if gene not in answered]
    if silent:
        return unknown(condition, f"no copy number of {listed(silent, 'and')} was reported: not tested, or not sent")
    told = listed((text for text, _ in others), "and")
    return not_met(condition, f"no {condition.call} of {listed(condition.gene)} ({told})", [s for _, s in others])


def _copy_numbers(condition: CopyNumberIs, case: Case) -> list[CopyNumber]:
    """The copy-number results of the genes; germline ones say nothing of the tumour."""
    facts = [fact for gene in condition.gene for fact in case.record.genomics.by_gene.get(gene, ())]
    return [fact for fact in facts if isinstance(fact, CopyNumber) and fact.origin is not Origin.GERMLINE]


def _number(fact: CopyNumber) -> str:
    return f" ({fact.copies:g} copies)" if fact.copies is not None else ""


def _rules_out(fact: CopyNumber, wanted: CopyNumberCall) -> bool:
    """Whether this negative answers the question: "no loss" says nothing of an amplification."""
    if fact.call in (CopyNumberCall.NEUTRAL, CopyNumberCall.UNKNOWN):
        return True
    return wanted in _INCLUDES.get(fact.call, frozenset({fact.call}))


def _uncalled(condition: CopyNumberIs, case: Case) -> Verdict:
    """A number in a report, and no settled report that calls it."""
    facts = _copy_numbers(condition, case)
    unsettled = ReportStatus.PRELIMINARY
    called = {f.gene for f in facts if f.call is not CopyNumberCall.UNKNOWN and f.source.status is not unsettled}
    called |= {f.gene for f in facts if f.presence is Presence.ABSENT and f.source.status is not unsettled}
    for fact in facts:
        bare = fact.call is CopyNumberCall.UNKNOWN and fact.presence is not Presence.ABSENT
        if bare and fact.copies is not None and fact.gene not in called:
            what = f"{fact.gene}: {fact.copies:g} copies"
            values = {"what": what, "gene": fact.gene or "", "copies": f"{fact.copies:g}"}
            return met(condition, f"{what}, without a call", [fact.source], values=values)
    gaps = case.unseen(condition.topics)
    if gaps:
        return unknown(condition, "; ".join(gaps))
    silent = [gene for gene in condition.gene if gene not in called]
    if silent:
        return unknown(condition, f"no copy number of {listed(silent, 'and')} was reported: not tested, or not sent")
    return not_met(condition, f"the copy number of {listed(condition.gene)} was called", [f.source for f in facts])


_INCONCLUSIVE = (None, "2+", "equivocal")
# Deficient repair is the loss of nuclear staining of at least one of these four (doi 10.3390/encyclopedia2030106).
_REPAIR_PROTEINS = ("MLH1", "MSH2", "MSH6", "PMS2")


def _newest_first(marker: str, case: Case) -> list[Biomarker]:
    results = [b for b in case.record.genomics.biomarkers if b.marker.casefold() == marker.casefold()]
    return sorted(results, key=lambda b: b.source.when.latest if b.source.when else case.as_of.min, reverse=True)


def _repair(case: Case) -> list[Biomarker]:
    """Mismatch repair from single stains: one protein lost makes it deficient, all four kept proficient."""
    stains = [stain for protein in _REPAIR_PROTEINS for stain in _newest_first(protein, case)[:1]]
    lost = [stain for stain in stains if stain.presence is Presence.ABSENT]
    lost.sort(key=lambda stain: stain.source.status is ReportStatus.PRELIMINARY)
    if lost:
        return [replace(lost[0], marker="MSI", call="MSI-H", presence=Presence.PRESENT)]
    kept = [stain for stain in stains if stain.presence is Presence.PRESENT]
    kept.sort(key=lambda stain: stain.source.status is not ReportStatus.PRELIMINARY)
    if len(kept) == len(_REPAIR_PROTEINS):
        return [replace(kept[0], marker="MSI", call="MSS", presence=Presence.ABSENT)]
    return []


def judge_biomarker(condition: BiomarkerIs, case: Case) -> Verdict:
    """The newest settled result of the marker, or what stands in for one that is missing or inconclusive.

    An in-situ hybridisation settles a HER2 stain, separate stains of the four repair proteins tell of MSI.
    """
    results = _newest_first(condition.marker, case)
    if not results or results[0].call in _INCONCLUSIVE:
        beside = _repair(case) if condition.marker == "MSI" else _newest_first(f"{condition.marker} ISH", case)
        results = beside or results
    if not results:
        gaps = case.unseen(condition.topics)
        return unknown(condition, "; ".join(gaps) or f"no {condition.marker} result was reported")
    newest = results[0]
    if newest.source.status is ReportStatus.PRELIMINARY:
        return unknown(condition, f"{condition.marker} is reported as preliminary only", [newest.source])
    if condition.call is not None:
        return _call_matches(condition, newest)
    return _value_matches(condition, newest)


def _call_matches(condition: BiomarkerIs, result: Biomarker) -> Verdict:
    if result.call is None:
        return unknown(condition, f"{condition.marker} was reported without a call", [result.source])
    what = f"{result.marker} {result.call}"
    if result.call.casefold() in {call.casefold() for call in condition.call or ()}:
        return met(condition, what, [result.source], values={"what": what})
    if result.presence is Presence.UNKNOWN and result.call.casefold() in ("equivocal", "indeterminate", "unknown"):
        return unknown(condition, f"{what}: not conclusive", [result.source])
    return not_met(condition, what, [result.source])


def _value_matches(condition: BiomarkerIs, result: Biomarker) -> Verdict:
    if result.value is None:
        return unknown(condition, f"{condition.marker} was reported without a number that can be used", [result.source])
    what = f"{condition.marker} {result.comparator or ''}{result.value:g} {result.unit or ''}".strip()
    sides = {
        on_side(result.value, result.comparator, condition.at_least, over=True, strict=False),
        on_side(result.value, result.comparator, condition.below, over=False, strict=True),
    }
    if Outcome.NOT_MET in sides:
        return not_met(condition, what, [result.source])
    if Outcome.UNKNOWN in sides:
        return unknown(condition, f"{what} does not say on which side of the limit it lies", [result.source])
    return met(condition, what, [result.source], values={"what": what})
