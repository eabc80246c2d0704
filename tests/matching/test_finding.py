"""From verdicts to findings: what is proposed, added, and said when it cannot be told, and in what order."""

from __future__ import annotations

from typing import Any

import pytest

from cds_targets.library.definition import Kind
from cds_targets.library.library import Library, content_folder, load_library
from cds_targets.matching import finding as module
from cds_targets.matching.case import Case
from cds_targets.matching.example import build_record
from cds_targets.matching.finding import evaluate, surely_not
from cds_targets.matching.verdict import Outcome, Verdict
from cds_targets.matching.wording import wording
from tests.matching.cards import ADA, G12C, LUNG, card, found, judged, patient

TEXT = {"indicator": "info", "summary": "A summary of some length", "detail": ""}


def test_a_card_that_applies_proposes_its_regimens() -> None:
    ada = judged(card(), **ADA)
    assert ada.applies
    assert ada.therapies == (("sotorasib",), ("adagrasib",))
    assert ada.additions == ()


def test_what_is_being_taken_is_not_proposed_again() -> None:
    ada = judged(card(), **ADA, therapies=[{"drug": "sotorasib", "ongoing": True}])
    assert ada.therapies == (("adagrasib",),)


def test_a_card_whose_every_proposal_is_being_taken_does_not_apply() -> None:
    both = [{"drug": drug, "ongoing": True} for drug in ("sotorasib", "adagrasib")]
    ada = judged(card(), **ADA, therapies=both)
    assert ada.verdict.outcome is Outcome.NOT_MET
    assert "already being taken" in ada.verdict.sentence
    assert ada.therapies == ()


def test_nothing_is_left_to_say_where_a_note_withholds_the_rest_of_what_is_being_taken() -> None:
    note = {"when": [{"on_therapy": {"drug": "sotorasib"}}], "text": "No second one.", "withholds": ["adagrasib"]}
    taken = [{"drug": "sotorasib", "ongoing": True}]
    ada = judged(card(notes=[note]), **ADA, therapies=taken)
    assert "already being taken" in ada.verdict.sentence
    assert ada.additions == ()


def test_a_card_with_nothing_left_to_propose_comes_after_those_that_propose() -> None:
    note = {"when": [{"variant": {"gene": "KRAS", "protein": "G12C"}}], "text": "No.", "withholds": [["sotorasib"]]}
    first = card(id="first", rank=1, therapies=[["sotorasib"]], notes=[note])
    second = card(id="second", rank=50)
    assert [finding.card.id for finding in found(first, second, **ADA).shown] == ["second", "first"]


@pytest.mark.parametrize("ongoing", [True, False])
def test_a_warning_stands_though_its_alternative_is_being_taken_or_was_given(ongoing: bool) -> None:
    warning = card(kind="resistance", therapies=[["adagrasib"]], card=TEXT | {"indicator": "warning"})
    ada = judged(warning, **ADA, therapies=[{"drug": "adagrasib", "first": "90 days ago", "ongoing": ongoing}])
    assert ada.applies
    assert ada.therapies == ()
    assert (wording(ada).indicator, wording(ada).summary) == ("warning", TEXT["summary"])


def test_a_combination_is_one_regimen_and_stays_while_one_member_is_taken() -> None:
    pair = card(therapies=[["sotorasib", "panitumumab"]])
    one = judged(pair, **ADA, therapies=[{"drug": "sotorasib", "ongoing": True}])
    assert one.therapies == (("sotorasib", "panitumumab"),)
    both = [{"drug": drug, "ongoing": True} for drug in ("sotorasib", "panitumumab")]
    assert not judged(pair, **ADA, therapies=both).applies


