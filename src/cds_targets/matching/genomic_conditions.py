"""Judging what a tumour report says: variants, fusions, copy number, biomarkers, wild type, not tested."""

from __future__ import annotations

from cds_targets.facts.genomic import (
    Biomarker,
    CopyNumber,
    CopyNumberCall,
    Fusion,
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
from cds_targets.library.conditions import (
    BiomarkerIs,
    CopyNumberIs,
    FusionIs,
    NotTested,
    VariantIs,
    WildType,
)
from cds_targets.matching.case import Case, listed, met, not_met, unknown
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
    wanted = _wanted(condition)
    facts = [fact for gene in condition.gene for fact in case.record.genomics.by_gene.get(gene, ())]
    doubts: list[tuple[str, Source]] = []
    others: list[tuple[str, Source]] = []
    denied = {shown(f) for f in facts if isinstance(f, Variant) and f.presence is Presence.ABSENT}
    for fact in facts:
        if not isinstance(fact, Variant):
            if isinstance(fact, Uninterpreted) and fact.presence is not Presence.ABSENT:
                doubts.append((f"a {fact.gene} result could not be interpreted: {fact.why}", fact.source))
            continue
        matches = _matches(condition, fact)
        if fact.presence is Presence.ABSENT or matches is Outcome.NOT_MET:
            state = "absent" if fact.presence is Presence.ABSENT else "found"
            others.append((f"{shown(fact)} {state}", fact.source))
        elif fact.presence is Presence.UNKNOWN:
            doubts.append((f"whether {shown(fact)} is present cannot be told from the report", fact.source))
        elif fact.source.status is ReportStatus.PRELIMINARY:
            doubts.append((f"{shown(fact)} is reported as preliminary only", fact.source))
        elif fact.significance is Significance.UNCERTAIN:
            doubts.append((f"{shown(fact)} is reported as of uncertain significance", fact.source))
        elif matches is Outcome.UNKNOWN:
            doubts.append((_why_unclear(condition, fact), fact.source))
        else:
            return met(
                condition,
                shown(fact),
                [fact.source],
                [*caveats_of(fact), *(["another report did not find it"] if shown(fact) in denied else [])],
                {"gene": fact.gene or "", "change": shown(fact), "protein": fact.protein.text if fact.protein else ""},
            )
    if doubts:
        return unknown(condition, listed((text for text, _ in doubts), "and"), [source for _, source in doubts])
    return _absent(condition, case, wanted, others)


def _absent(condition: VariantIs, case: Case, wanted: str, others: list[tuple[str, Source]]) -> Verdict:
    """No finding that counts: not there (the gene was looked at), not tested, or not seen."""
    missing = [gene for gene in condition.gene if not _looked_at(case, gene, condition)]
    gaps = case.unseen(condition.topics)
    if gaps:
        return unknown(condition, "; ".join(gaps), [source for _, source in others])
    if missing:
        return unknown(condition, f"no result for {listed(missing, 'and')} was reported: not tested, or not sent")
    found = f" ({listed((text for text, _ in others), 'and')})" if others else ""
    return not_met(condition, f"no {wanted} was found{found}", [source for _, source in others])


def _looked_at(case: Case, gene: str, condition: VariantIs) -> bool:
    """Whether a negative about these changes of the gene can be believed."""
    exact = condition.protein is not None
    for fact in case.record.genomics.by_gene.get(gene, ()):
        if isinstance(fact, Tested):
            positions = _positions(condition)
            if not fact.codons or (positions and positions <= fact.codons):
                return True
        elif isinstance(fact, Variant):
            if fact.presence is Presence.PRESENT and fact.origin is not Origin.GERMLINE:
                return True
            if fact.presence is Presence.ABSENT and (
                not fact.names_change
                or (exact and fact.protein is not None and fact.protein.text in (condition.protein or ()))
            ):
                return True
    return False


def _positions(condition: VariantIs) -> frozenset[int]:
    if condition.codon:
        return frozenset(condition.codon)
    digits = ("".join(c for c in text if c.isdigit()) for text in condition.protein or ())
    return frozenset(int(number) for number in digits if number)


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
    if condition.origin in ("somatic", "germline") and variant.origin.value != condition.origin:
        return Outcome.UNKNOWN if variant.origin is Origin.UNKNOWN else Outcome.NOT_MET
    if condition.specimen != "any" and variant.source.specimen.value != condition.specimen:
        return Outcome.UNKNOWN if variant.source.specimen is Specimen.UNKNOWN else Outcome.NOT_MET
    if condition.min_vaf is not None:
        if variant.vaf is None:
            return Outcome.UNKNOWN
        if variant.vaf < condition.min_vaf:
            return Outcome.NOT_MET
    return _change_matches(condition, variant)


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
        return _could_be(condition, variant)
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
    return Outcome.MET


def _could_be(condition: VariantIs, variant: Variant) -> Outcome:
    """A change reported only as "at codon 12" could be the one; any other stated change is another one."""
    change = variant.protein
    vague = change is not None and change.kind is ChangeKind.OTHER and change.alternative is None
    if not vague or change is None:
        return Outcome.NOT_MET
    positions = _positions(condition)
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


def judge_fusion(condition: FusionIs, case: Case) -> Verdict:
    """A fusion present; a copy of the gene tested for fusions and without one is an explicit absence only."""
    doubts: list[tuple[str, Source]] = []
    absent: list[Source] = []
    for gene in condition.gene:
        for fact in case.record.genomics.by_gene.get(gene, ()):
            if not isinstance(fact, Fusion):
                continue
            name = "::".join(fact.genes)
            if condition.partner and not set(fact.genes) & set(condition.partner):
                continue
            if fact.presence is Presence.ABSENT:
                absent.append(fact.source)
            elif fact.presence is Presence.UNKNOWN or fact.source.status is ReportStatus.PRELIMINARY:
                doubts.append((f"the {name} fusion is not certain in the report", fact.source))
            elif fact.origin is not Origin.GERMLINE:
                return met(condition, f"{name} fusion", [fact.source], values={"what": f"{name} fusion"})
    if doubts:
        return unknown(condition, listed((text for text, _ in doubts), "and"), [source for _, source in doubts])
    gaps = case.unseen(condition.topics)
    if gaps:
        return unknown(condition, "; ".join(gaps))
    if len(absent) >= len(condition.gene):
        return not_met(condition, f"no {listed(condition.gene)} fusion was found", absent)
    return unknown(condition, f"no result for {listed(condition.gene)} fusions was reported: not tested, or not sent")


def judge_copy_number(condition: CopyNumberIs, case: Case) -> Verdict:
    """The call as reported. A gain is no amplification; a bare number cannot be called."""
    wanted = CopyNumberCall(condition.call)
    also = {
        CopyNumberCall.GAIN: {CopyNumberCall.AMPLIFICATION},
        CopyNumberCall.LOSS: {CopyNumberCall.DELETION},
    }.get(wanted, set())
    doubts: list[tuple[str, Source]] = []
    others: list[tuple[str, Source]] = []
    answered: set[str] = set()
    for gene in condition.gene:
        for fact in case.record.genomics.by_gene.get(gene, ()):
            if not isinstance(fact, CopyNumber):
                continue
            number = f" ({fact.copies:g} copies)" if fact.copies is not None else ""
            if fact.presence is Presence.ABSENT or fact.call in (CopyNumberCall.NEUTRAL,):
                answered.add(gene)
                others.append((f"{gene} {fact.call.value} absent", fact.source))
            elif fact.call is CopyNumberCall.UNKNOWN or fact.presence is Presence.UNKNOWN:
                doubts.append((f"the copy number of {gene}{number} was reported without a call", fact.source))
            elif fact.call is not wanted and fact.call not in also:
                answered.add(gene)
                others.append((f"{gene} {fact.call.value}{number}", fact.source))
            elif fact.source.status is ReportStatus.PRELIMINARY:
                doubts.append((f"{gene} {fact.call.value} is reported as preliminary only", fact.source))
            else:
                what = f"{gene} {fact.call.value}"
                return met(condition, what + number, [fact.source], values={"what": what, "gene": gene})
    if doubts:
        return unknown(condition, listed((text for text, _ in doubts), "and"), [source for _, source in doubts])
    gaps = case.unseen(condition.topics)
    if gaps:
        return unknown(condition, "; ".join(gaps))
    silent = [gene for gene in condition.gene if gene not in answered]
    if silent:
        return unknown(condition, f"no copy number of {listed(silent, 'and')} was reported: not tested, or not sent")
    found = listed((text for text, _ in others), "and")
    return not_met(condition, f"no {condition.call} of {listed(condition.gene)} ({found})", [s for _, s in others])


def judge_biomarker(condition: BiomarkerIs, case: Case) -> Verdict:
    """The newest settled result of the marker."""
    marker = condition.marker.casefold()
    results = [b for b in case.record.genomics.biomarkers if b.marker.casefold() == marker]
    results.sort(key=lambda b: b.source.when.latest if b.source.when else case.as_of.min, reverse=True)
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
    what = f"{condition.marker} {result.call}"
    if result.call.casefold() in {call.casefold() for call in condition.call or ()}:
        return met(condition, what, [result.source], values={"what": what})
    if result.presence is Presence.UNKNOWN and result.call.casefold() in ("equivocal", "indeterminate", "unknown"):
        return unknown(condition, f"{what}: not conclusive", [result.source])
    return not_met(condition, what, [result.source])


def _value_matches(condition: BiomarkerIs, result: Biomarker) -> Verdict:
    if result.value is None:
        return unknown(condition, f"{condition.marker} was reported without a number that can be used", [result.source])
    what = f"{condition.marker} {result.comparator or ''}{result.value:g} {result.unit or ''}".strip()
    low, high = condition.at_least, condition.below
    above = low is None or (result.value >= low and result.comparator not in ("<", "<="))
    under = high is None or (result.value < high and result.comparator not in (">", ">="))
    if above and under:
        return met(condition, what, [result.source], values={"what": what})
    open_end = (result.comparator in ("<", "<=") and low is not None and result.value > low) or (
        result.comparator in (">", ">=") and high is not None and result.value < high
    )
    if open_end:
        return unknown(condition, f"{what} does not say on which side of the limit it lies", [result.source])
    return not_met(condition, what, [result.source])


def judge_wild_type(condition: WildType, case: Case) -> Verdict:
    """Every gene tested and without a variant that counts."""
    return all_of("wild_type", [_wild_type_of(condition, gene, case) for gene in condition.gene])


def _wild_type_of(condition: WildType, gene: str, case: Case) -> Verdict:
    line = VariantIs(gene=(gene,), codon=condition.codon)
    found = judge_variant(line, case)
    if found.outcome is Outcome.MET:
        return Verdict("wild_type", Outcome.NOT_MET, f"{found.sentence} was found", found.facts)
    if found.outcome is Outcome.UNKNOWN:
        sentence = found.sentence
        if case.record.of(Topic.GENOMICS).coverage is Coverage.COMPLETE and "not tested" not in sentence:
            sentence = f"{gene} wild type cannot be told: {sentence}"
        return Verdict("wild_type", Outcome.UNKNOWN, sentence, found.facts)
    tested = [f for f in case.record.genomics.by_gene.get(gene, ()) if isinstance(f, Tested)]
    explicit = [f.source for f in tested if f.found_nothing]
    explicit += [
        f.source
        for f in case.record.genomics.by_gene.get(gene, ())
        if isinstance(f, Variant) and f.presence is Presence.ABSENT and not f.names_change
    ]
    covered = [f.source for f in tested if _covers(f, condition)]
    if explicit and (condition.codon or not any(f.codons for f in tested)):
        return met(condition, f"{gene} tested, no variant found", explicit)
    if covered:
        return met(condition, f"{gene} tested, no variant reported", covered)
    return Verdict("wild_type", Outcome.UNKNOWN, f"{gene}: the report covers too little to call it wild type")


def _covers(tested: Tested, condition: WildType) -> bool:
    return not tested.codons or (condition.codon is not None and set(condition.codon) <= tested.codons)


def judge_not_tested(condition: NotTested, case: Case) -> Verdict:
    """MET when genomic results could be seen and say nothing of one of the genes."""
    gaps = case.unseen(condition.topics)
    silent = []
    for gene in condition.gene:
        facts = case.record.genomics.by_gene.get(gene, ())
        looked = [f for f in facts if isinstance(f, Variant | Tested | Uninterpreted)]
        if condition.codon is not None and not any(isinstance(f, Variant | Uninterpreted) for f in looked):
            looked = [f for f in looked if isinstance(f, Tested) and _covers_codons(f, condition.codon)]
        if not looked:
            silent.append(gene)
    if not silent:
        return not_met(condition, f"{listed(condition.gene, 'and')} tested")
    if gaps:
        return unknown(condition, "; ".join(gaps))
    what = f"no result for {listed(silent, 'and')} was reported"
    return met(condition, what, values={"what": listed(silent, "and")})


def _covers_codons(tested: Tested, codons: tuple[int, ...]) -> bool:
    return not tested.codons or set(codons) <= tested.codons
