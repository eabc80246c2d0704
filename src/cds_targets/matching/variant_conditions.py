"""Judging small variants: found, wild type, not tested."""

from __future__ import annotations

from cds_targets.facts.genomic import (
    CopyNumber,
    CopyNumberCall,
    Origin,
    Presence,
    ReportStatus,
    Significance,
    Source,
    Specimen,
    Tested,
    Uninterpreted,
    Variant,
)
from cds_targets.facts.protein import ChangeKind
from cds_targets.facts.record import Coverage, Topic
from cds_targets.library.conditions import NotTested, VariantIs, WildType
from cds_targets.matching.case import Case, listed, met, not_met, unknown
from cds_targets.matching.looked_at import positions_of, scope_of
from cds_targets.matching.verdict import Outcome, Verdict, all_of

_CLASSES = {
    "missense": frozenset({ChangeKind.MISSENSE}),
    "in-frame": frozenset({ChangeKind.INFRAME_DELETION, ChangeKind.INFRAME_INSERTION, ChangeKind.INFRAME_DELINS}),
}


def shown(variant: Variant) -> str:
    """A variant as a clinician writes it: `KRAS G12C`."""
    change = variant.protein.text if variant.protein else (variant.cdna or "")
    return f"{variant.gene or 'unnamed gene'} {change}".strip()


def caveats_of(variant: Variant) -> list[str]:
    """What qualifies a finding that counts: plasma, low fraction, unsettled report."""
    found = []
    if variant.source.specimen is Specimen.PLASMA:
        found.append("found in plasma")
    if variant.vaf is not None:
        found.append(f"allele fraction {variant.vaf * 100:.3g} %")
    if variant.source.status is ReportStatus.UNKNOWN:
        found.append("report status unknown")
    return found


def judge_variant(condition: VariantIs, case: Case) -> Verdict:
    """Present and counting; else what stands in the way, from the clearest answer down."""
    facts = [fact for gene in condition.gene for fact in case.record.genomics.by_gene.get(gene, ())]
    doubts: list[tuple[str, Source]] = []
    others: list[tuple[str, Source]] = []
    waiting: list[Variant] = []
    denied = {shown(f) for f in facts if isinstance(f, Variant) and f.presence is Presence.ABSENT}
    for fact in facts:
        if not isinstance(fact, Variant):
            if isinstance(fact, Uninterpreted) and fact.presence is not Presence.ABSENT:
                doubts.append((f"a {fact.gene} result could not be interpreted: {fact.why}", fact.source))
            continue
        matches = _matches(condition, fact)
        if fact.presence is Presence.ABSENT or matches is Outcome.NOT_MET:
            state = "absent" if fact.presence is Presence.ABSENT else "found"
            if state == "found" and fact.origin is Origin.GERMLINE:
                state = "found in the germline"
            others.append((f"{shown(fact)} {state}", fact.source))
        elif fact.presence is Presence.UNKNOWN:
            doubts.append((f"whether {shown(fact)} is present cannot be told from the report", fact.source))
        elif fact.significance is Significance.UNCERTAIN:
            doubts.append((f"{shown(fact)} is reported as of uncertain significance", fact.source))
        elif fact.source.status is ReportStatus.PRELIMINARY:
            doubts.append((f"{shown(fact)} is reported as preliminary only", fact.source))
            waiting += [fact] if matches is Outcome.MET else []
        elif matches is Outcome.UNKNOWN:
            doubts.append((_why_unclear(condition, fact), fact.source))
        elif condition.report == "preliminary":
            return not_met(condition, f"{shown(fact)} is reported, and not as preliminary only", [fact.source])
        else:
            denial = ["another report did not find it"] if shown(fact) in denied else []
            return met(condition, shown(fact), [fact.source], [*caveats_of(fact), *denial], _values(fact))
    if waiting and condition.report == "preliminary":
        what = shown(waiting[0])
        return met(condition, f"{what} is reported as preliminary", [waiting[0].source], values=_values(waiting[0]))
    if doubts:
        return unknown(condition, listed((text for text, _ in doubts), "and"), [source for _, source in doubts])
    return _absent(condition, case, others)


def _values(variant: Variant) -> dict[str, str]:
    protein = variant.protein.text if variant.protein else ""
    return {"gene": variant.gene or "", "change": shown(variant), "what": shown(variant), "protein": protein}


def _absent(condition: VariantIs, case: Case, others: list[tuple[str, Source]]) -> Verdict:
    """No finding that counts: not there (the gene was looked at), not tested, or not seen."""
    gaps = case.unseen(condition.topics)
    if gaps:
        return unknown(condition, "; ".join(gaps), [source for _, source in others])
    missing = [gene for gene in condition.gene if not _looked_at(case, gene, condition)]
    if missing:
        waiting = [gene for gene in missing if scope_of(case, gene).preliminary]
        if waiting:
            return unknown(condition, f"the {listed(waiting, 'and')} result is preliminary: no final report yet")
        partly = [gene for gene in missing if scope_of(case, gene).sources]
        silent = [gene for gene in missing if gene not in partly]
        said = [f"what was tested in {listed(partly, 'and')} does not cover {_part(condition)}"] if partly else []
        if silent:
            germline = [text for text, _ in others if text.endswith("germline")]
            what = f"no result for {listed(silent, 'and')} was reported: not tested, or not sent"
            said.append(f"{what} ({listed(germline, 'and')})" if germline else what)
        return unknown(condition, "; ".join(said))
    found = f" ({listed((text for text, _ in others), 'and')})" if others else ""
    return not_met(condition, f"no {_wanted(condition)} was found{found}", [source for _, source in others])


