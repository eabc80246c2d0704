"""Judging the patient around the tumour: tumour type and extent, other conditions, labs, age, performance."""

from __future__ import annotations

from datetime import date

from cds_targets.facts.clinical import Extent, Lab, Tumour
from cds_targets.facts.dates import When
from cds_targets.library.conditions import (
    Age,
    HasCondition,
    LabDone,
    LabIs,
    LabRise,
    MetastasisIn,
    PerformanceIs,
    Sex,
    TumourIs,
)
from cds_targets.matching.case import Case, date_values, days_ago, listed, met, not_met, unknown
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


def _extent(tumour: Tumour, case: Case) -> Extent:
    """Its own extent; a recorded metastasis makes the only active cancer metastatic."""
    if tumour.extent is Extent.METASTATIC:
        return tumour.extent
    spread = any(m.active is not False and m.certain for m in case.record.metastases)
    if spread and len(case.record.active_tumours()) == 1:
        return Extent.METASTATIC
    return tumour.extent


def judge_condition(condition: HasCondition, case: Case) -> Verdict:
    """Recorded and active (or at all, with `history`)."""
    terms = case.terms.conditions
    doubts = []
    for found in case.record.comorbidities:
        if found.term is None or not any(terms.is_a(found.term, wider) for wider in condition.is_):
            continue
        name = terms.by_id[found.term].name
        if not found.certain:
            doubts.append(f"{name} is suspected, not confirmed")
        elif found.active is not False or condition.history:
            return met(condition, name, [found.source], values={"what": name})
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


def _latest(lab: Lab, case: Case) -> int:
    return lab.when.latest.toordinal() if lab.when else case.as_of.min.toordinal()


def _results(case: Case, test: str) -> list[Lab]:
    """Results of a test, newest first; what lies in the future is no result."""
    labs = [lab for lab in case.record.labs if lab.test == test]
    labs = [lab for lab in labs if lab.when is None or lab.when.earliest <= case.as_of]
    return sorted(labs, key=lambda lab: _latest(lab, case), reverse=True)


def judge_lab(condition: LabIs, case: Case) -> Verdict:
    """The newest usable result of any of the tests."""
    judged = [_lab_of(condition, test, case) for test in condition.test]
    for outcome in (Outcome.MET, Outcome.UNKNOWN, Outcome.NOT_MET):
        for verdict in judged:
            if verdict.outcome is outcome:
                if outcome is Outcome.NOT_MET:
                    return not_met(condition, listed((v.sentence for v in judged), "and"))
                return verdict
    raise AssertionError("a line names at least one test")


def _lab_of(condition: LabIs, test: str, case: Case) -> Verdict:
    name = case.terms.labs.tests[test].name
    results = _results(case, test)
    if condition.within is not None:
        limit = condition.within.before(case.as_of)
        results = [lab for lab in results if lab.when is None or lab.when.latest >= limit]
    if not results:
        return (
            case.nothing_found(condition, f"no {name} result")
            if _silence_is_no(condition)
            else unknown(condition, "; ".join(case.unseen(condition.topics)) or f"no {name} result was found")
        )
    lab = results[0]
    if lab.value is None:
        why = f": {lab.notes[0]}" if lab.notes else ""
        return unknown(condition, f"the newest {name} could not be used{why}", [lab.source])
    said = f"{name} {_value(lab)}{_dated(lab, case)}"
    checks = [
        _bound(lab, condition.above, lab.value, over=True, strict=True),
        _bound(lab, condition.at_least, lab.value, over=True, strict=False),
        _bound(lab, condition.below, lab.value, over=False, strict=True),
        _bound(lab, condition.above_uln, lab.times_upper, over=True, strict=True),
        _bound(lab, condition.at_most_uln, lab.times_upper, over=False, strict=False),
    ]
    if Outcome.NOT_MET in checks:
        return not_met(condition, said, [lab.source])
    if Outcome.UNKNOWN in checks:
        open_end = "it does not say on which side of the limit it lies"
        why = "no upper limit of normal was sent" if lab.times_upper is None else open_end
        return unknown(condition, f"{said}: {why}", [lab.source])
    values = {"test": name, "value": _value(lab), "uln": _uln(lab)}
    values |= date_values(lab.when, case.as_of)
    return met(condition, said, [lab.source], lab.notes, values)


