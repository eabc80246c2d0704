"""Judging laboratory and ECG results: values against limits, rises, what was done, what is missing, what is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from cds_targets.facts.clinical import Exposure, Lab
from cds_targets.facts.dates import When
from cds_targets.facts.record import Topic
from cds_targets.library.conditions import Condition, LabDone, LabDue, LabIs, LabMissing, LabRise, LabUnclear
from cds_targets.library.durations import Duration
from cds_targets.matching.case import Case, date_values, days_ago, listed, met, not_met, unknown
from cds_targets.matching.limits import on_side
from cds_targets.matching.verdict import Outcome, Verdict


def _topics(tests: Iterable[str], case: Case) -> tuple[Topic, ...]:
    """Where results of the tests are sent: an ECG apart from the laboratory."""
    ecg = {case.terms.labs.tests[test].ecg for test in tests}
    return tuple(topic for topic, wanted in ((Topic.LABS, False), (Topic.MEASUREMENTS, True)) if wanted in ecg)


def _nothing(condition: Condition, tests: Iterable[str], sentence: str, case: Case) -> Verdict:
    """NOT_MET if everything these tests could be among was seen, else UNKNOWN."""
    gaps = case.unseen(_topics(tests, case))
    return unknown(condition, "; ".join(gaps)) if gaps else not_met(condition, sentence)


def _name(test: str, case: Case) -> str:
    return case.terms.labs.tests[test].name


def _latest(lab: Lab, case: Case) -> int:
    return lab.when.latest.toordinal() if lab.when else case.as_of.min.toordinal()


def _results(case: Case, test: str) -> list[Lab]:
    """Results of a test, newest first; what lies in the future is no result."""
    labs = [lab for lab in case.record.labs if lab.test == test]
    labs = [lab for lab in labs if lab.when is None or lab.when.earliest <= case.as_of]
    return sorted(labs, key=lambda lab: _latest(lab, case), reverse=True)


def judge_lab(condition: LabIs, case: Case) -> Verdict:
    """The newest result of any of the tests; of several that fit, the furthest from normal speaks."""
    judged = [(_lab_of(condition, test, case), test) for test in condition.test]
    fitting = [(verdict, test) for verdict, test in judged if verdict.outcome is Outcome.MET]
    if fitting:
        return max(fitting, key=lambda pair: _times_upper(pair[1], case))[0]
    unclear = next((verdict for verdict, _ in judged if verdict.outcome is Outcome.UNKNOWN), None)
    return unclear or not_met(condition, listed((verdict.sentence for verdict, _ in judged), "and"))


def _times_upper(test: str, case: Case) -> float:
    return max((lab.times_upper or 0.0 for lab in _results(case, test)[:1]), default=0.0)


def _lab_of(condition: LabIs, test: str, case: Case) -> Verdict:
    name = _name(test, case)
    results = _results(case, test)
    if condition.within is not None:
        limit = condition.within.before(case.as_of)
        results = [lab for lab in results if lab.when is None or lab.when.latest >= limit]
    if not results:
        return (
            _nothing(condition, [test], f"no {name} result", case)
            if _silence_is_no(condition)
            else unknown(condition, "; ".join(case.unseen(_topics([test], case))) or f"no {name} result was found")
        )
    lab = results[0]
    if lab.value is None:
        why = f": {lab.notes[0]}" if lab.notes else ""
        return unknown(condition, f"the newest {name} could not be used{why}", [lab.source])
    said = f"{name} {_value(lab)}{_dated(lab, case)}"
    checks = [
        on_side(lab.value, lab.comparator, condition.above, over=True, strict=True),
        on_side(lab.value, lab.comparator, condition.at_least, over=True, strict=False),
        on_side(lab.value, lab.comparator, condition.below, over=False, strict=True),
        on_side(lab.times_upper, lab.comparator, condition.above_uln, over=True, strict=True),
        on_side(lab.times_upper, lab.comparator, condition.at_most_uln, over=False, strict=False),
        _below_normal(lab) if condition.below_normal else Outcome.MET,
    ]
    if Outcome.NOT_MET in checks:
        gaps = case.unseen(_topics([test], case))
        if gaps:  # the newest result seen need not be the newest there is
            return unknown(condition, "; ".join([*gaps, f"{said} is the newest that was sent"]), [lab.source])
        return not_met(condition, said, [lab.source])
    if Outcome.UNKNOWN in checks:
        return unknown(condition, f"{said}: {_why_open(condition, lab)}", [lab.source])
    values = {"test": name, "value": _value(lab), "uln": _uln(lab), "grade": _grade(lab, case)}
    values |= date_values(lab.when, case.as_of)
    return met(condition, said, [lab.source], lab.notes, values)


def _why_open(condition: LabIs, lab: Lab) -> str:
    asks_upper = condition.above_uln is not None or condition.at_most_uln is not None
    if asks_upper and lab.times_upper is None:
        return "no upper limit of normal was sent"
    if condition.below_normal and lab.lower is None:
        return "no lower limit of normal was sent"
    return "it does not say on which side of the limit it lies"


def _below_normal(lab: Lab) -> Outcome:
    return (
        Outcome.UNKNOWN if lab.lower is None else on_side(lab.value, lab.comparator, lab.lower, over=False, strict=True)
    )


def _grade(lab: Lab, case: Case) -> str:
    """`CTCAE grade 2`; a value that is only known to exceed a bound says "or higher"."""
    test = case.terms.labs.tests[lab.test]
    if lab.times_upper is None or test.grades is None:
        return "not graded"
    grade = test.grade(lab.times_upper)
    above = lab.comparator in (">", ">=")
    if above:
        grade = max(grade, sum(lab.times_upper >= bound for bound in test.grades))
    return f"CTCAE grade {grade}" + (" or higher" if above and grade < len(test.grades) else "")


def _silence_is_no(condition: LabIs) -> bool:
    """Without a result, "above the limit" is not established: a raised value is a finding, a safe one is not."""
    return condition.below is None and condition.at_most_uln is None


def _value(lab: Lab) -> str:
    if lab.value is None:
        return "unusable"
    number = f"{lab.comparator or ''}{lab.value:.4g} {lab.unit}".strip()
    if lab.lower is not None and lab.value < lab.lower:
        return f"{number} (normal from {lab.lower:.4g})"
    return f"{number} ({_uln(lab)})" if lab.times_upper is not None else number


def _uln(lab: Lab) -> str:
    return "" if lab.times_upper is None else f"{lab.comparator or ''}{lab.times_upper:.3g} x ULN"


def _dated(lab: Lab, case: Case) -> str:
    return f", {days_ago(lab.when, case.as_of)}" if lab.when else ", undated"


def judge_lab_rise(condition: LabRise, case: Case) -> Verdict:
    """The newest value against the lowest earlier one of the period."""
    name = _name(condition.test, case)
    limit = condition.within.before(case.as_of)
    usable = [
        (lab, lab.value)
        for lab in _results(case, condition.test)
        if lab.value is not None and lab.comparator is None and lab.when is not None and lab.when.latest >= limit
    ]
    if len(usable) < 2:
        return _nothing(condition, [condition.test], f"fewer than two usable {name} results to compare", case)
    (newest, value), earlier = usable[0], usable[1:]
    base, low = min(earlier, key=lambda pair: pair[1])
    rise = value - low
    said = f"{name} rose by {rise:.4g} {newest.unit} (from {low:.4g} to {value:.4g})"
    if rise > condition.above:
        values = {"rise": f"{rise:.4g} {newest.unit}", "from": f"{low:.4g}", "to": f"{value:.4g} {newest.unit}"}
        values |= date_values(newest.when, case.as_of)
        return met(condition, said, [newest.source, base.source], values=values)
    return _nothing(condition, [condition.test], f"{name} changed by {rise:.4g} {newest.unit}", case)


def judge_lab_done(condition: LabDone, case: Case) -> Verdict:
    """Every test has a result in the period (and since the drug was begun, if that is asked)."""
    done, unsure, missing = _done(condition, case)
    if missing:
        return _nothing(condition, condition.test, f"no {listed(missing)}{_period(condition)}", case)
    if unsure:
        return unknown(condition, f"whether {listed(unsure, 'and')} lies in the period is not recorded exactly")
    oldest = min((lab.when for lab in done if lab.when), key=lambda when: when.latest)
    names = listed((_name(test, case) for test in condition.test), "and")
    return met(condition, f"{names} done {days_ago(oldest, case.as_of)}", [lab.source for lab in done])


def judge_lab_missing(condition: LabMissing, case: Case) -> Verdict:
    """The other side of `lab_done`, said as a finding; results that were not sent leave it unknown."""
    done, unsure, missing = _done(condition, case)
    if missing:
        gaps = case.unseen(_topics(condition.test, case))
        if gaps:
            return unknown(condition, "; ".join(gaps))
        text = listed(missing)
        return met(condition, f"no {text}{_period(condition)}", values={"missing": text})
    if unsure:
        return unknown(condition, f"whether {listed(unsure, 'and')} lies in the period is not recorded exactly")
    names = listed((_name(test, case) for test in condition.test), "and")
    return not_met(condition, f"{names} done{_period(condition)}", [lab.source for lab in done])


def _period(condition: LabDone | LabMissing) -> str:
    since = f" since the start of {condition.after_start_of}" if condition.after_start_of else ""
    return since + (f" in the last {str(condition.within).removeprefix('1 ')}" if condition.within else "")


def _done(condition: LabDone | LabMissing, case: Case) -> tuple[list[Lab], list[str], list[str]]:
    """The results that answer the tests, and the names of the tests perhaps done in the period and not done."""
    start = _start_of(condition.after_start_of, case) if condition.after_start_of else None
    no_start = condition.after_start_of is not None and start is None
    limit = condition.within.before(case.as_of) if condition.within else None
    done: list[Lab] = []
    unsure: list[str] = []
    missing: list[str] = []
    for test in condition.test:
        results = _results(case, test)
        outcomes = [(_in_period(lab.when, limit, start), lab) for lab in results]
        if no_start:  # a result may lie before the start
            outcomes = [(Outcome.UNKNOWN if found is Outcome.MET else found, lab) for found, lab in outcomes]
        surely = next((lab for outcome, lab in outcomes if outcome is Outcome.MET), None)
        if surely is not None:
            done.append(surely)
        elif any(outcome is Outcome.UNKNOWN for outcome, _ in outcomes):
            unsure.append(_name(test, case))
        else:
            older = f" (last {days_ago(results[0].when, case.as_of)})" if results and results[0].when else ""
            missing.append(_name(test, case) + older)
    return done, unsure, missing


def _in_period(when: When | None, limit: date | None, start: When | None) -> Outcome:
    bounds = [bound for bound in (limit, start.latest if start else None) if bound is not None]
    if when is None:
        return Outcome.UNKNOWN if bounds else Outcome.MET
    if all(when.earliest >= bound for bound in bounds):
        return Outcome.MET
    return Outcome.UNKNOWN if all(when.latest >= bound for bound in bounds) else Outcome.NOT_MET


def _taken(drug: str, case: Case) -> list[Exposure]:
    return [e for e in case.record.therapies if e.drug == drug and e.given is not False]


def _start_of(drug: str, case: Case) -> When | None:
    starts = [e.first for e in _taken(drug, case) if e.first is not None]
    return max(starts, key=lambda when: when.latest) if starts else None


def judge_lab_due(condition: LabDue, case: Case) -> Verdict:
    """Due from the day the interval since the newest result, or since a later start, is over."""
    going_on = [e for e in _taken(condition.on, case) if e.ongoing is not False]
    if not going_on:
        gaps = case.unseen([Topic.THERAPIES])
        return unknown(condition, "; ".join(gaps)) if gaps else not_met(condition, f"{condition.on} is not being taken")
    start = _start_of(condition.on, case)
    spell = _spell(condition, start, case)
    if spell is Outcome.NOT_MET:
        return not_met(condition, f"{condition.on} since {start}: another interval applies")
    if spell is Outcome.UNKNOWN:
        exactly = " exactly enough" if start else ""
        return unknown(condition, f"the start of {condition.on} is not recorded{exactly}")
    due: list[tuple[int, str]] = []
    unsure: list[str] = []
    for test in condition.test:
        results = _results(case, test)
        days = _days_over(results, start, condition.every, case)
        if days is None:
            unsure.append(_name(test, case))
        elif days >= 0:
            due.append((days, test))
    if not due and not unsure:
        names = listed((_name(test, case) for test in condition.test), "and")
        return not_met(condition, f"{names} done within {condition.every}")
    gaps = case.unseen(_topics(condition.test, case))
    if gaps:
        return unknown(condition, "; ".join(gaps))
    if not due:
        return unknown(condition, f"when {listed(unsure, 'and')} is due cannot be told: dates are not recorded exactly")
    days = max(days for days, _ in due)
    late = "due today" if days == 0 else f"{days} day{'' if days == 1 else 's'} overdue"
    tests = [test for _, test in due]
    names, last = listed((_name(test, case) for test in tests), "and"), _last_done(tests, start, case)
    values = {"overdue": late, "tests": names, "last": last, "every": str(condition.every)}
    values["what"] = f"{names} {late} ({last})"
    newest = [lab.source for test in tests for lab in _results(case, test)[:1]]
    return met(condition, f"{names}: {last} (interval {condition.every})", newest, values=values)


def _spell(condition: LabDue, start: When | None, case: Case) -> Outcome:
    """Whether today lies in the part of the treatment the interval is for."""
    outcomes = []
    for span, inside in ((condition.during_first, True), (condition.after_first, False)):
        if span is None:
            continue
        if start is None:
            return Outcome.UNKNOWN
        over = {case.as_of >= span.after(day) for day in (start.earliest, start.latest)}
        outcomes.append(Outcome.UNKNOWN if len(over) > 1 else Outcome.NOT_MET if inside in over else Outcome.MET)
    return next((o for o in (Outcome.NOT_MET, Outcome.UNKNOWN) if o in outcomes), Outcome.MET)


def _days_over(results: Sequence[Lab], start: When | None, every: Duration, case: Case) -> int | None:
    """Days since the test became due (negative: not yet), None if that cannot be told."""
    newest = results[0].when if results else None
    dated = [when for when in (newest, start) if when is not None]
    if not dated:
        return None
    counted = max(dated, key=lambda when: when.latest)
    surely = (case.as_of - every.after(counted.latest)).days
    perhaps = (case.as_of - every.after(max(when.earliest for when in dated))).days
    if perhaps < 0:
        return perhaps
    undated = any(lab.when is None for lab in results)
    return surely if surely >= 0 and not undated else None


def _last_done(tests: Sequence[str], start: When | None, case: Case) -> str:
    """`last ALT and AST 33 days ago, no total bilirubin`."""
    groups: dict[str, list[str]] = {}
    for test in tests:
        newest = next((lab.when for lab in _results(case, test) if lab.when is not None), None)
        said = days_ago(newest, case.as_of) if newest is not None else "never"
        if newest is not None and start is not None and newest.latest < start.earliest:
            said += ", before the start"
        groups.setdefault(said, []).append(_name(test, case))
    if set(groups) == {"never"}:
        return "no result so far"
    if len(groups) == 1:
        return f"last {next(iter(groups))}"
    return "; ".join(f"{listed(names, 'and')} {said}" for said, names in groups.items())


def judge_lab_unclear(condition: LabUnclear, case: Case) -> Verdict:
    """The newest result is unusable or lacks its limit; a test without any result is not unclear but missing."""
    told, sources = [], []
    for test in condition.test:
        newest = next(iter(_results(case, test)), None)
        if newest is None:
            continue
        if newest.value is None:
            told.append(
                f"{_name(test, case)}{_dated(newest, case)}: {newest.notes[0] if newest.notes else 'no usable value'}"
            )
            sources.append(newest.source)
        elif condition.needs_limit and newest.times_upper is None:
            told.append(
                f"{_name(test, case)} {_value(newest)}{_dated(newest, case)}: no upper limit of normal was sent"
            )
            sources.append(newest.source)
    if told:
        unclear = met(condition, "; ".join(told), sources, values={"what": "; ".join(told)})
        return replace(unclear, gaps=tuple(told))
    return _nothing(condition, condition.test, "every result can be read and set against its limit", case)
