"""Judging treatment: what is being ordered, what was given and when, what is being taken, how many lines."""

from __future__ import annotations

from collections.abc import Iterable

from cds_targets.facts.clinical import Exposure, Order
from cds_targets.facts.dates import When
from cds_targets.facts.lines import prior_lines
from cds_targets.library.conditions import (
    HadAll,
    HadTherapy,
    OnTherapy,
    Ordering,
    OrderingTest,
    PriorLines,
    StartedAfter,
)
from cds_targets.library.durations import Duration
from cds_targets.matching.case import Case, date_values, days_ago, listed, met, not_met, unknown
from cds_targets.matching.verdict import Outcome, Verdict
from cds_targets.terms import Terms


def drugs_of(terms: Terms, drugs: Iterable[str] | None, classes: Iterable[str] | None) -> frozenset[str]:
    """Every drug the line speaks of."""
    found = set(drugs or ())
    for name in classes or ():
        found |= terms.drugs.members(name)
    return frozenset(found)


def judge_ordering(condition: Ordering, case: Case) -> Verdict:
    """One of the drugs is being ordered; an order that names no drug we can read leaves it open."""
    wanted = drugs_of(case.terms, condition.drug, condition.drug_class)
    placed = [order for order in case.record.orders if order.selected or condition.any_draft]
    fitting = [order for order in placed if order.drug in wanted]
    if fitting:
        drugs = list(dict.fromkeys(order.drug or "" for order in fitting))
        named = listed(drugs, "and")
        standing = ". ".join(f"{drug}: {case.terms.drugs.by_name[drug].standing}" for drug in drugs)
        values = {"drug": named, "reference": fitting[0].reference, "standing": standing}
        verb = "is" if len(drugs) == 1 else "are"
        return met(condition, f"{named} {verb} being ordered", [order.source for order in fitting], values=values)
    what = listed([*(condition.drug or ()), *(condition.drug_class or ())])
    unread = [order for order in placed if order.drug is None and not order.tests and order.written]
    names = listed((order.drug for order in placed if order.drug), "and")
    gaps = case.unseen(condition.topics)
    if gaps:
        return unknown(condition, "; ".join(gaps))
    if not names and unread:
        return not_met(condition, f"the order is for a drug that is not {what}")
    return not_met(condition, f"{what} is not being ordered" + (f" ({names})" if names else ""))


def judge_ordering_test(condition: OrderingTest, case: Case) -> Verdict:
    """One of the panels, or all its tests, is in the draft orders (selected or not), or was ordered and is open."""
    asked = case.record.tests_ordered()
    for panel in condition.panel:
        if case.terms.labs.panels[panel].placed_by(asked):
            return met(condition, f"{case.terms.labs.panels[panel].name} is already being ordered")
    return not_met(condition, f"{listed(case.terms.labs.panels[p].name for p in condition.panel)} is not being ordered")


def _ordered(orders: Iterable[Order]) -> frozenset[str]:
    return frozenset(order.drug for order in orders if order.drug and order.selected)


def judge_had_therapy(condition: HadTherapy, case: Case) -> Verdict:
    """Given, within the window if one is named; undated or straddling dates leave it unknown."""
    wanted = drugs_of(case.terms, condition.drug, condition.drug_class)
    ordered = _ordered(case.record.orders)
    named = listed([*(condition.drug or ()), *(condition.drug_class or ())])
    what = "systemic therapy" if condition.any_systemic else named
    matching = [
        e
        for e in case.record.therapies
        if e.drug not in ordered and (e.drug in wanted or (condition.any_systemic and e.antineoplastic))
    ]
    judged = [(_had(condition, exposure, case), exposure) for exposure in matching]
    for outcome in (Outcome.MET, Outcome.UNKNOWN):
        parts = [(sentence, exposure) for (found, sentence), exposure in judged if found is outcome]
        if not parts:
            continue
        sentence, exposure = max(parts, key=lambda part: _recency(part[1], case))
        if outcome is Outcome.MET:
            values = {"drug": exposure.drug or exposure.written}
            values |= date_values(exposure.last, case.as_of, exposure.ongoing is True)
            caveats = [*exposure.notes, *_later_dose(condition, exposure, case)]
            return met(condition, sentence, exposure.sources, caveats, values)
        return unknown(condition, "; ".join(dict.fromkeys(text for text, _ in parts)), exposure.sources)
    told = "; ".join(dict.fromkeys(sentence for (_, sentence), _ in judged))
    return case.nothing_found(condition, told or f"no {what} in the medication history")


