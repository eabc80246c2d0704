"""Findings as cards: what the clinician reads, what programs read, and the orders ready to place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from textwrap import shorten
from uuid import UUID, uuid5

from cds_targets import __version__
from cds_targets.fhir.orders import OrderContext, service_requests
from cds_targets.hooks import response as wire
from cds_targets.hooks.markdown import bullets, escape
from cds_targets.library.definition import CardDefinition, Kind, Suggestion
from cds_targets.matching.finding import Finding
from cds_targets.matching.verdict import Outcome, Verdict
from cds_targets.matching.wording import Wording, wording
from cds_targets.terms import Terms

# The namespace of our uuid5 names; any fixed UUID serves, this one was drawn at random once.
_NAMESPACE = UUID("7d1f2f0e-4c0f-4f0b-9f3d-0c6f6f6b8f3a")
_TOPICS = f"urn:uuid:{_NAMESPACE}"  # the code system of our card ids; it has no address of its own
_LABEL = "cds-targets"
_MAX_LISTED = 6
_LINK_LIMIT = 80
TITLES = {
    Kind.THERAPY: "Further targeted therapies to consider",
    Kind.RESISTANCE: "Further resistance findings",
    Kind.TOXICITY: "Further toxicity and monitoring points",
    Kind.SEQUENCING: "Further points on sequence of treatment",
    Kind.TESTING: "Further tests to consider",
    Kind.TRIAL: "Further potential trial matches",
    Kind.NOTICE: "Further notes on this tumour's findings",
}


@dataclass(frozen=True, slots=True)
class Call:
    """What rendering needs to know of the call."""

    instance: str
    hook: str
    service: str
    patient_id: str
    user: str | None
    day: date
    encounter: str | None = None
    not_stocked: frozenset[str] = frozenset()


def card_of(finding: Finding, call: Call, terms: Terms) -> wire.Card:
    """One finding as a card."""
    words = wording(finding, escape)
    definition = finding.card
    identity = card_uuid(call, definition.id, str(definition.version))
    suggestions = _suggestions(finding, call, terms, identity)
    return wire.Card(
        uuid=identity,
        summary=short(words.summary),
        detail=_detail(finding, words, call),
        indicator=words.indicator,
        source=source(definition.id, definition.title),
        suggestions=suggestions,
        selection_behavior="any" if suggestions else None,
        override_reasons=_reasons(definition, terms) if words.indicator != "info" or suggestions else (),
        links=_links(definition),
        extension=wire.CardExtensions(card=_extension(finding)),
    )


def card_uuid(call: Call, *parts: str) -> str:
    """Stable for one call and card, so that a repeated call gives the same."""
    return str(uuid5(_NAMESPACE, "\n".join([call.instance, call.service, *parts])))


def short(summary: str) -> str:
    """The summary cut to the length the protocol allows."""
    return summary if len(summary) <= wire.SUMMARY_LIMIT else summary[: wire.SUMMARY_LIMIT - 1].rstrip() + "…"


def source(topic: str, display: str) -> wire.Source:
    """Who says so, with the card's id as topic."""
    label = f"{_LABEL} {__version__}"
    return wire.Source(label=label, topic=wire.Coding(code=topic, system=_TOPICS, display=display))


def _detail(finding: Finding, words: Wording, call: Call) -> str:
    card = finding.card
    parts = [_overdue_line(card, call), words.detail, *words.additions]
    if finding.applies:
        parts.append("**Why:** " + _because_line(finding.verdict))
        caveats = dict.fromkeys(caveat for leaf in finding.verdict.leaves() for caveat in leaf.caveats)
        if caveats:
            parts.append("**Note:** " + "; ".join(escape(caveat) for caveat in caveats))
    if finding.missing:
        parts.append("**Not known:**\n" + bullets([escape(sentence) for sentence in finding.missing]))
    if card.strength is not None and finding.therapies:
        parts.append(_strength_line(card))
    parts.append(_sources_line(card))
    parts.append(_stock_line(finding.therapies, call))
    if card.background:
        parts.append(card.background)
    parts.append(footer(card.id, card.version, card.status))
    return "\n\n".join(part for part in parts if part)


def _because_line(verdict: Verdict) -> str:
    """What holds, most specific first; the exceptions that do not apply are left out."""
    met = [
        leaf.sentence
        for line in verdict.children
        if line.condition != "unless"
        for leaf in line.leaves()
        if leaf.outcome is Outcome.MET
    ]
    return "; ".join(escape(sentence) for sentence in dict.fromkeys(met))


def _overdue_line(card: CardDefinition, call: Call) -> str:
    """That nobody has looked at the content for longer than was meant."""
    if card.review_by >= call.day:
        return ""
    return f"**Review overdue:** this content was to be reviewed by {card.review_by}; check its sources."