def _silence_is_no(condition: LabIs) -> bool:
    """Without a result, "above the limit" is not established: a raised value is a finding, a safe one is not."""
    return condition.below is None and condition.at_most_uln is None


def _value(lab: Lab) -> str:
    if lab.value is None:
        return "unusable"
    number = f"{lab.comparator or ''}{lab.value:.4g} {lab.unit}".strip()
    return f"{number} ({_uln(lab)})" if lab.times_upper is not None else number


def _uln(lab: Lab) -> str:
    return "" if lab.times_upper is None else f"{lab.comparator or ''}{lab.times_upper:.2g} x ULN"


def _dated(lab: Lab, case: Case) -> str:
    return f", {days_ago(lab.when, case.as_of)}" if lab.when else ", undated"


def _bound(lab: Lab, limit: float | None, value: float | None, *, over: bool, strict: bool) -> Outcome:
    """Whether a value with its comparator lies on the wanted side of the limit."""
    if limit is None:
        return Outcome.MET
    if value is None:
        return Outcome.UNKNOWN
    holds = (value > limit if strict else value >= limit) if over else (value < limit if strict else value <= limit)
    if lab.comparator is None:
        return Outcome.MET if holds else Outcome.NOT_MET
    up = lab.comparator in (">", ">=")
    if up and over and (value >= limit):
        return Outcome.MET if lab.comparator == ">" or holds else Outcome.UNKNOWN
    if up and not over and (value >= limit):
        return Outcome.NOT_MET
    if not up and not over and (value <= limit):
        return Outcome.MET
    if not up and over and (value <= limit):
        return Outcome.NOT_MET
    return Outcome.UNKNOWN


def judge_lab_rise(condition: LabRise, case: Case) -> Verdict:
    """The newest value against the lowest earlier one of the period."""
    name = case.terms.labs.tests[condition.test].name
    limit = condition.within.before(case.as_of)
    usable = [
        (lab, lab.value)
        for lab in _results(case, condition.test)
        if lab.value is not None and lab.comparator is None and lab.when is not None and lab.when.latest >= limit
    ]
    if len(usable) < 2:
        return case.nothing_found(condition, f"fewer than two usable {name} results to compare")
    (newest, value), earlier = usable[0], usable[1:]
    base, low = min(earlier, key=lambda pair: pair[1])
    rise = value - low
    said = f"{name} rose by {rise:.4g} {newest.unit} (from {low:.4g} to {value:.4g})"
    if rise > condition.above:
        return met(condition, said, [newest.source, base.source], values={"rise": f"{rise:.4g} {newest.unit}"})
    return not_met(condition, f"{name} changed by {rise:.4g} {newest.unit}", [newest.source, base.source])


def judge_lab_done(condition: LabDone, case: Case) -> Verdict:
    """Every test has a result in the period (and since the drug was begun, if that is asked)."""
    start: When | None = None
    if condition.after_start_of is not None:
        taken = [e for e in case.record.therapies if e.drug == condition.after_start_of and e.given is not False]
        starts = [e.first for e in taken if e.first is not None]
        start = max(starts, key=lambda when: when.latest) if starts else None
    limit = condition.within.before(case.as_of) if condition.within else None
    missing, sources, dates = [], [], []
    for test in condition.test:
        results = _results(case, test)
        fitting = [
            lab
            for lab in results
            if lab.when is not None
            and (limit is None or lab.when.earliest >= limit)
            and (start is None or lab.when.earliest >= start.latest)
        ]
        if fitting:
            sources.append(fitting[0].source)
            dates.append(fitting[0])
        else:
            older = f" (last {days_ago(results[0].when, case.as_of)})" if results and results[0].when else ""
            missing.append(case.terms.labs.tests[test].name + older)
    if not missing:
        newest = min((lab.when for lab in dates if lab.when), key=lambda when: when.latest)
        names = listed((case.terms.labs.tests[test].name for test in condition.test), "and")
        return met(condition, f"{names} done {days_ago(newest, case.as_of)}", sources)
    period = f" in the last {condition.within}" if condition.within else ""
    return case.nothing_found(condition, f"no {listed(missing)}{period}")


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