def _later_dose(condition: HadTherapy, exposure: Exposure, case: Case) -> list[str]:
    """What qualifies "longer ago than": a later dose that was not recorded or not sent."""
    if condition.longer_ago_than is None:
        return []
    open_end = ["whether it is still being given is not recorded"] if exposure.ongoing is None else []
    unseen = ["a later dose may not have been sent"] if case.unseen(condition.topics) else []
    return open_end + unseen


def _recency(exposure: Exposure, case: Case) -> tuple[bool, int]:
    last = exposure.last.latest if exposure.last else case.as_of.min
    return exposure.ongoing is True, last.toordinal()


def _had(condition: HadTherapy, exposure: Exposure, case: Case) -> tuple[Outcome, str]:
    """Whether this exposure is what the line means, with its sentence."""
    name = exposure.drug or exposure.written
    if exposure.given is False:
        return Outcome.NOT_MET, f"{name} was planned or ordered, not given"
    if exposure.given is None:
        return Outcome.UNKNOWN, f"whether {name} was given is not recorded"
    if condition.intent is not None and exposure.intent not in condition.intent:
        if exposure.intent is None:
            return Outcome.UNKNOWN, f"the intent of {name} is not recorded"
        return Outcome.NOT_MET, f"{name} was {exposure.intent} treatment"
    if condition.still_on is not None:
        if exposure.ongoing is None:
            return Outcome.UNKNOWN, f"whether {name} is still being given is not recorded"
        if exposure.ongoing is not condition.still_on:
            return Outcome.NOT_MET, f"{name} is {'still being given' if exposure.ongoing else 'over'}"
    if condition.within is None and condition.longer_ago_than is None:
        return Outcome.MET, f"{name}, {_when(exposure, case)}"
    return _in_window(condition, exposure, case)


def _in_window(condition: HadTherapy, exposure: Exposure, case: Case) -> tuple[Outcome, str]:
    name = exposure.drug or exposure.written
    if exposure.ongoing is True:
        if condition.longer_ago_than is not None:
            return Outcome.NOT_MET, f"{name} is still being given"
        return Outcome.MET, f"{name}, {_when(exposure, case)}"
    if exposure.last is None:
        return Outcome.UNKNOWN, f"the date of the last {name} is not recorded"
    said = f"last {name} {days_ago(exposure.last, case.as_of)}"
    outcomes = []
    if condition.within is not None:
        outcomes.append(_at_most(exposure.last, condition.within, case))
    if condition.longer_ago_than is not None:
        outcomes.append(_flip(_at_most(exposure.last, condition.longer_ago_than, case)))
    if Outcome.NOT_MET in outcomes:
        return Outcome.NOT_MET, said
    if Outcome.UNKNOWN in outcomes:
        return Outcome.UNKNOWN, f"{said}: the exact date is not recorded ({exposure.last})"
    return Outcome.MET, said


def _at_most(last: When, span: Duration, case: Case) -> Outcome:
    """Whether `last` lies at most `span` before the day judged on."""
    limit = span.before(case.as_of)
    if last.earliest >= limit:
        return Outcome.MET
    return Outcome.NOT_MET if last.latest < limit else Outcome.UNKNOWN


def _flip(outcome: Outcome) -> Outcome:
    return {Outcome.MET: Outcome.NOT_MET, Outcome.NOT_MET: Outcome.MET}.get(outcome, Outcome.UNKNOWN)


def _when(exposure: Exposure, case: Case) -> str:
    if exposure.ongoing is True:
        return "still being given"
    if exposure.last is None:
        return "date not recorded"
    return f"last {days_ago(exposure.last, case.as_of)}"


