"""Matched studies as cards: what fits, what is open, and the status with its date."""

from __future__ import annotations

from cds_targets.fhir.research_study import StudySite, StudySummary
from cds_targets.hooks import response as wire
from cds_targets.hooks.markdown import bullets, escape
from cds_targets.hooks.render import TITLES, Call, card_uuid, footer, short, source
from cds_targets.library.definition import Kind
from cds_targets.matching.verdict import Outcome
from cds_targets.trials.match import StudyMatch, status_sentence
from cds_targets.trials.registry import Mentioning

REGISTRY_SHOWN = 6
_REGISTRY = "registry-mentions"


def trial_card(match: StudyMatch, call: Call) -> wire.Card:
    """One study as a card: what fits, what is open, its status with date."""
    study = match.study
    certain = match.outcome is Outcome.MET
    name = study.short_title or study.title
    lead = "Potential trial match" if certain else "Possible trial, key criteria open"
    parts = [
        f"**{escape(study.title)}**",
        "; ".join(escape(words) for words in (study.phase, study.sponsor, status_sentence(study)))
        + f". Arm: {escape(match.arm.name)}.",
        *([f"**Where:** {escape(match.where.sentence)}."] if match.where.sentence else []),
        "**Fits:**\n" + bullets([escape(point) for point in match.met_points]),
    ]
    if match.open_points:
        parts.append("**To find out:**\n" + bullets([escape(point) for point in match.open_points]))
    if study.not_checked:
        parts.append("**Not checked here:**\n" + bullets([escape(point) for point in study.not_checked]))
    parts.append("A potential match, not a statement of eligibility.")
    parts.append(footer(study.nct, 1, "draft"))
    unknown = (*match.open_points, *(f"not checked: {point}" for point in study.not_checked))
    return wire.Card(
        uuid=card_uuid(call, study.nct),
        summary=short(f"{lead}: {study.nct} {name}"),
        detail="\n\n".join(parts),
        indicator="info",
        source=source(study.nct, study.title[:120]),
        links=(wire.Link(label=f"{study.nct} at ClinicalTrials.gov", url=study.url),),
        extension=wire.CardExtensions(
            card=wire.CardExtension(
                id=study.nct.lower(),
                version=1,
                status="draft",
                kind=Kind.TRIAL,
                trials=(study.nct,) if certain else (),
                trials_unknown=() if certain else (study.nct,),
                because=tuple(
                    wire.Because(
                        condition=v.condition.removeprefix("unless "),
                        outcome=v.outcome.value,
                        sentence=v.sentence or v.condition,
                        facts=v.facts,
                    )
                    for v in match.criteria
                ),
                unknown=unknown,
                evidence=tuple(
                    wire.CitedEvidence(cite=e.cite, url=e.link, says=e.says) for e in study.evidence.values()
                ),
            )
        ),
    )


def registry_card(found: Mentioning, call: Call) -> wire.Card:
    """Registry studies whose criteria nobody has read: what they mention, and that nothing of it was checked."""
    shown = found.studies[:REGISTRY_SHOWN]
    lines = [
        f"{study.nct}: {escape(study.title)} ({escape(study.status)} as of {study.updated}). "
        + ". ".join(escape(words) for words in (study.sentence, study.where.sentence) if words)
        for study in shown
    ]
    rest = found.total - len(shown)
    many = f"{'over ' if found.more else ''}{found.total}"
    noun = "study mentions" if found.total == 1 else "studies mention"
    return wire.Card(
        uuid=card_uuid(call, _REGISTRY, *(study.nct for study in shown)),
        summary=short(f"{many} more registry {noun} a finding of this patient: criteria not checked"),
        detail="\n\n".join(
            [
                bullets([*lines, *([f"and {'over ' if found.more else ''}{rest} more"] if rest else [])]),
                "Found by tumour type, age, sex and status, those with a site in the patient's country first; their "
                "free text was not judged.",
                footer(_REGISTRY, 1, "draft"),
            ]
        ),
        indicator="info",
        source=source(_REGISTRY, "Registry studies that mention a finding"),
        links=tuple(
            wire.Link(label=f"{study.nct} at ClinicalTrials.gov", url=f"https://clinicaltrials.gov/study/{study.nct}")
            for study in shown
        ),
        extension=wire.CardExtensions(
            card=wire.CardExtension(
                id=_REGISTRY,
                version=1,
                status="draft",
                kind=Kind.TRIAL,
                unknown=(f"the criteria of {many} registry {'study' if found.total == 1 else 'studies'}",),
            )
        ),
    )


def summary_of(match: StudyMatch) -> StudySummary:
    """One study for a FHIR searchset; the score is a rank, not a probability."""
    study = match.study
    points = [
        *(f"Fits: {point}" for point in match.met_points),
        *(f"To find out: {point}" for point in match.open_points),
        *(f"Not checked: {point}" for point in study.not_checked),
        *([f"Where: {match.where.sentence}"] if match.where.sentence else []),
        f"Status: {status_sentence(study)}",
        "A potential match, not a statement of eligibility.",
    ]
    return StudySummary(
        nct=study.nct,
        title=study.title,
        url=study.url,
        status=study.status.word,
        phase=study.phase,
        sponsor=study.sponsor,
        description="\n".join(text for text in (study.short_title, study.objective, *study.notes) if text),
        points=tuple(points),
        arms=tuple((arm.name, arm.drugs) for arm in study.arms),
        score=_score(match),
        sites=tuple(StudySite(site.city, site.state, site.country, site.point) for site in match.where.here),
    )


def _score(match: StudyMatch) -> float:
    """1: every criterion that is known is met; 0.8: tumour and genes fit, others are open; 0.5: those are open too."""
    if match.outcome is not Outcome.MET:
        return 0.5
    return 0.8 if match.open_points else 1.0


def folded_trials(matches: list[StudyMatch], call: Call) -> wire.Card:
    """The trials beyond the first few as one card that still lists every one."""
    lines = [
        f"{m.study.nct}: {escape(m.study.short_title or m.study.title)} ({escape(status_sentence(m.study))})"
        + ("" if m.outcome is Outcome.MET else "; key criteria open")
        + (f"; {escape(m.where.sentence)}" if m.where.sentence else "")
        for m in matches
    ]
    certain = tuple(m.study.nct for m in matches if m.outcome is Outcome.MET)
    unsure = tuple(m.study.nct for m in matches if m.outcome is not Outcome.MET)
    return wire.Card(
        uuid=card_uuid(call, "folded-trials", *(m.study.nct for m in matches)),
        summary=f"{TITLES[Kind.TRIAL]} ({len(matches)})",
        detail=bullets(lines) + "\n\n" + footer("folded-trial", 1, "draft"),
        indicator="info",
        source=source("folded-trial", TITLES[Kind.TRIAL]),
        extension=wire.CardExtensions(
            card=wire.CardExtension(
                id="folded-trial",
                version=1,
                status="draft",
                kind=Kind.TRIAL,
                trials=certain,
                trials_unknown=unsure,
                unknown=tuple(dict.fromkeys(point for m in matches for point in m.open_points)),
            )
        ),
    )
