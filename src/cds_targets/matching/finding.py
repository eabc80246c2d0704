"""Which cards apply to a patient: the library run over one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cds_targets.facts.record import Coverage, PatientRecord, Topic
from cds_targets.library.conditions import Condition, Ordering, TumourIs, VariantIs
from cds_targets.library.definition import PLACEHOLDER, CardDefinition, Kind, Note
from cds_targets.library.library import Library
from cds_targets.matching.case import Case, listed, unlisted
from cds_targets.matching.judge import judge_lines
from cds_targets.matching.treatment_conditions import drugs_of
from cds_targets.matching.verdict import Outcome, Verdict
from cds_targets.terms import Terms

SPENT_RANK = 100  # after every card's own, which ends at 99


@dataclass(frozen=True, slots=True)
class Finding:
    """A card that applies (MET), or that cannot be judged and must say so (UNKNOWN).

    `therapies` are the proposed regimens left after what is being taken, what was given before and what a note
    withholds were dropped; `about` the drugs warned of (those being ordered, if any); `additions` are sentences added
    by the card's notes and by what was given before; `values` fill the text's placeholders; `placed` are the tests and
    panels among the draft orders.
    """

    card: CardDefinition
    verdict: Verdict
    therapies: tuple[tuple[str, ...], ...] = ()
    about: tuple[str, ...] = ()
    additions: tuple[str, ...] = ()
    note_verdicts: tuple[Verdict, ...] = ()
    values: dict[str, str] = field(default_factory=dict)
    placed: frozenset[str] = frozenset()

    @property
    def applies(self) -> bool:
        """Whether the card's lines hold."""
        return self.verdict.outcome is Outcome.MET

    @property
    def kind(self) -> Kind:
        """The card's kind; a therapy card that proposes nothing to this patient is a notice."""
        return Kind.NOTICE if self.card.kind is Kind.THERAPY and not self.therapies else self.card.kind

    @property
    def rank(self) -> int:
        """The card's rank; what has nothing left to propose comes after what has."""
        spent = self.applies and self.card.kind is Kind.THERAPY and bool(self.card.therapies) and not self.therapies
        return SPENT_RANK if spent else self.card.rank

    @property
    def missing(self) -> tuple[str, ...]:
        """What could not be known, a sentence each."""
        found = [sentence for verdict in (self.verdict, *self.note_verdicts) for sentence in verdict.open_sentences()]
        return tuple(dict.fromkeys(part for sentence in found for part in sentence.split("; ")))


@dataclass(frozen=True, slots=True)
class Findings:
    """What the library says of one patient at one hook.

    `unsettled`: what keeps cards from being judged that have found a change or marker they ask for, and stay silent.
    """

    shown: tuple[Finding, ...] = ()
    unknown: tuple[Finding, ...] = ()
    failed: tuple[CardDefinition, ...] = ()
    gaps: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()


def evaluate(card: CardDefinition, record: PatientRecord, terms: Terms) -> Finding:
    """One card judged for one patient, whatever the outcome."""
    verdict = judge_lines(card.lines, card.exceptions, record, terms)
    therapies = _not_taken(card, record)
    proposes = card.kind is Kind.THERAPY
    if verdict.outcome is Outcome.MET and proposes and card.therapies and not therapies:
        verdict = _already_taken(card, verdict)
    values = verdict.bound()
    additions: list[str] = []
    judged: list[Verdict] = []
    if verdict.outcome is Outcome.MET:
        withheld: list[tuple[str, ...]] = []
        for note in card.notes:
            judged.append(_judge_note(note, record, terms, additions, values))
            if judged[-1].outcome is not Outcome.NOT_MET:
                withheld.extend(note.withholds)
        left = tuple(regimen for regimen in therapies if regimen not in withheld)
        therapies, before = _not_repeated(left, record)
        additions.extend(before)
        if (
            proposes
            and withheld
            and not left
            and _now(record) & {drug for regimen in card.therapies for drug in regimen}
        ):
            verdict, additions, judged = _already_taken(card, verdict), [], []
    else:
        therapies = ()
    placed = record.tests_ordered()
    about = _about(card, record, values)
    return Finding(card, verdict, therapies, about, tuple(additions), tuple(judged), values, placed)


