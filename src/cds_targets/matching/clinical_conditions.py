"""Judging the patient around the tumour: tumour type and extent, other conditions, age, performance."""

from __future__ import annotations

from datetime import date

from cds_targets.facts.clinical import Comorbidity, Extent, Tumour
from cds_targets.library.conditions import (
    Age,
    HasCondition,
    MetastasisIn,
    PerformanceIs,
    Sex,
    TumourIs,
)
from cds_targets.matching.case import Case, listed, met, not_met, unknown
from cds_targets.matching.verdict import Outcome, Verdict


def judge_tumour(condition: TumourIs, case: Case) -> Verdict:
    """Any active primary tumour that fits; a type that could still turn out to fit leaves it unknown."""
    tumours = [t for t in case.record.tumours if t.active is not False]
    judged = [(_tumour_fits(condition, tumour, case), tumour) for tumour in tumours]
    for outcome in (Outcome.MET, Outcome.UNKNOWN):
        for (found, sentence), tumour in judged:
            if found is outcome is Outcome.MET:
                caveats = [] if tumour.active else ["whether it is active is not recorded"]
                if condition.extent_not is not None and _extent(tumour, case) is Extent.UNKNOWN:
                    caveats.append("stage or extent not recorded")
                caveats += [f"another cancer is recorded ({text})" for (out, text), _ in judged if out is not found]
                return met(condition, sentence, [tumour.source], caveats, {"name": _name(tumour, case)})
        doubts = [(sentence, tumour) for (found, sentence), tumour in judged if found is Outcome.UNKNOWN]
        if outcome is Outcome.UNKNOWN and doubts:
            return unknown(condition, listed((s for s, _ in doubts), "and"), [t.source for _, t in doubts])
    wanted = _wanted(condition, case)
    if not tumours:
        gaps = case.unseen(condition.topics)
        if gaps:
            return unknown(condition, "; ".join(gaps))
        if case.record.tumours:
            return not_met(condition, "the recorded cancer is in remission or resolved")
        return unknown(condition, "no cancer diagnosis was found in what was sent")
    return case.nothing_found(condition, f"{listed((s for (_, s), _ in judged), 'and')}, not {wanted}")


def _name(tumour: Tumour, case: Case) -> str:
    node = case.terms.tumours.by_id.get(tumour.term) if tumour.term else None
    return node.name.lower() if node else (tumour.written or "a cancer whose type could not be read")


def _wanted(condition: TumourIs, case: Case) -> str:
    names = [case.terms.tumours.by_id[code].name.lower() for code in condition.is_ or ()]
    return f"{listed(condition.extent or ())} {listed(names)}".strip()


def _tumour_fits(condition: TumourIs, tumour: Tumour, case: Case) -> tuple[Outcome, str]:
    tree = case.terms.tumours
    name = _name(tumour, case)
    outcomes = []
    if condition.is_ is not None:
        if tumour.term is None:
            outcomes.append(Outcome.UNKNOWN)
        elif any(tree.is_a(tumour.term, wider) for wider in condition.is_):
            outcomes.append(Outcome.MET)
        elif any(tree.may_be(tumour.term, narrower) for narrower in condition.is_):
            outcomes.append(Outcome.UNKNOWN)
        else:
            return Outcome.NOT_MET, name
    if condition.is_not is not None:
        if tumour.term is not None and any(tree.is_a(tumour.term, wider) for wider in condition.is_not):
            return Outcome.NOT_MET, name
        vague = tumour.term is None or any(tree.may_be(tumour.term, narrower) for narrower in condition.is_not)
        outcomes.append(Outcome.UNKNOWN if vague else Outcome.MET)
    if condition.extent_not is not None and _extent(tumour, case).value in condition.extent_not:
        return Outcome.NOT_MET, f"{_extent(tumour, case).value} {name}"
    if Outcome.UNKNOWN in outcomes:
        return Outcome.UNKNOWN, f"the tumour type ({name}) is not known precisely enough"
    if _metastatic_only(condition) and _stage_three(tumour, case):
        return Outcome.UNKNOWN, f"stage {tumour.stage} {name}: whether it is metastatic now is not recorded"
    if not tumour.certain:
        return Outcome.UNKNOWN, f"{name} is suspected, not confirmed"
    if condition.extent is not None:
        extent = _extent(tumour, case)
        if extent is Extent.UNKNOWN:
            return Outcome.UNKNOWN, f"{name}: stage or extent not recorded"
        if extent.value not in condition.extent:
            return Outcome.NOT_MET, f"{extent.value} {name}"
        return Outcome.MET, f"{extent.value} {name}"
    return Outcome.MET, name