@pytest.mark.parametrize(
    ("treatment", "said"),
    [
        ({"drug": "sotorasib", "last": "2026-03"},
         "Sotorasib was given before (last dose 2026-03) and is not proposed again."),
        ({"drug": "sotorasib"}, "Sotorasib was given before and is not proposed again."),
        ({"drug": "sotorasib", "last": "20 days ago", "ongoing": None},
         "Sotorasib was given before (last dose 2026-05-26) and is not proposed again."),
    ],
)  # fmt: skip
def test_a_drug_that_was_given_before_is_said_and_not_proposed_again(treatment: dict[str, Any], said: str) -> None:
    ada = judged(card(), **ADA, therapies=[treatment])
    assert ada.therapies == (("adagrasib",),)
    assert ada.additions == (said,)
    assert ada.kind is Kind.THERAPY


def test_a_drug_given_around_surgery_may_be_proposed_again() -> None:
    ada = judged(card(), **ADA, therapies=[{"drug": "sotorasib", "intent": "adjuvant", "last": "2025-03"}])
    assert ada.therapies == (("sotorasib",), ("adagrasib",))
    assert ada.additions == ("Sotorasib was given before (last dose 2025-03).",)


def test_a_regimen_with_a_new_member_is_still_proposed() -> None:
    pair = card(therapies=[["sotorasib", "panitumumab"]])
    ada = judged(pair, **ADA, therapies=[{"drug": "panitumumab", "last": "2026-03"}])
    assert ada.therapies == (("sotorasib", "panitumumab"),)
    assert ada.additions == ("Panitumumab was given before (last dose 2026-03).",)


def test_a_therapy_card_that_proposes_nothing_is_a_notice_and_says_why() -> None:
    ada = judged(card(), **ADA, therapies=["sotorasib", "adagrasib"])
    assert ada.applies
    assert (ada.kind, ada.therapies) == (Kind.NOTICE, ())
    assert wording(ada).summary.startswith("Nothing left to propose: ")
    assert "Adagrasib was given before" in wording(ada).text
    assert judged(card(), tumour="LUAD", genomics="not sent").kind is Kind.NOTICE


def test_a_note_withholds_what_does_not_suit_this_patient() -> None:
    note = {"when": [{"age": {"at_most": 70, "because": "label"}}], "text": "Not below 71.", "withholds": ["adagrasib"]}
    assert judged(card(notes=[note]), **ADA, age=80).therapies == (("sotorasib",), ("adagrasib",))
    young = judged(card(notes=[note]), **ADA, age=60)
    assert (young.therapies, young.additions) == ((("sotorasib",),), ("Not below 71.",))
    assert judged(card(notes=[note]), **ADA).therapies == (("sotorasib",), ("adagrasib",))
    unsure = judged(card(notes=[{**note, "if_unknown": "Not while the age is unknown."}]), **ADA)
    assert (unsure.therapies, unsure.additions) == ((("sotorasib",),), ("Not while the age is unknown.",))
    assert "the date of birth was not sent" in unsure.missing
    with pytest.raises(ValueError, match="a note withholds regimens of `therapies`"):
        card(notes=[{**note, "withholds": ["imatinib"]}])


@pytest.mark.parametrize("given", [False, None])
def test_a_drug_that_was_planned_or_perhaps_given_is_not_said_to_have_been_given(given: bool | None) -> None:
    assert judged(card(), **ADA, therapies=[{"drug": "sotorasib", "given": given}]).additions == ()


@pytest.mark.parametrize(
    "short",
    [
        {"tumour": "LUAD", "genomics": "not sent"},
        {"tumour": "LUAD", "variants": ["KRAS G12X"]},
        {"tumour": "LUAD", "variants": [{"gene": "KRAS", "protein": "G12C", "significance": "uncertain"}]},
        {"tumour": "LUAD", "variants": [{"gene": "KRAS", "protein": "G12C", "status": "preliminary"}]},
        {"tumour": [{"is": None}], "variants": ["KRAS G12C"]},
    ],
)
def test_a_card_that_cannot_be_judged_proposes_nothing_and_says_what_is_missing(short: dict[str, Any]) -> None:
    ada = judged(card(), **short, therapies=[{"drug": "sotorasib", "last": "20 days ago"}])
    assert ada.verdict.outcome is Outcome.UNKNOWN
    assert ada.therapies == ()
    assert ada.additions == ()
    assert ada.missing


