"""What must be true of every card beyond its form. One small function a check; each problem has its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import PurePosixPath

from cds_targets.errors import Problem
from cds_targets.library.conditions import (
    AnyOf,
    Condition,
    CopyNumberIs,
    FusionIs,
    HadAll,
    HasCondition,
    LabDone,
    LabDue,
    LabIs,
    LabMissing,
    LabRise,
    LabUnclear,
    NotTested,
    Ordering,
    OrderingTest,
    StartedAfter,
    TumourIs,
    VariantIs,
    WildType,
)
from cds_targets.library.definition import PLACEHOLDER, CardDefinition, Kind, WrittenLine
from cds_targets.library.library import Library
from cds_targets.terms.files import did_you_mean
from cds_targets.yaml_source import Document, NodePath

SUMMARY_LIMIT = 139
FOLDER_OF_KIND = {
    Kind.THERAPY: {"therapy"},
    Kind.RESISTANCE: {"resistance"},
    Kind.TOXICITY: {"toxicity"},
    Kind.SEQUENCING: {"sequencing"},
    Kind.TESTING: {"testing"},
    Kind.NOTICE: {"notice", "testing"},
    Kind.TRIAL: {"trials"},
}

Check = Callable[[CardDefinition, Document, Library], Iterator[Problem]]


def check_library(library: Library, today: date) -> list[Problem]:
    """Every problem of every card, in order of file and line."""
    problems = [
        problem
        for card in library.cards
        for check in CHECKS
        for problem in check(card, library.documents[card.id], library)
    ]
    for card in library.cards:
        problems.extend(_review_not_lapsed(card, library.documents[card.id], today))
    return sorted(set(problems), key=lambda p: (p.file, p.line, p.message))


def conditions_of(card: CardDefinition) -> Iterator[tuple[Condition, NodePath]]:
    """Every condition of `when`, `unless` and the notes, with its place in the file."""
    parts: list[tuple[tuple[WrittenLine, ...], NodePath]] = [(card.when, ("when",)), (card.unless, ("unless",))]
    parts += [(note.when, ("notes", index, "when")) for index, note in enumerate(card.notes)]
    for lines, place in parts:
        for index, written in enumerate(lines):
            line = written.line
            if isinstance(line, AnyOf):
                for part, condition in enumerate(line.lines):
                    yield condition, (*place, index, "any", part, condition.word)
            else:
                yield line, (*place, index, line.word)


def _id_is_file_name(card: CardDefinition, document: Document, library: Library) -> Iterator[Problem]:
    path = PurePosixPath(document.file)
    if path.stem != card.id:
        yield document.problem(("id",), f"the id is {card.id!r}, the file is {path.name!r}: they must be the same")
    if path.parent.name not in FOLDER_OF_KIND[card.kind]:
        yield document.problem(("kind",), f"a {card.kind.value} card does not belong in {path.parent.name}/")


def _terms_are_known(card: CardDefinition, document: Document, library: Library) -> Iterator[Problem]:
    for condition, place in conditions_of(card):
        for kind, word in unknown_words(condition, library):
            near = did_you_mean(word, _vocabulary(kind, library))
            yield document.problem(place, f"{word!r} is no {kind} of cards/terms{near}")
    drugs = [(drug, ("therapies",)) for regimen in card.therapies for drug in regimen]
    drugs += [(drug, ("about",)) for drug in card.about if not PLACEHOLDER.fullmatch(drug)]
    for drug, at in drugs:
        if drug not in library.terms.drugs.by_name:
            near = did_you_mean(drug, library.terms.drugs.by_name)
            yield document.problem(at, f"{drug!r} is no drug of cards/terms{near}")


def _vocabulary(kind: str, library: Library) -> Iterable[str]:
    terms = library.terms
    words: dict[str, Iterable[str]] = {
        "drug": terms.drugs.by_name,
        "drug class with members": terms.drugs.classes,
        "drug or class": [*terms.drugs.by_name, *terms.drugs.classes],
        "gene": terms.genes.by_symbol,
        "tumour": terms.tumours.by_id,
        "condition": terms.conditions.by_id,
        "panel": terms.labs.panels,
        "test": terms.labs.tests,
    }
    return words.get(kind, ())


def unknown_words(condition: Condition, library: Library) -> Iterator[tuple[str, str]]:
    """The words of a condition that no term file defines, with what they should be."""
    terms = library.terms
    for drug in getattr(condition, "drug", None) or ():
        if drug not in terms.drugs.by_name:
            yield "drug", drug
    for drug_class in getattr(condition, "drug_class", None) or ():
        if not terms.drugs.members(drug_class):
            yield "drug class with members", drug_class
    if isinstance(condition, HadAll):
        for word in (word for group in condition.groups for word in group):
            if word not in terms.drugs.by_name and not terms.drugs.members(word):
                yield "drug or class", word
    if isinstance(condition, VariantIs | FusionIs | CopyNumberIs | WildType | NotTested):
        for gene in condition.gene:
            if gene not in terms.genes.by_symbol:
                yield "gene", gene
    if isinstance(condition, TumourIs):
        for code in (*(condition.is_ or ()), *(condition.is_not or ())):
            if code not in terms.tumours.by_id:
                yield "tumour", code
    if isinstance(condition, HasCondition):
        for term in condition.is_:
            if term not in terms.conditions.by_id:
                yield "condition", term
    if isinstance(condition, OrderingTest):
        for panel in condition.panel:
            if panel not in terms.labs.panels:
                yield "panel", panel
    for drug in (getattr(condition, "after_start_of", None), getattr(condition, "on", None)):
        if drug is not None and drug not in terms.drugs.by_name:
            yield "drug", drug
    if isinstance(condition, StartedAfter) and condition.started not in terms.drugs.by_name:
        yield "drug", condition.started
    if isinstance(condition, LabIs | LabDone | LabRise | LabMissing | LabDue | LabUnclear):
        tests = (condition.test,) if isinstance(condition.test, str) else condition.test
        for test in tests:
            if test not in terms.labs.tests:
                yield "test", test


def _numbers_have_reasons(card: CardDefinition, document: Document, library: Library) -> Iterator[Problem]:
    for condition, place in conditions_of(card):
        if condition.has_number and condition.because is None:
            yield document.problem(
                place, f"{condition.word} states a number: say `because:` which evidence it rests on"
            )
        if condition.because is not None and condition.because not in (*card.evidence, "house"):
            yield document.problem(place, f"there is no evidence entry {condition.because!r}")


def _evidence_is_complete(card: CardDefinition, document: Document, library: Library) -> Iterator[Problem]:
    for name, evidence in card.evidence.items():
        if evidence.link is None and evidence.kind != "review":
            yield document.problem(("evidence", name), "names no pmid, doi, url or nct: a reader cannot open it")
        if evidence.kind is None:
            yield document.problem(("evidence", name), "says no `kind`: label, randomised, single-arm, review ...")


def _placeholders_are_bound(card: CardDefinition, document: Document, library: Library) -> Iterator[Problem]:
    bound = {condition.bind for condition, _ in conditions_of(card) if condition.bind}
    texts: list[tuple[str, NodePath]] = [
        (card.card.summary, ("card", "summary")),
        (card.card.detail, ("card", "detail")),
    ]
    texts += [(note.text, ("notes", index, "text")) for index, note in enumerate(card.notes)]
    texts += [(drug, ("about",)) for drug in card.about]
    if card.unknown_card is not None:
        texts.append((card.unknown_card.detail, ("unknown_card", "detail")))
        texts.append((card.unknown_card.summary, ("unknown_card", "summary")))
    for text, place in texts:
        for match in PLACEHOLDER.finditer(text):
            if match[1] not in bound:
                yield document.problem(place, f"{match[0]} is bound by no line (`as: {match[1]}`)")
        if text.count("{") != len(PLACEHOLDER.findall(text)):
            yield document.problem(place, "a brace that is no placeholder: write {name.attribute}")


def _summary_fits(card: CardDefinition, document: Document, library: Library) -> Iterator[Problem]:
    drugs = _drugs_bound(card, library)
    texts = [("card", card.card.summary)]
    if card.unknown_card is not None:
        texts.append(("unknown_card", card.unknown_card.summary))
    for part, text in texts:
        longest = PLACEHOLDER.sub(lambda match: "x" * _longest(match[1], match[2], drugs), text)
        if len(longest) > SUMMARY_LIMIT:
            yield document.problem((part, "summary"), f"can grow to {len(longest)} characters; {SUMMARY_LIMIT} fit")


def _drugs_bound(card: CardDefinition, library: Library) -> dict[str, int]:
    """The longest drug name each binding can hold."""
    found: dict[str, int] = {}
    for condition, _ in conditions_of(card):
        if condition.bind is None:
            continue
        names = set(getattr(condition, "drug", None) or ())
        for drug_class in getattr(condition, "drug_class", None) or ():
            names |= library.terms.drugs.members(drug_class)
        found[condition.bind] = max((len(name) for name in names), default=24)
    return found


def _longest(name: str, attribute: str, drugs: dict[str, int]) -> int:
    lengths = {"drug": drugs.get(name, 24), "days": 10, "when": 14, "date": 10, "value": 22, "uln": 9, "change": 14}
    lengths |= {"grade": 23, "gap": 24 + drugs.get(name, 24), "tests": 29, "overdue": 16, "last": 60}
    return lengths.get(attribute, 18)


def _hooks_suit_conditions(card: CardDefinition, document: Document, library: Library) -> Iterator[Problem]:
    orders = any(isinstance(condition, Ordering) for condition, place in conditions_of(card) if place[0] == "when")
    if orders and "patient-view" in card.hooks:
        yield document.problem(("hooks",), "`ordering` has no meaning on patient-view")
    if card.card.indicator == "critical" and "order-sign" not in card.hooks:
        yield document.problem(("card", "indicator"), "critical is kept for the point of signing")


def _orders_and_reasons_are_known(card: CardDefinition, document: Document, library: Library) -> Iterator[Problem]:
    labs = library.terms.labs
    for index, suggestion in enumerate(card.card.suggest):
        place = ("card", "suggest", index)
        if suggestion.order not in labs.panels:
            yield document.problem(place, f"{suggestion.order!r} is no panel of cards/terms/orders.yaml")
        if suggestion.schedule is not None and suggestion.schedule not in labs.schedules:
            yield document.problem(place, f"{suggestion.schedule!r} is no schedule of cards/terms/orders.yaml")
    for reason in card.card.override_reasons:
        if reason not in library.terms.override_reasons:
            yield document.problem(("card", "override_reasons"), f"{reason!r} is no override reason of cards/terms")
    if card.card.indicator != "info" and not card.card.override_reasons:
        yield document.problem(("card",), "a warning offers `override_reasons`")


def _examples_cover_the_card(card: CardDefinition, document: Document, library: Library) -> Iterator[Problem]:
    expected = {example.expect for example in card.examples}
    if "shown" not in expected:
        yield document.problem(("examples",), "no example in which the card is shown")
    if "unknown" not in expected:
        yield document.problem(("examples",), "no example in which it cannot be known")
    stopped = {example.stopped_by for example in card.examples if example.expect == "silent"}
    for part, lines in (("when", card.when), ("unless", card.unless)):
        for index, written in enumerate(lines):
            word = written.line.word if part == "when" else f"unless {written.line.word}"
            if word not in stopped and written.line.word not in stopped:
                yield document.problem((part, index), f"no silent example is stopped_by: {word}")
    for index, example in enumerate(card.examples):
        if example.expect == "silent" and example.stopped_by is None:
            yield document.problem(("examples", index), "a silent example says which line stopped it (stopped_by)")


def _replaced_cards_exist(card: CardDefinition, document: Document, library: Library) -> Iterator[Problem]:
    for other in card.replaces:
        if library.card(other) is None:
            yield document.problem(("replaces",), f"there is no card {other!r}")


def _review_not_lapsed(card: CardDefinition, document: Document, today: date) -> Iterator[Problem]:
    if card.status != "retired" and card.review_by < today:
        yield document.problem(("review_by",), f"the review was due on {card.review_by}")


CHECKS: tuple[Check, ...] = (
    _id_is_file_name,
    _terms_are_known,
    _numbers_have_reasons,
    _evidence_is_complete,
    _placeholders_are_bound,
    _summary_fits,
    _hooks_suit_conditions,
    _orders_and_reasons_are_known,
    _examples_cover_the_card,
    _replaced_cards_exist,
)