def _looked_at(case: Case, gene: str, condition: VariantIs) -> bool:
    """Whether a negative about these changes of the gene can be believed; in which specimen is not asked."""
    scope = scope_of(case, gene, germline=condition.origin in ("germline", "any"))
    if condition.protein:
        return scope.covers_changes(condition.protein, found_counts=True)
    return scope.covers(frozenset(condition.codon or ()), found_counts=True)


def _part(condition: VariantIs) -> str:
    """Of a gene, what the line speaks of."""
    if condition.protein:
        return listed(condition.protein)
    return f"codon {listed(map(str, condition.codon))}" if condition.codon else "all of it"


def _wanted(condition: VariantIs) -> str:
    genes = listed(condition.gene)
    if condition.protein:
        return f"{genes} {listed(condition.protein)}"
    if condition.codon:
        return f"{genes} variant at codon {listed(map(str, condition.codon))}"
    if condition.exon:
        return f"{genes} variant in exon {listed(map(str, condition.exon))}"
    kind = "" if condition.class_ == "any" else f"{condition.class_} "
    return f"{kind}{genes} variant"


def _matches(condition: VariantIs, variant: Variant) -> Outcome:
    """Whether the variant is one the line speaks of, leaving presence and certainty aside."""
    if variant.significance is Significance.BENIGN:
        return Outcome.NOT_MET
    if variant.protein is not None and variant.protein.kind is ChangeKind.SYNONYMOUS:
        return Outcome.NOT_MET
    if condition.origin == "tumour" and variant.origin is Origin.GERMLINE:
        return Outcome.NOT_MET
    change = _change_matches(condition, variant)
    if change is Outcome.NOT_MET:
        return change
    outcomes: set[Outcome] = {change}
    if condition.origin in ("somatic", "germline") and variant.origin.value != condition.origin:
        outcomes.add(Outcome.UNKNOWN if variant.origin is Origin.UNKNOWN else Outcome.NOT_MET)
    if condition.specimen != "any" and variant.source.specimen.value != condition.specimen:
        outcomes.add(Outcome.UNKNOWN if variant.source.specimen is Specimen.UNKNOWN else Outcome.NOT_MET)
    if condition.min_vaf is not None and (variant.vaf is None or variant.vaf < condition.min_vaf):
        outcomes.add(Outcome.UNKNOWN if variant.vaf is None else Outcome.NOT_MET)
    if Outcome.NOT_MET in outcomes:
        return Outcome.NOT_MET
    return Outcome.UNKNOWN if Outcome.UNKNOWN in outcomes else Outcome.MET


def _change_matches(condition: VariantIs, variant: Variant) -> Outcome:
    change = variant.protein
    if condition.exon is not None:
        if variant.exon is None:
            return Outcome.UNKNOWN
        if variant.exon not in condition.exon:
            return Outcome.NOT_MET
    specific = condition.protein or condition.codon or condition.not_protein or condition.class_ != "any"
    if not specific:
        return Outcome.MET
    if change is None:
        return Outcome.UNKNOWN
    if condition.protein is not None and change.text not in condition.protein:
        return _could_be(condition.protein, variant)
    if condition.not_protein is not None and change.text in condition.not_protein:
        return Outcome.NOT_MET
    if condition.codon is not None:
        if change.position is None:
            return Outcome.UNKNOWN
        last = change.end or change.position
        if not any(change.position <= codon <= last for codon in condition.codon):
            return Outcome.NOT_MET
    if condition.class_ == "truncating" and not change.truncating:
        return Outcome.UNKNOWN if change.kind is ChangeKind.OTHER else Outcome.NOT_MET
    kinds = _CLASSES.get(condition.class_)
    if kinds is not None and change.kind not in kinds:
        return Outcome.UNKNOWN if change.kind is ChangeKind.OTHER else Outcome.NOT_MET
    if condition.not_protein is not None and _could_be(condition.not_protein, variant) is Outcome.UNKNOWN:
        return Outcome.UNKNOWN
    return Outcome.MET


def _could_be(wanted: tuple[str, ...], variant: Variant) -> Outcome:
    """A change reported only as "at codon 12" could be the one; any other stated change is another one."""
    change = variant.protein
    vague = change is not None and change.kind is ChangeKind.OTHER and change.alternative is None
    if not vague or change is None:
        return Outcome.NOT_MET
    positions = positions_of(wanted)
    if change.position is None or not positions or change.position in positions:
        return Outcome.UNKNOWN
    return Outcome.NOT_MET