@pytest.mark.parametrize(
    "variant",
    [
        {"origin": "germline"},
        {"significance": "benign"},
        {"significance": "uncertain"},
        {"status": "preliminary"},
        {"presence": "absent"},
        {"presence": "unknown"},
    ],
)
def test_no_shipped_card_proposes_anything_on_such_a_finding(shipped: Library, variant: dict[str, str]) -> None:
    for change in ("KRAS G12C", "BRAF V600E", "ERBB2 Y772_A775dup"):
        gene, protein = change.split()
        for tumour in ("LUAD", "COADREAD", "PAAD", "LGSOC", "DDLS"):
            finding_of_it = {"gene": gene, "protein": protein, **variant}
            given = ["FOLFOX", "FOLFIRI", "carboplatin"]
            short = {"tumour": tumour, "extent": "metastatic", "variants": [finding_of_it], "therapies": given}
            record = patient(**short)
            for definition in shipped.cards:
                finding = evaluate(definition, record, shipped.terms)
                rests_on_it = any(leaf.facts and gene in str(leaf.facts) for leaf in finding.verdict.leaves()
                                  if leaf.outcome is Outcome.MET)  # fmt: skip
                assert not (finding.therapies and rests_on_it), (definition.id, short)


@pytest.fixture(scope="module")
def shipped() -> Library:
    return load_library(content_folder())


def test_the_cheap_look_never_spares_a_card_that_would_have_spoken(shipped: Library) -> None:
    records = [build_record(e.patient, shipped.terms) for c in shipped.cards for e in c.examples[::4]]
    for record in records:
        case = Case(record, shipped.terms)
        for definition in shipped.cards:
            if surely_not(definition, case):
                outcome = evaluate(definition, record, shipped.terms).verdict.outcome
                silent = outcome is Outcome.UNKNOWN and definition.if_unknown == "stay-silent"
                assert outcome is Outcome.NOT_MET or silent, definition.id


def test_notes_add_their_text_when_met_and_their_doubt_when_open() -> None:
    note = {
        "when": [{"variant": {"gene": "STK11", "as": "co"}}],
        "text": "{co.change} beside it.",
        "if_unknown": "STK11 is not known.",
    }
    definition = card(notes=[note])
    met = judged(definition, tumour="LUAD", variants=["KRAS G12C", "STK11 Q37*"])
    assert met.additions == ("{co.change} beside it.",)
    assert met.values["co.change"] == "STK11 Q37*"
    assert judged(definition, **ADA).additions == ("STK11 is not known.",)
    assert judged(definition, **ADA, wild_type=["STK11"]).additions == ()


def test_a_note_without_a_word_for_doubt_stays_silent_and_names_nothing_missing() -> None:
    ada = judged(card(notes=[{"when": [{"variant": {"gene": "STK11"}}], "text": "STK11 too."}]), **ADA)
    assert ada.additions == ()
    assert ada.missing == ()


def test_a_note_that_does_not_hold_leaves_nothing_open() -> None:
    note = {"when": [{"tumour": {"is": "COADREAD"}}, {"variant": {"gene": "STK11"}}], "text": "STK11 too."}
    ada = judged(card(notes=[note]), **ADA)
    assert ada.additions == ()
    assert ada.missing == ()


def test_notes_are_not_judged_where_the_card_does_not_apply() -> None:
    note = {"when": [{"variant": {"gene": "STK11"}}], "text": "STK11 too.", "if_unknown": "unknown"}
    colon = judged(card(notes=[note]), tumour="COADREAD", variants=["KRAS G12C", "STK11 Q37*"])
    assert (colon.additions, colon.note_verdicts) == ((), ())


