"""The words of a finding: placeholders filled, patient text escaped, and a text of its own where nothing is certain."""

from __future__ import annotations

from cds_targets.matching.wording import fill, wording
from tests.matching.cards import ADA, card, judged


def shout(text: str) -> str:
    return text.upper()


def test_placeholders_are_filled_from_what_the_lines_bound() -> None:
    said = wording(judged(card(), **ADA))
    assert (said.summary, said.detail) == ("KRAS G12C: an inhibitor is an option", "KRAS G12C.")


def test_the_summary_says_what_is_left_where_not_all_it_names_is_proposed() -> None:
    taken = [{"drug": "sotorasib", "ongoing": True}]
    said = wording(judged(card(), **ADA, therapies=taken))
    assert said.summary == "KRAS G12C: an inhibitor is an option; proposed here: adagrasib"


def test_a_summary_without_room_for_what_is_left_stays_as_it_is() -> None:
    long = {"indicator": "info", "summary": "A summary of some length " * 5, "detail": ""}
    said = wording(judged(card(card=long), **ADA, therapies=[{"drug": "sotorasib", "ongoing": True}]))
    assert said.summary == long["summary"]


def test_bound_values_are_escaped_in_the_detail_and_its_additions_only() -> None:
    note = {"when": [{"tumour": {"is": "NSCLC", "as": "site"}}], "text": "In {site.name}."}
    said = wording(judged(card(notes=[note]), **ADA), shout)
    assert said.summary.startswith("KRAS G12C: an")
    assert said.additions == ("In LUNG ADENOCARCINOMA.",)


def test_a_placeholder_without_a_value_says_unknown() -> None:
    assert fill("{io.days} days", {}, shout) == "UNKNOWN days"
    assert fill("{not a placeholder} {io}", {}, shout) == "{not a placeholder} {io}"


def test_a_line_that_begins_with_a_value_begins_with_a_capital() -> None:
    text = "{io.drug} was given.\n\n{io.drug}: still given, as {io.drug}."
    assert fill(text, {"io.drug": "nivolumab"}, str) == "Nivolumab was given.\n\nNivolumab: still given, as nivolumab."


def test_a_value_that_looks_like_a_placeholder_is_not_filled_again() -> None:
    assert fill("{a.b}", {"a.b": "{c.d}", "c.d": "x"}, str) == "{c.d}"


def test_a_card_that_cannot_be_judged_says_so_in_its_own_words_or_in_ours() -> None:
    own = card(unknown_card={"summary": "The tumour type decides", "detail": "Record it.", "indicator": "warning"})
    said = wording(judged(own, variants=["KRAS G12C"], tumour="not sent"))
    assert (said.indicator, said.summary, said.detail) == ("warning", "The tumour type decides", "Record it.")
    ours = wording(judged(card(), variants=["KRAS G12C"], tumour="not sent"))
    assert ours.summary == "Could not be judged: KRAS G12C in lung cancer"
    assert ours.indicator == "info"


def test_the_summary_of_what_cannot_be_judged_is_cut_to_what_fits() -> None:
    assert len(wording(judged(card(title="x" * 139), tumour="not sent")).summary) == 139