def _about(card: CardDefinition, record: PatientRecord, values: dict[str, str]) -> tuple[str, ...]:
    """The drugs named that are ordered, else those taken, else those given, else all; and those found (`{io.drug}`)."""
    named = [drug for drug in card.about if not PLACEHOLDER.fullmatch(drug)]
    found = [values.get(drug.strip("{}"), "") for drug in card.about if PLACEHOLDER.fullmatch(drug)]
    ordered = {order.drug for order in record.orders if order.selected}
    taken = _now(record)
    given = {exposure.drug for exposure in record.therapies if exposure.given is True}
    narrowed = next(
        (hit for group in (ordered, taken, given) if (hit := [drug for drug in named if drug in group])), named
    )
    return tuple(dict.fromkeys([*narrowed, *(drug for value in found for drug in unlisted(value))]))


def _judge_note(
    note: Note, record: PatientRecord, terms: Terms, additions: list[str], values: dict[str, str]
) -> Verdict:
    verdict = judge_lines((written.line for written in note.when), (), record, terms)
    if verdict.outcome is Outcome.MET:
        additions.append(note.text)
        values.update({key: value for key, value in verdict.bound().items() if key not in values})
        return verdict
    if verdict.outcome is Outcome.UNKNOWN and note.if_unknown:
        additions.append(note.if_unknown)
        return verdict
    return Verdict("note", Outcome.NOT_MET, verdict.sentence)


def _already_taken(card: CardDefinition, verdict: Verdict) -> Verdict:
    """The verdict stopped, because the patient is under what the card would propose."""
    named = listed((drug for regimen in card.therapies for drug in regimen), "and")
    stop = Verdict("therapies", Outcome.NOT_MET, f"what would be proposed is already being taken ({named})")
    return Verdict("all", Outcome.NOT_MET, stop.sentence, children=(*verdict.children, stop))


def _now(record: PatientRecord) -> set[str | None]:
    """The drugs being taken."""
    return {e.drug for e in record.therapies if e.ongoing is True and e.given is True}


def _not_taken(card: CardDefinition, record: PatientRecord) -> tuple[tuple[str, ...], ...]:
    """The regimens not wholly being taken."""
    now = _now(record)
    return tuple(regimen for regimen in card.therapies if not set(regimen) <= now)


def _not_repeated(
    regimens: tuple[tuple[str, ...], ...], record: PatientRecord
) -> tuple[tuple[tuple[str, ...], ...], list[str]]:
    """Regimens not wholly given before (around surgery aside), and a sentence for each of their drugs given before."""
    given = [e for e in record.therapies if e.given is True and e.ongoing is not True and e.drug]
    past = {e.drug: e for e in given}
    spent = {e.drug for e in given if e.intent not in ("adjuvant", "neoadjuvant")}
    spent |= _now(record)
    before = []
    for drug in dict.fromkeys(drug for regimen in regimens for drug in regimen if drug in past):
        last = past[drug].last
        again = " and is not proposed again" if (drug,) in regimens and drug in spent else ""
        before.append(f"{drug.capitalize()} was given before" + (f" (last dose {last})" if last else "") + f"{again}.")
    kept = tuple(regimen for regimen in regimens if not set(regimen) <= spent)
    return kept, before