def _metastatic_only(condition: TumourIs) -> bool:
    return condition.extent == ("metastatic",) or {"early", "locally advanced"} <= set(condition.extent_not or ())


def _stage_three(tumour: Tumour, case: Case) -> bool:
    """Stage III without more is early in one tumour and locally advanced in the next, and metastatic in none."""
    return _extent(tumour, case) is Extent.UNKNOWN and (tumour.stage or "").startswith("III")


def _extent(tumour: Tumour, case: Case) -> Extent:
    """Its own extent; a recorded metastasis makes the only active cancer metastatic, unless it is one of lymph nodes.

    Those may be regional ones.
    """
    if tumour.extent is Extent.METASTATIC:
        return tumour.extent
    spread = any(m.active is not False and m.certain and m.site != "lymph node" for m in case.record.metastases)
    if spread and len(case.record.active_tumours()) == 1:
        return Extent.METASTATIC
    return tumour.extent


def judge_condition(condition: HasCondition, case: Case) -> Verdict:
    """Recorded and active (or at all, with `history`)."""
    terms = case.terms.conditions
    fitting: dict[str, list[Comorbidity]] = {}
    doubts = []
    for found in case.record.comorbidities:
        if found.term is None or not any(terms.is_a(found.term, wider) for wider in condition.is_):
            continue
        if found.active is False and not condition.history:
            continue
        name = terms.by_id[found.term].name
        if found.certain or condition.suspected:
            fitting.setdefault(name, []).append(found)
        else:
            doubts.append(f"{name} is suspected, not confirmed")
    if fitting:
        named = listed(fitting, "and")
        unsure = [name for name, all_found in fitting.items() if not any(found.certain for found in all_found)]
        caveats = [f"{name} is suspected, not confirmed" for name in unsure]
        sources = [found.source for all_found in fitting.values() for found in all_found]
        return met(condition, named, sources, caveats, {"what": named})
    if doubts:
        return unknown(condition, listed(doubts, "and"))
    names = listed(terms.by_id[term].name for term in condition.is_)
    return case.nothing_found(condition, f"no {names} recorded")


def judge_metastasis(condition: MetastasisIn, case: Case) -> Verdict:
    """A metastasis at the site."""
    doubts = []
    for found in case.record.metastases:
        if found.site.casefold() not in {site.casefold() for site in condition.site} or found.active is False:
            continue
        if found.certain:
            what = f"{found.site} metastasis"
            return met(condition, what, [found.source], values={"what": what})
        doubts.append(f"{found.site} metastasis is suspected, not confirmed")
    if doubts:
        return unknown(condition, listed(doubts, "and"))
    return case.nothing_found(condition, f"no {listed(condition.site)} metastasis recorded")


def judge_age(condition: Age, case: Case) -> Verdict:
    """Completed years, from a birth date of any precision."""
    birth = case.record.patient.birth
    if birth is None:
        return unknown(condition, "the date of birth was not sent")
    youngest, oldest = _years(birth.latest, case), _years(birth.earliest, case)
    said = f"{youngest} years" if youngest == oldest else f"{youngest} or {oldest} years"
    low, high = condition.at_least, condition.at_most
    if (low is not None and oldest < low) or (high is not None and youngest > high):
        return not_met(condition, said)
    if (low is None or youngest >= low) and (high is None or oldest <= high):
        return met(condition, said, values={"years": said})
    return unknown(condition, f"{said}: the exact date of birth was not sent")


def _years(birth: date, case: Case) -> int:
    today = case.as_of
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def judge_sex(condition: Sex, case: Case) -> Verdict:
    """The administrative sex as sent."""
    sex = case.record.patient.sex
    if sex not in ("female", "male"):
        return unknown(condition, "the sex was not sent")
    return met(condition, sex) if sex == condition.is_ else not_met(condition, sex)


def judge_performance(condition: PerformanceIs, case: Case) -> Verdict:
    """The newest ECOG value."""
    values = [p for p in case.record.performance if p.scale == "ECOG"]
    if not values:
        return unknown(condition, "; ".join(case.unseen(condition.topics)) or "no ECOG performance status was recorded")
    newest = max(values, key=lambda p: p.when.latest if p.when else case.as_of.min)
    said = f"ECOG {newest.value}"
    if newest.value <= condition.ecog_at_most:
        return met(condition, said, [newest.source], values={"what": said})
    return not_met(condition, said, [newest.source])