def _why_unclear(condition: VariantIs, variant: Variant) -> str:
    if condition.origin in ("somatic", "germline") and variant.origin is Origin.UNKNOWN:
        return f"whether {shown(variant)} is somatic or germline was not reported"
    if condition.specimen != "any" and variant.source.specimen is Specimen.UNKNOWN:
        return f"the specimen in which {shown(variant)} was found was not reported"
    if condition.min_vaf is not None and variant.vaf is None:
        return f"the allele fraction of {shown(variant)} was not reported"
    notes = f" ({variant.notes[0]})" if variant.notes else ""
    return f"a {variant.gene} variant was reported whose exact change is not known{notes}"


def judge_wild_type(condition: WildType, case: Case) -> Verdict:
    """Every gene tested and without a variant that counts."""
    return all_of("wild_type", [_wild_type_of(condition, gene, case) for gene in condition.gene])


def _wild_type_of(condition: WildType, gene: str, case: Case) -> Verdict:
    found = judge_variant(VariantIs(gene=(gene,), codon=condition.codon, protein=condition.protein), case)
    if found.outcome is Outcome.MET:
        return Verdict("wild_type", Outcome.NOT_MET, f"{found.sentence} was found", found.facts)
    if condition.codon is None and condition.protein is None:
        lost = _deleted(gene, case)
        if lost is not None:
            return not_met(condition, f"{gene} {lost.call.value} was found", [lost.source])
    if found.outcome is Outcome.UNKNOWN:
        sentence = found.sentence
        if case.record.of(Topic.GENOMICS).coverage is Coverage.COMPLETE and "not tested" not in sentence:
            sentence = f"{gene} wild type cannot be told: {sentence}"
        return Verdict("wild_type", Outcome.UNKNOWN, sentence, found.facts)
    scope = scope_of(case, gene, condition.specimen)
    if condition.protein:
        covered = scope.covers_changes(condition.protein)
        said = f"{gene} {listed(condition.protein, 'and')} looked for and not found"
    else:
        covered = scope.covers(frozenset(condition.codon or ()))
        said = f"{gene} tested, no variant {'found' if scope.explicit else 'reported'}"
    if covered:
        plasma = all(source.specimen is Specimen.PLASMA for source in scope.sources)
        where = f" (in {condition.specimen})" if condition.specimen != "any" else ""
        caveats = [f"{gene} was tested in plasma only"] if plasma and condition.specimen == "any" else []
        return met(condition, said + where, scope.sources, caveats, {"what": said})
    if condition.specimen != "any" and not scope.sources:
        if scope.unsaid:
            return unknown(condition, f"in which specimen {gene} was tested was not reported", scope.unsaid)
        return not_met(condition, f"no {condition.specimen} result for {gene} without a finding")
    return unknown(condition, f"{gene}: the report covers too little to call it wild type", scope.sources)


def _deleted(gene: str, case: Case) -> CopyNumber | None:
    """A settled deletion of the gene: no change of the sequence, and yet not the wild type."""
    for fact in case.record.genomics.by_gene.get(gene, ()):
        if (
            isinstance(fact, CopyNumber)
            and fact.call is CopyNumberCall.DELETION
            and fact.presence is Presence.PRESENT
            and fact.origin is not Origin.GERMLINE
            and fact.source.status is not ReportStatus.PRELIMINARY
        ):
            return fact
    return None


def judge_not_tested(condition: NotTested, case: Case) -> Verdict:
    """MET when genomic results could be seen and say nothing of one of the genes."""
    gaps = case.unseen(condition.topics)
    silent, unsaid = [], []
    for gene in condition.gene:
        facts = case.record.genomics.by_gene.get(gene, ())
        looked: list[Variant | Tested | Uninterpreted] = [
            f for f in facts if isinstance(f, Variant | Tested | Uninterpreted)
        ]
        if condition.codon is not None and not any(isinstance(f, Variant | Uninterpreted) for f in looked):
            looked = [f for f in looked if isinstance(f, Tested) and _covers_codons(f, condition.codon)]
        if condition.specimen != "any":
            unclear = [f for f in looked if f.source.specimen is Specimen.UNKNOWN]
            looked = [f for f in looked if f.source.specimen.value == condition.specimen]
            if not looked and unclear:
                unsaid.append(gene)
                continue
        if not looked:
            silent.append(gene)
    if not silent and not unsaid:
        return not_met(condition, f"{listed(condition.gene, 'and')} tested")
    if gaps:
        return unknown(condition, "; ".join(gaps))
    if not silent:
        return unknown(condition, f"in which specimen {listed(unsaid, 'and')} was tested was not reported")
    specimen = f"{condition.specimen} " if condition.specimen != "any" else ""
    what = f"no {specimen}result for {listed(silent, 'and')} was reported"
    return met(condition, what, values={"what": listed(silent, "and")})


def _covers_codons(tested: Tested, codons: tuple[int, ...]) -> bool:
    return not tested.codons or set(codons) <= tested.codons