def find(
    library: Library,
    record: PatientRecord,
    hook: str,
    wanted: Callable[[CardDefinition], bool] = lambda card: True,
) -> Findings:
    """Every card of the hook that applies or must say it cannot be judged, in order of urgency and rank.

    An error in judging one card never costs the others: that card is listed in `failed`.
    """
    case = Case(record, library.terms)
    shown: list[Finding] = []
    unknown: list[Finding] = []
    failed: list[CardDefinition] = []
    gaps: dict[str, None] = {}
    unsettled: dict[str, None] = {}
    for card in library.cards:
        if hook not in card.hooks or card.status == "retired" or not wanted(card) or surely_not(card, case):
            continue
        try:
            finding = evaluate(card, record, library.terms)
        except Exception:  # one card's fault must not silence the rest; it is reported as not evaluated
            failed.append(card)
            continue
        if finding.verdict.outcome is Outcome.MET:
            shown.append(finding)
        elif finding.verdict.outcome is Outcome.UNKNOWN:
            gaps.update(dict.fromkeys(_unseen(finding, case)))
            if card.if_unknown == "say-so" and _worth_saying(finding):
                unknown.append(finding)
            elif _has_its_finding(finding):
                unsettled.update(dict.fromkeys(finding.missing))
    replaced = {other for finding in shown for other in finding.card.replaces}
    shown = [finding for finding in shown if finding.card.id not in replaced]
    # What cannot be told is said once too, by the card that says it in its own words.
    replaced |= {other for finding in unknown if finding.card.unknown_card for other in finding.card.replaces}
    unknown = [finding for finding in unknown if finding.card.id not in replaced]
    shown.sort(key=_urgency)
    unknown.sort(key=_urgency)
    return Findings(tuple(shown), tuple(unknown), tuple(failed), tuple(gaps), tuple(unsettled))


def _worth_saying(finding: Finding) -> bool:
    """Whether the lines the card asks for before it says "cannot be judged" are met."""
    met = {line.condition for line in finding.verdict.children if line.outcome is Outcome.MET}
    return set(finding.card.unknown_needs) <= met


_FINDINGS = frozenset({"variant", "fusion", "copy_number", "biomarker"})


def _has_its_finding(finding: Finding) -> bool:
    """Whether a change or marker that the card asks for was found."""
    return any(
        leaf.condition in _FINDINGS and leaf.outcome is Outcome.MET
        for line in finding.verdict.children
        if line.condition != "unless"
        for leaf in line.leaves()
    )


_URGENCY = {"critical": 0, "warning": 1, "info": 2}


def _urgency(finding: Finding) -> tuple[int, int, str]:
    card = finding.card
    text = card.card if finding.applies or card.unknown_card is None else card.unknown_card
    return _URGENCY[text.indicator], finding.rank, card.id


def _unseen(finding: Finding, case: Case) -> Iterable[str]:
    """The coverage gaps this card's unknown outcome rests on."""
    topics = {topic for line in finding.card.lines for topic in _topics(line)}
    sentences = {leaf.sentence for leaf in finding.verdict.leaves() if leaf.outcome is Outcome.UNKNOWN}
    return [gap for gap in case.unseen(sorted(topics)) if any(gap in sentence for sentence in sentences)]


def _topics(line: object) -> tuple[Topic, ...]:
    if isinstance(line, Condition):
        return line.topics
    return tuple(topic for part in getattr(line, "lines", ()) for topic in part.topics)


def surely_not(card: CardDefinition, case: Case) -> bool:
    """A cheap look that spares judging: True only where the judge would surely say "not met" or stay silent."""
    record = case.record
    for line in card.lines:
        if isinstance(line, Ordering):
            if record.of(Topic.ORDERS).coverage is Coverage.COMPLETE and not any(
                (order.selected or line.any_draft) and order.drug in drugs_of(case.terms, line.drug, line.drug_class)
                for order in record.orders
            ):
                return True
        elif isinstance(line, VariantIs):
            if (
                card.if_unknown == "stay-silent"
                and record.of(Topic.GENOMICS).coverage is Coverage.COMPLETE
                and not any(gene in record.genomics.by_gene for gene in line.gene)
            ):
                return True
        elif isinstance(line, TumourIs) and line.is_ is not None:
            tree = case.terms.tumours
            active = record.active_tumours()
            if (
                active
                and record.of(Topic.DIAGNOSES).coverage is Coverage.COMPLETE
                and all(
                    t.term is not None and not any(tree.is_a(t.term, w) or tree.may_be(t.term, w) for w in line.is_)
                    for t in active
                )
            ):
                return True
    return False