def judge_had_all(condition: HadAll, case: Case) -> Verdict:
    """At least one drug of every group was given."""
    facts, named, unsure, lacking = [], [], [], []
    for group in condition.groups:
        classes = [name for name in group if name in case.terms.drugs.classes]
        wanted = drugs_of(case.terms, [n for n in group if n not in classes], classes)
        exposures = [e for e in case.record.therapies if e.drug in wanted]
        given = [e for e in exposures if e.given is True]
        if given:
            facts += [source for e in given for source in e.sources]
            named.append(given[0].drug or "")
        elif any(e.given is None for e in exposures):
            unsure.append(f"whether {listed(group)} was given is not recorded")
        else:
            lacking.append(listed(group))
    if not lacking and not unsure:
        return met(condition, f"{listed(named, 'and')} given", facts, values={"drugs": listed(named, "and")})
    if lacking:
        return case.nothing_found(condition, f"no {listed(lacking)} in the medication history")
    return unknown(condition, "; ".join(unsure), facts)


def judge_on_therapy(condition: OnTherapy, case: Case) -> Verdict:
    """Being taken now; how long since the first dose if a number is named."""
    wanted = drugs_of(case.terms, condition.drug, condition.drug_class)
    what = listed([*(condition.drug or ()), *(condition.drug_class or ())])
    doubts: list[str] = []
    taken: dict[str, tuple[Exposure, str]] = {}
    for exposure in case.record.therapies:
        if exposure.drug not in wanted or exposure.given is False or exposure.ongoing is False:
            continue
        name = exposure.drug or ""
        if exposure.given is None or exposure.ongoing is None:
            doubts.append(f"whether {name} is being taken now is not recorded")
            continue
        outcome, sentence = _since(condition, exposure, case)
        if outcome is Outcome.MET:
            taken.setdefault(name, (exposure, sentence))
        elif outcome is Outcome.UNKNOWN:
            doubts.append(sentence)
    if taken:
        return _taken(condition, taken, case)
    if doubts:
        return unknown(condition, "; ".join(doubts))
    return case.nothing_found(condition, f"{what} is not being taken")


def _taken(condition: OnTherapy, taken: dict[str, tuple[Exposure, str]], case: Case) -> Verdict:
    """Every one of the drugs that is being taken is named; the dates are those of the first."""
    first = next(iter(taken.values()))[0].first
    values = {"drug": listed(taken, "and"), "since": str(first) if first else "an unknown date"}
    values["days"] = days_ago(first, case.as_of).removesuffix(" ago") if first else "an unknown time"
    held = [name for name, (exposure, _) in taken.items() if exposure.on_hold]
    caveats = [] if not held else ["on hold"] if len(taken) == 1 else [f"{listed(held, 'and')} on hold"]
    sources = [source for exposure, _ in taken.values() for source in exposure.sources]
    return met(condition, "; ".join(sentence for _, sentence in taken.values()), sources, caveats, values)


def _since(condition: OnTherapy, exposure: Exposure, case: Case) -> tuple[Outcome, str]:
    name = exposure.drug or ""
    bounds = [bound for bound in (condition.for_at_least, condition.for_less_than) if bound is not None]
    if not bounds:
        return Outcome.MET, f"{name} is being taken"
    if exposure.first is None:
        return Outcome.UNKNOWN, f"{name} is being taken, but its start is not recorded"
    said = f"{name} since {exposure.first}"
    outcomes = []
    if condition.for_at_least is not None:
        limit = condition.for_at_least.before(case.as_of)
        outcomes.append(_on_or_before(exposure.first, limit.toordinal()))
    if condition.for_less_than is not None:
        limit = condition.for_less_than.before(case.as_of)
        outcomes.append(_flip(_on_or_before(exposure.first, limit.toordinal())))
    if Outcome.NOT_MET in outcomes:
        return Outcome.NOT_MET, said
    return (Outcome.UNKNOWN, f"{said}: not exact enough") if Outcome.UNKNOWN in outcomes else (Outcome.MET, said)


def _on_or_before(first: When, limit: int) -> Outcome:
    if first.latest.toordinal() <= limit:
        return Outcome.MET
    return Outcome.NOT_MET if first.earliest.toordinal() > limit else Outcome.UNKNOWN


