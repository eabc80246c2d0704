"""Less information only moves a verdict toward "cannot be told"; it never makes a no, or a yes, out of nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_targets.facts.clinical import Demographics
from cds_targets.facts.genomic import Genomics
from cds_targets.facts.record import Coverage, PatientRecord, Seen, Topic
from cds_targets.library.conditions import Condition, Line
from cds_targets.library.patient import ExamplePatient
from cds_targets.matching.example import EXAMPLE_DAY, build_record
from cds_targets.matching.judge import judge_line, judge_lines
from cds_targets.matching.verdict import Outcome
from tests.fhir.observations import terms
from tests.matching.test_condition_words import NEVER_UNKNOWN, rows

LINES = [row[1] for row in rows()]
PATIENTS = [row[4] for row in rows()]
TOPICS = st.sets(st.sampled_from(sorted(Topic)), min_size=1)


def partial(record: PatientRecord, topics: set[Topic]) -> PatientRecord:
    """The same facts, but more of these topics could exist."""
    gap = Seen(Coverage.PARTIAL, ("some entries could not be read",))
    return replace(record, seen={**record.seen, **dict.fromkeys(topics, gap)})


def without(record: PatientRecord, topics: set[Topic]) -> PatientRecord:
    """These topics were not sent."""
    empty: dict[Topic, dict[str, object]] = {
        Topic.PATIENT: {"patient": Demographics()},
        Topic.GENOMICS: {"genomics": Genomics()},
        Topic.DIAGNOSES: {"tumours": (), "metastases": (), "comorbidities": ()},
        Topic.THERAPIES: {"therapies": ()},
        Topic.LABS: {"labs": tuple(lab for lab in record.labs if terms().labs.tests[lab.test].ecg)},
        Topic.MEASUREMENTS: {
            "labs": tuple(lab for lab in record.labs if not terms().labs.tests[lab.test].ecg),
            "performance": (),
        },
        Topic.ORDERS: {"orders": ()},
    }
    for topic in sorted(topics):
        changes = dict(empty[topic])
        if {Topic.LABS, Topic.MEASUREMENTS} <= topics and "labs" in changes:
            changes["labs"] = ()
        record = replace(record, **changes)  # type: ignore[arg-type]
    return replace(record, seen={**record.seen, **{t: Seen(Coverage.MISSING, (t.not_sent(),)) for t in topics}})


@pytest.mark.parametrize("line", LINES, ids=[f"{number}-{line.word}" for number, line in enumerate(LINES)])
def test_a_record_that_covers_nothing_meets_and_refutes_nothing(line: Line) -> None:
    verdict = judge_line(line, PatientRecord(EXAMPLE_DAY), terms())
    expected = Outcome.NOT_MET if line.word in NEVER_UNKNOWN else Outcome.UNKNOWN
    assert verdict.outcome is expected, verdict.sentence


@settings(max_examples=1500)
@given(st.sampled_from(LINES), st.sampled_from(PATIENTS), TOPICS)
def test_facts_that_may_be_incomplete_never_turn_a_verdict_round(
    line: Line, patient: ExamplePatient, topics: set[Topic]
) -> None:
    record = build_record(patient, terms())
    before, after = (judge_line(line, r, terms()).outcome for r in (record, partial(record, topics)))
    assert after in (before, Outcome.UNKNOWN)


@settings(max_examples=1500)
@given(st.sampled_from(LINES), st.sampled_from(PATIENTS), TOPICS)
def test_what_was_not_sent_turns_no_verdict_round(line: Line, patient: ExamplePatient, topics: set[Topic]) -> None:
    if line.word in NEVER_UNKNOWN or not (isinstance(line, Condition) and needs(line) & topics):
        return
    record = build_record(patient, terms())
    before, after = (judge_line(line, r, terms()).outcome for r in (record, without(record, topics)))
    assert after in (before, Outcome.UNKNOWN)


def needs(line: Condition) -> set[Topic]:
    """The topics a line asks; of laboratory and ECG only the one its tests are in."""
    tests = getattr(line, "test", None)
    if tests is None:
        return set(line.topics)
    named = [tests] if isinstance(tests, str) else tests
    return {Topic.MEASUREMENTS if terms().labs.tests[test].ecg else Topic.LABS for test in named}


@settings(max_examples=600)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=4), st.lists(st.sampled_from(LINES), max_size=2), TOPICS,
       st.sampled_from(PATIENTS))  # fmt: skip
def test_a_card_is_never_shown_because_something_could_not_be_seen(
    when: list[Line], unless: list[Line], topics: set[Topic], patient: ExamplePatient
) -> None:
    unless = [line for line in unless if line.word not in NEVER_UNKNOWN]
    record = build_record(patient, terms())
    full = judge_lines(when, unless, record, terms()).outcome
    less = judge_lines(when, unless, partial(record, topics), terms()).outcome
    assert less in (full, Outcome.UNKNOWN)


@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=4), st.lists(st.sampled_from(LINES), max_size=2))
def test_nothing_is_shown_for_a_record_that_covers_nothing(when: list[Line], unless: list[Line]) -> None:
    assert judge_lines(when, unless, PatientRecord(EXAMPLE_DAY), terms()).outcome is not Outcome.MET


@settings(max_examples=600)
@given(st.sampled_from(LINES), st.lists(st.sampled_from(PATIENTS), min_size=2, max_size=2))
def test_judging_a_patient_twice_says_the_same(line: Line, patients: list[ExamplePatient]) -> None:
    first = judge_line(line, build_record(patients[0], terms()), terms())
    judge_line(line, build_record(patients[1], terms()), terms())
    assert judge_line(line, build_record(patients[0], terms()), terms()) == first