def _stock_line(therapies: Iterable[tuple[str, ...]], call: Call) -> str:
    """Which of the drugs the site does not stock; they stay options."""
    named = dict.fromkeys(drug for regimen in therapies for drug in regimen if drug in call.not_stocked)
    return f"**Not stocked here:** {escape(', '.join(named))}; ask the pharmacy." if named else ""


def _strength_line(card: CardDefinition) -> str:
    strength = card.strength
    if strength is None:
        return ""
    parts = []
    if strength.regulatory is not None:
        regulatory = strength.regulatory
        words = {
            "approved": "approved",
            "accelerated": "accelerated approval",
            "conditional": "conditional approval",
            "outside-indication": "outside the approved indication",
            "investigational": "investigational",
            "none": "not approved",
        }[regulatory.status]
        by = " ".join(text for text in (regulatory.agency, str(regulatory.date or "")) if text)
        parts.append(f"{words} ({by})" if by else words)
    if strength.amp:
        parts.append(f"AMP/ASCO/CAP {strength.amp}")
    if strength.escat:
        parts.append(f"ESCAT {strength.escat}")
    return "**Strength:** " + "; ".join(parts)


# Kinds of evidence, strongest statement about patients first.
_KINDS = {
    "label": "label",
    "guideline": "guideline",
    "randomised": "randomised trial",
    "single-arm": "single-arm trial",
    "retrospective": "retrospective study",
    "database": "curated database",
    "registry": "trial registry",
    "review": "review",
    "announcement": "announcement",
    "preclinical": "preclinical work",
}


def _sources_line(card: CardDefinition) -> str:
    """Which kinds of evidence the card rests on."""
    kinds = {evidence.kind for evidence in card.evidence.values()}
    return "**Sources:** " + ", ".join(words for kind, words in _KINDS.items() if kind in kinds)


def footer(card_id: str, version: int, status: str) -> str:
    """The last line of every detail: which content, which version, how far reviewed."""
    state = "draft content, not clinically reviewed" if status == "draft" else "reviewed content"
    return f"*{card_id}, version {version}; {state}; cds-targets {__version__}. Decision support for clinicians.*"


def _links(card: CardDefinition) -> tuple[wire.Link, ...]:
    links = []
    for evidence in card.evidence.values():
        if evidence.link is not None:
            links.append(wire.Link(label=shorten(evidence.cite, _LINK_LIMIT, placeholder=" …"), url=evidence.link))
    unique = {link.url: link for link in links}
    return tuple(unique.values())


def _reasons(card: CardDefinition, terms: Terms) -> tuple[wire.OverrideReason, ...]:
    return tuple(
        wire.OverrideReason(code=reason.code, system=reason.system, display=reason.display)
        for reason in (terms.override_reasons[name] for name in card.card.override_reasons)
    )


def _suggestions(finding: Finding, call: Call, terms: Terms, identity: str) -> tuple[wire.Suggestion, ...]:
    card = finding.card
    written: tuple[Suggestion, ...] = card.card.suggest
    if not finding.applies:
        written = card.unknown_card.suggest if card.unknown_card is not None else ()
    reason = next((value for key, value in finding.values.items() if key.endswith(".reference")), None)
    context = OrderContext(call.patient_id, call.hook, call.day, call.user, reason, call.encounter)
    found = []
    for index, suggestion in enumerate(written):
        panel = terms.labs.panels[suggestion.order]
        if suggestion.schedule is None and panel.placed_by(finding.placed):
            continue
        schedule = terms.labs.schedules[suggestion.schedule] if suggestion.schedule else None
        description = f"Order: {panel.name}" + (f", {schedule.name}" if schedule else "")
        resources = service_requests(panel, terms.labs, context, schedule)
        found.append(
            wire.Suggestion(
                label=suggestion.label,
                uuid=str(uuid5(_NAMESPACE, f"{identity}\n{index}")),
                is_recommended=True if suggestion.recommended else None,
                actions=tuple(
                    wire.Action(type="create", description=description, resource=resource) for resource in resources
                ),
            )
        )
    return tuple(found)


def without_repeated_orders(cards: Sequence[wire.Card]) -> list[wire.Card]:
    """Each order is offered once: a suggestion whose every resource an earlier card offers is left out there."""
    offered: set[str] = set()
    found = []
    for card in cards:
        placed = [{_order_of(action) for action in suggestion.actions} for suggestion in card.suggestions]
        kept = tuple(
            suggestion for suggestion, orders in zip(card.suggestions, placed, strict=True) if not orders <= offered
        )
        offered.update(*placed)
        behaviour = card.selection_behavior if kept else None
        found.append(card.model_copy(update={"suggestions": kept, "selection_behavior": behaviour}))
    return found


def _order_of(action: wire.Action) -> str:
    """What is placed and when, whatever it belongs to."""
    resource = {key: value for key, value in (action.resource or {}).items() if key != "supportingInfo"}
    return json.dumps(resource, sort_keys=True)