def judge_started_after(condition: StartedAfter, case: Case) -> Verdict:
    """The drug taken now was begun soon after the last dose of another, or while that was given."""
    taken = [
        e
        for e in case.record.therapies
        if e.drug == condition.started and e.given is not False and e.ongoing is not False
    ]
    begun = [e for e in taken if e.given is True and e.ongoing is True]
    if taken and not begun:
        return unknown(condition, f"whether {condition.started} is being taken now is not recorded")
    if not begun:
        return case.nothing_found(condition, f"{condition.started} is not being taken")
    start = begun[0].first
    wanted = drugs_of(case.terms, condition.drug, condition.drug_class)
    doubts = []
    met_by: list[tuple[Exposure, str]] = []
    for other in case.record.therapies:
        if other.drug not in wanted or other.given is False:
            continue
        outcome, gap = _gap(start, other, condition.within)
        if outcome is Outcome.MET and other.given is None:
            outcome, gap = Outcome.UNKNOWN, f"whether {other.drug} was given is not recorded"
        if outcome is Outcome.MET:
            met_by.append((other, gap))
        elif outcome is Outcome.UNKNOWN:
            doubts.append(gap)
    if met_by:
        other, gap = max(met_by, key=lambda pair: _recency(pair[0], case))
        values = {"drug": other.drug or "", "gap": gap, "start": str(start) if start else "an unknown date"}
        said = f"{condition.started} begun {gap}"
        return met(condition, said, [*begun[0].sources, *other.sources], other.notes, values)
    if doubts:
        return unknown(condition, "; ".join(doubts))
    what = listed([*(condition.drug or ()), *(condition.drug_class or ())])
    return case.nothing_found(condition, f"no {what} within {condition.within} before {condition.started}")


def _gap(start: When | None, other: Exposure, within: Duration) -> tuple[Outcome, str]:
    """Whether `other` was last given within the period before `start` or later, with the words for it."""
    name = other.drug or other.written
    if other.ongoing is True:
        return Outcome.MET, f"while {name} is recorded as still being given"
    if start is None:
        return Outcome.UNKNOWN, "the start is not recorded"
    if other.last is None:
        return Outcome.UNKNOWN, f"the date of the last {name} is not recorded"
    fewest, most = (start.earliest - other.last.latest).days, (start.latest - other.last.earliest).days
    if other.last.latest < within.before(start.earliest):
        return Outcome.NOT_MET, f"more than {within} after the last {name}"
    if other.last.earliest < within.before(start.latest):
        return Outcome.UNKNOWN, f"the dates of {name} and of the start are not recorded exactly enough"
    if most <= 0:
        return Outcome.MET, f"while {name} was being given"
    days = f"{most}" if fewest == most else f"{max(fewest, 0)} to {most}"
    return Outcome.MET, f"{days} day{'' if most == 1 else 's'} after the last {name}"


def judge_prior_lines(condition: PriorLines, case: Case) -> Verdict:
    """Lines counted by the rules of `facts.lines`; a range that straddles the bound leaves it unknown."""
    count = prior_lines(case.record, _ordered(case.record.orders))
    gaps = case.unseen(condition.topics)
    low, high = count.at_least, count.at_most
    said = f"{low} line{'' if low == 1 else 's'}" if low == high else f"{low} to {high} lines"
    sentence = f"{said} of systemic therapy recorded" + (f" ({listed(count.reasons, 'and')})" if count.reasons else "")
    enough = condition.at_least is None or low >= condition.at_least
    few = condition.at_most is None or (high <= condition.at_most and not gaps)
    if enough and few:
        return met(condition, sentence, count.sources, values={"count": said})
    surely_too_few = condition.at_least is not None and high < condition.at_least and not gaps
    surely_too_many = condition.at_most is not None and low > condition.at_most
    if surely_too_few or surely_too_many:
        return not_met(condition, sentence, count.sources)
    counted = [sentence] if high or not gaps else []  # that nothing was counted says nothing of what was not seen
    return unknown(condition, "; ".join([*gaps, *counted]), count.sources)