def test_a_card_says_it_cannot_be_judged_only_when_the_lines_it_needs_are_met() -> None:
    gated = card(unknown_needs=["variant"])
    assert found(gated, variants=["KRAS G12C"], tumour="not sent").unknown
    assert not found(gated, tumour="LUAD").unknown
    assert found(card(), tumour="LUAD").unknown


def test_a_silent_card_stays_silent_when_it_cannot_be_judged_but_names_the_gap() -> None:
    silent = card(if_unknown="stay-silent", when=[{"had_therapy": {"drug": "docetaxel"}}])
    told = found(silent, **{**ADA, "therapies": "not sent"})
    assert (told.shown, told.unknown) == ((), ())
    assert told.gaps == ("no medication history was sent",)


def test_a_card_that_applies_takes_the_place_of_those_it_replaces() -> None:
    weaker = card(id="weaker", if_unknown="say-so", when=[{"variant": {"gene": "TP53"}}])
    shown = found(card(replaces=["weaker"]), weaker, **ADA)
    assert [f.card.id for f in (*shown.shown, *shown.unknown)] == ["kras-g12c-lung"]
    other = found(card(replaces=["weaker"]), weaker, tumour="COADREAD", variants=["KRAS G12C", "TP53 R175H"])
    assert [f.card.id for f in other.shown] == ["weaker"]


def test_findings_come_by_urgency_then_rank_then_id() -> None:
    warning = card(id="d", rank=90, card={**TEXT, "indicator": "warning"})
    cards = [card(id="c", rank=20), card(id="b", rank=50), card(id="a", rank=50), warning]
    assert [f.card.id for f in found(*cards, **ADA).shown] == ["d", "c", "a", "b"]


def test_only_cards_of_the_hook_that_are_not_retired_are_asked() -> None:
    assert not found(card(status="retired"), **ADA).shown
    assert not found(card(), **ADA, hook="order-sign").shown


def test_a_fault_in_one_card_is_named_and_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    real = module.evaluate

    def faulty(definition: Any, *rest: Any) -> Any:
        if definition.id == "broken":
            raise ZeroDivisionError
        return real(definition, *rest)

    monkeypatch.setattr(module, "evaluate", faulty)
    told = found(card(id="broken"), card(), **ADA)
    assert [c.id for c in told.failed] == ["broken"]
    assert [f.card.id for f in told.shown] == ["kras-g12c-lung"]


def test_a_warning_is_about_the_drugs_being_ordered() -> None:
    definition = card(
        kind="toxicity",
        therapies=...,
        strength=...,
        hooks=["order-select"],
        about=["sotorasib", "adagrasib", "{io.drug}"],
        when=[
            {"ordering": {"class": "KRAS G12C inhibitor"}},
            {"had_therapy": {"class": "anti-PD-(L)1", "as": "io"}},
        ],
    )
    given = {"therapies": [{"drug": "pembrolizumab", "last": "20 days ago"}]}
    assert judged(definition, **given, ordering="adagrasib").about == ("adagrasib", "pembrolizumab")
    assert judged(definition, **given).about == ("sotorasib", "adagrasib", "pembrolizumab")
    past = [*given["therapies"], {"drug": "adagrasib", "last": "100 days ago"}]
    assert judged(definition, therapies=past).about == ("adagrasib", "pembrolizumab")


def test_missing_sentences_are_named_once_each() -> None:
    twice = judged(
        card(when=[G12C, LUNG, {"variant": {"gene": "KRAS", "codon": 12}}]), tumour="LUAD", genomics="not sent"
    )
    assert twice.missing == ("no genomic results were sent",)


def test_the_outcome_of_every_card_is_a_tree_of_sentences(shipped: Library) -> None:
    record = patient(**ADA, therapies="not sent")
    for definition in shipped.cards:
        leaves: list[Verdict] = list(evaluate(definition, record, shipped.terms).verdict.leaves())
        assert leaves
        assert all(leaf.sentence for leaf in leaves), definition.id