def _extension(finding: Finding) -> wire.CardExtension:
    card = finding.card
    return wire.CardExtension(
        id=card.id,
        version=card.version,
        status="active" if card.status == "active" else "draft",
        kind=finding.kind,
        therapies=finding.therapies,
        about=finding.about,
        strength=_strength(card) if finding.applies and (finding.therapies or not card.therapies) else None,
        because=tuple(_because(finding.verdict)),
        unknown=finding.missing,
        evidence=tuple(
            wire.CitedEvidence(cite=evidence.cite, url=evidence.link, says=evidence.says)
            for evidence in card.evidence.values()
        ),
    )


def _strength(card: CardDefinition) -> wire.Strength | None:
    strength = card.strength
    if strength is None:
        return None
    regulatory = None
    if strength.regulatory is not None:
        given = strength.regulatory
        regulatory = wire.Regulatory(status=given.status, agency=given.agency, date=given.date)
    return wire.Strength(amp=strength.amp, escat=strength.escat, regulatory=regulatory)


def _because(verdict: Verdict) -> Iterable[wire.Because]:
    for line in verdict.children:
        for leaf in line.leaves():
            yield wire.Because(
                condition=leaf.condition.removeprefix("unless "),
                outcome=leaf.outcome.value,
                sentence=leaf.sentence or leaf.condition,
                facts=leaf.facts,
            )


def folded(findings: list[Finding], kind: Kind, call: Call) -> wire.Card:
    """Several findings of one kind as one card, which still lists every therapy it folds."""
    summaries = [wording(finding, escape).summary for finding in findings]
    therapies = dict.fromkeys(regimen for finding in findings for regimen in finding.therapies)
    ids = [finding.card.id for finding in findings]
    evidence = {link.url: link for finding in findings for link in _links(finding.card)}
    parts = (
        bullets([escape(summary) for summary in summaries]),
        _stock_line(therapies, call),
        footer(f"folded-{kind.value}", 1, "draft"),
    )
    return wire.Card(
        uuid=card_uuid(call, f"folded-{kind.value}", *ids),
        summary=f"{TITLES[kind]} ({len(findings)})",
        detail="\n\n".join(part for part in parts if part),
        indicator="warning" if any(f.card.card.indicator != "info" for f in findings if f.applies) else "info",
        source=source(f"folded-{kind.value}", TITLES[kind]),
        links=tuple(evidence.values())[:10],
        extension=wire.CardExtensions(
            card=wire.CardExtension(
                id=f"folded-{kind.value}",
                version=1,
                status="draft",
                kind=kind,
                therapies=tuple(therapies),
                about=tuple(dict.fromkeys(drug for finding in findings for drug in finding.about)),
                unknown=tuple(dict.fromkeys(gap for finding in findings for gap in finding.missing)),
                because=tuple(reason for finding in findings for reason in _because(finding.verdict)),
            )
        ),
    )


def gaps_card(
    gaps: tuple[str, ...],
    unjudged: list[Finding],
    failed: tuple[CardDefinition, ...],
    uninterpreted: tuple[str, ...],
    call: Call,
) -> wire.Card:
    """What could not be seen or judged, so that silence is never read as "nothing found"."""
    titles = [finding.card.title for finding in unjudged]
    parts = []
    if gaps:
        parts.append("**Not seen:**\n" + bullets([escape(gap) for gap in gaps]))
    if uninterpreted:
        listed = [escape(line) for line in uninterpreted[:_MAX_LISTED]]
        more = len(uninterpreted) - len(listed)
        parts.append(
            "**Reported but not interpreted:**\n" + bullets([*listed, *([f"and {more} more"] if more else [])])
        )
    if titles:
        listed = [escape(title) for title in titles[:_MAX_LISTED]]
        more = len(titles) - len(listed)
        parts.append("**Could not be judged:**\n" + bullets([*listed, *([f"and {more} more"] if more else [])]))
    if failed:
        parts.append("**Not evaluated because of a fault:**\n" + bullets([escape(card.title) for card in failed]))
    parts.append("An absent card here does not mean that nothing was found.")
    parts.append(footer("not-everything-seen", 1, "draft"))
    first = next(iter([*gaps, *titles, *uninterpreted]), "some cards could not be evaluated")
    missing = dict.fromkeys([*gaps, *(gap for finding in unjudged for gap in finding.missing), *uninterpreted])
    return wire.Card(
        uuid=card_uuid(call, "not-everything-seen"),
        summary=short(f"Not everything could be judged: {first}"),
        detail="\n\n".join(parts),
        indicator="info",
        source=source("not-everything-seen", "What could not be seen or judged"),
        extension=wire.CardExtensions(
            card=wire.CardExtension(
                id="not-everything-seen",
                version=1,
                status="draft",
                kind=Kind.NOTICE,
                about=tuple(dict.fromkeys(drug for finding in unjudged for drug in finding.about)),
                unknown=tuple(missing) or (first,),
            )
        ),
    )
