"""Given this call, say this: request in, record read, library and studies judged, cards out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from cds_targets.auth.ehrs import load_ehrs
from cds_targets.ehr.fetcher import Fetcher
from cds_targets.ehr.guarded import Server, refuse_unreadable
from cds_targets.errors import CdsTargetsError, MissingData, SettingsError, SwitchedOff
from cds_targets.facts.genomic import GenomicFact, ReportStatus
from cds_targets.facts.record import Coverage, PatientRecord, Topic
from cds_targets.fhir.laboratory import warm_up
from cds_targets.fhir.patient_bundle import prefetch_of_bundle
from cds_targets.fhir.record import missing_keys, read_record
from cds_targets.fhir.research_study import searchset
from cds_targets.hooks.render import Call, card_of, folded, gaps_card, without_repeated_orders
from cds_targets.hooks.render_trials import REGISTRY_SHOWN, folded_trials, registry_card, summary_of, trial_card
from cds_targets.hooks.request import HookRequest
from cds_targets.hooks.response import Card, HookResponse
from cds_targets.hooks.services import Service, check_call, service_of
from cds_targets.hooks.silence import concerns, silence_rests_on
from cds_targets.library.definition import CardDefinition, Kind
from cds_targets.library.library import Library, content_folder, load_library
from cds_targets.matching.finding import Finding, Findings, find
from cds_targets.matching.verdict import Outcome
from cds_targets.settings import Settings
from cds_targets.store.governance import Policy, Showing, content_hashes, everything_shown, hash_of
from cds_targets.terms.stock import read_not_stocked
from cds_targets.trials.offered import Offered, offered
from cds_targets.trials.registry import Registry
from cds_targets.trials.study import Study, load_studies

_EVERY = frozenset(Kind) - {Kind.TRIAL}
# Which kinds of card a service shows.
_SHOWS: dict[str, frozenset[Kind]] = {
    "targeted-therapies": _EVERY - {Kind.TOXICITY},
    "treatment-monitoring": frozenset({Kind.TOXICITY}),
    "matching-trials": frozenset(),
    "therapy-safety-select": _EVERY,
    "therapy-safety-sign": _EVERY,
}


@dataclass(frozen=True, slots=True)
class Advisor:
    """The loaded content, ready to answer calls; holds nothing of any patient.

    `contents` has the hash of each card and study by id, `policy` gives the site's decisions in force;
    `fetcher` asks the EHR for what a call left out.
    """

    settings: Settings
    library: Library
    studies: tuple[Study, ...]
    contents: Mapping[str, str] = field(default_factory=dict)
    policy: Callable[[], Policy] = everything_shown
    fetcher: Fetcher | None = None
    not_stocked: frozenset[str] = frozenset()

    @classmethod
    def load(cls, settings: Settings, policy: Callable[[], Policy] = everything_shown) -> Advisor:
        """Read all content; raises ContentError if any file is wrong, SettingsError if one is missing."""
        servers = _servers(settings)
        folder = content_folder(settings.cards)
        if settings.registry is not None and not settings.registry.is_file():
            raise SettingsError(f"CDS_TARGETS_REGISTRY: there is no file {settings.registry}")
        library = load_library(folder)
        studies, documents = load_studies(folder / "trials")
        warm_up(library.terms)
        contents = content_hashes(library) | {nct.lower(): hash_of(file.data) for nct, file in documents.items()}
        fetcher = Fetcher(servers) if servers else None
        not_stocked = read_not_stocked(settings.not_stocked, library.terms.drugs)
        return cls(settings, library, tuple(studies), contents, policy, fetcher, not_stocked)

    @property
    def reasons(self) -> frozenset[tuple[str, str]]:
        """(system, code) of the override reasons that cards offer."""
        return frozenset((reason.system, reason.code) for reason in self.library.terms.override_reasons.values())

    def record(self, request: HookRequest, today: date) -> PatientRecord:
        """The patient record of a call, as read on `today`."""
        context = request.context
        prefetch = request.prefetch if self.fetcher is None else self.fetcher.complete(request)
        return read_record(
            context.patient_id,
            prefetch,
            context.draft_orders,
            list(context.selections) if context.selections is not None else None,
            today,
            self.settings.zone,
            self.library.terms,
            self.settings.max_entries,
            set(prefetch) - set(request.prefetch),
        )

    def advise(self, service_id: str, request: HookRequest, today: date) -> HookResponse:
        """The answer of a service; raises RequestError, UnknownService or MissingData."""
        service = service_of(service_id)
        check_call(service, request)
        record = self.record(request, today)
        self._require(service, record)
        context = request.context
        patient, user, encounter = context.patient_id, context.user_id, context.encounter_id
        call = Call(request.hook_instance, service.hook, service.id, patient, user, today, encounter, self.not_stocked)
        policy = self.policy()

        def will(showing: Showing, card_id: str, version: int) -> bool:
            return policy.showing(card_id, version, self.contents.get(card_id, "")) is showing

        if service.id == "matching-trials":
            shown, shadow = self._studies(policy, Showing.SHOWN), self._studies(policy, Showing.SHADOW)
            held = [match.study.nct.lower() for match in self._offered(shadow, record)[0].matches]
            return HookResponse(cards=tuple(self._trials(shown, record, service, call))).holding(held, record.foreign)

        def found_by(showing: Showing) -> Findings:
            def wanted(card: CardDefinition) -> bool:
                return card.kind in _SHOWS[service.id] and will(showing, card.id, card.version)

            return find(self.library, record, service.hook, wanted)

        found = found_by(Showing.SHOWN)
        held = [finding.card.id for finding in found_by(Showing.SHADOW).shown] if policy.decides else []
        return HookResponse(cards=tuple(self._cards(found, record, service, call))).holding(held, record.foreign)

    def studies_for(self, bundle: Any, today: date) -> dict[str, Any]:
        """A patient Bundle's matching studies as a FHIR searchset, for what the site shows of `matching-trials`.

        Raises RequestError for what is no such Bundle, SwitchedOff while the site shows no trials.
        """
        policy = self.policy()
        if policy.service("matching-trials") is not Showing.SHOWN:
            raise SwitchedOff("the site has switched trials off; nothing was matched")
        prefetch, identity = prefetch_of_bundle(bundle)
        settings, terms = self.settings, self.library.terms
        record = read_record(identity, prefetch, None, None, today, settings.zone, terms, settings.max_entries)
        found, _ = self._offered(self._studies(policy, Showing.SHOWN), record)
        return searchset(summary_of(match) for match in found.matches)

    def _studies(self, policy: Policy, showing: Showing) -> tuple[Study, ...]:
        """The studies that the site shows (or runs in shadow)."""
        if not policy.decides:
            return self.studies if showing is Showing.SHOWN else ()
        return tuple(
            study
            for study in self.studies
            if policy.showing(study.nct.lower(), 1, self.contents.get(study.nct.lower(), "")) is showing
        )

    def _require(self, service: Service, record: PatientRecord) -> None:
        keys = missing_keys(record, service.hook)
        if keys:
            raise MissingData(keys, "neither genomic results nor diagnoses or treatments were sent")
        if service.hook != "patient-view" and record.of(Topic.ORDERS).coverage is Coverage.MISSING:
            raise MissingData(("context.draftOrders",), "no order that can be read was sent")

    def _cards(self, found: Findings, record: PatientRecord, service: Service, call: Call) -> list[Card]:
        terms = self.library.terms
        spoken = [finding for finding in found.unknown if finding.card.unknown_card is not None]
        unjudged = [finding for finding in found.unknown if finding.card.unknown_card is None]
        findings = sorted([*found.shown, *spoken], key=_order)
        uninterpreted = _uninterpreted(record, findings) if service.id == "targeted-therapies" else ()
        told = {sentence for finding in findings for sentence in finding.missing}
        gaps = tuple(gap for gap in found.gaps if gap not in told and concerns(service, record))
        room = self.settings.max_cards - bool(gaps or unjudged or found.failed or uninterpreted)
        count = _shown_alone(findings, room)
        shown, rest = findings[:count], findings[count:]
        cards: list[Card] = []
        failed = list(found.failed)
        for finding in shown:
            try:
                cards.append(card_of(finding, call, terms))
            except Exception:  # one card's fault must not silence the rest; it is reported as not evaluated
                failed.append(finding.card)
        for kind in dict.fromkeys(finding.kind for finding in rest):
            same = [finding for finding in rest if finding.kind is kind]
            cards.append(card_of(same[0], call, terms) if len(same) == 1 else folded(same, kind, call))
        if not cards:
            topics = silence_rests_on(service, record, terms)
            suspected = self._suspected(record) if service.id == "targeted-therapies" else []
            gaps = tuple(dict.fromkeys([*gaps, *record.gaps(topics), *suspected, *found.unsettled]))
        if gaps or unjudged or failed or uninterpreted:
            cards.append(gaps_card(gaps, unjudged, tuple(failed), uninterpreted, call))
        return without_repeated_orders(cards)

    def _suspected(self, record: PatientRecord) -> list[str]:
        """Tumours that are suspected only: where nothing else is said, that is why nothing is proposed."""
        names = self.library.terms.tumours.by_id
        return [
            f"{names[tumour.term].name.lower() if tumour.term else tumour.written} is suspected, not confirmed"
            for tumour in record.active_tumours()
            if not tumour.certain and record.genomics.variants
        ]

    def _trials(self, studies: tuple[Study, ...], record: PatientRecord, service: Service, call: Call) -> list[Card]:
        found, searched = self._offered(studies, record)
        told = {point for match in found.matches for point in match.open_points}
        certain = any(match.outcome is Outcome.MET for match in found.matches)
        missed = () if certain else record.gaps(silence_rests_on(service, record, self.library.terms))
        gaps = [gap for gap in missed if gap not in told] + ([] if searched else ["the registry could not be searched"])
        beside: list[Card] = []
        if found.mentioned.total:
            beside.append(registry_card(found.mentioned, call))
        if gaps:
            beside.append(gaps_card(tuple(gaps), [], (), (), call))
        room = self.settings.max_cards - len(beside)
        alone = len(found.matches) if len(found.matches) <= room else max(room - 1, 1)
        cards = [trial_card(match, call) for match in found.matches[:alone]]
        rest = list(found.matches[alone:])
        if len(rest) == 1:
            cards.append(trial_card(rest[0], call))
        elif rest:
            cards.append(folded_trials(rest, call))
        return cards + beside

    def _offered(self, studies: tuple[Study, ...], record: PatientRecord) -> tuple[Offered, bool]:
        """What is offered, and whether the registry (if there is one) could be searched.

        The registry is opened per call: a connection survives no fork.
        """
        terms, path = self.library.terms, self.settings.registry
        if path is None:
            return offered(studies, record, terms), True
        try:
            with Registry(path) as registry:
                return offered(studies, record, terms, registry, self.studies, REGISTRY_SHOWN), True
        except (CdsTargetsError, sqlite3.Error):
            return offered(studies, record, terms), False


def _servers(settings: Settings) -> list[Server]:
    """The FHIR servers that may be asked; raises SettingsError."""
    refuse_unreadable(settings.ca_bundle)
    servers = [ehr.server for ehr in load_ehrs(settings.ehrs) if ehr.server is not None]
    servers += [Server(base) for base in settings.fhir_servers]
    servers += [Server(base, internal=True) for base in settings.internal_fhir_servers]
    return [replace(server, ca=settings.ca_bundle) for server in servers]


def _shown_alone(findings: list[Finding], room: int) -> int:
    """How many of the ranked findings get a card of their own, so that with one for each kind of the rest all fit.

    What is critical is never folded, whatever the room.
    """
    critical = sum(1 for finding in findings if _order(finding)[0] == 0)
    fits = (n for n in range(len(findings), -1, -1) if n + len({finding.kind for finding in findings[n:]}) <= room)
    return max(critical, next(fits, 1))


def _order(finding: Finding) -> tuple[int, int, str]:
    card = finding.card
    indicator = card.card.indicator
    if not finding.applies and card.unknown_card is not None:
        indicator = card.unknown_card.indicator
    return {"critical": 0, "warning": 1, "info": 2}[indicator], finding.rank, card.id


def _uninterpreted(record: PatientRecord, findings: list[Finding]) -> tuple[str, ...]:
    """Results that were reported and not understood, or wait for their final report, as far as no card says so."""
    lines = [
        f"{fact.gene}: {fact.why}" if fact.gene else fact.why
        for fact in record.genomics.uninterpreted
        if "entered in error" not in fact.why
    ]
    lines += [
        f"{variant.gene or 'a variant without a gene'}: {variant.notes[0]}"
        for variant in record.genomics.variants
        if (variant.presence.value == "unknown" or variant.structural) and variant.notes
    ]
    leaves = [leaf for finding in findings for leaf in finding.verdict.leaves()]
    told = {fact for leaf in leaves if leaf.outcome is not Outcome.NOT_MET for fact in leaf.facts}
    genomics = record.genomics
    found: list[GenomicFact] = [*genomics.variants, *genomics.copy_numbers, *genomics.fusions, *genomics.biomarkers]
    if any(f.source.status is ReportStatus.PRELIMINARY and f.source.reference not in told for f in found):
        lines.append("some results are preliminary and lead to no suggestion")
    return tuple(dict.fromkeys(lines))
