"""Between judging and answering: what the site decided, what was said already, and keeping it all before answering.

Calls about a synthetic patient are heartbeats: answered like any other, on record, and counted as no clinical use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from cds_targets.errors import MissingData, OtherPatients, SwitchedOff
from cds_targets.fhir.record import PREFETCH
from cds_targets.hooks.request import HookRequest
from cds_targets.hooks.response import Card, HookResponse
from cds_targets.library.definition import Kind
from cds_targets.settings import Settings
from cds_targets.store.feedback import FeedbackRecord, Reasons
from cds_targets.store.governance import Policy, Showing
from cds_targets.store.issued import IssuedCard
from cds_targets.store.past import SETTINGS
from cds_targets.store.store import CallRecord, Event, Store
from cds_targets.web.metrics import Metrics
from cds_targets.web.repeats import ORDERING, issued_card, without_repeats

HEARTBEAT_PATIENT = "cds-targets-heartbeat"  # the patient of `cds-targets heartbeat`; no EHR has one of this id


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose call it is (a tenant, empty while there is one only), the number of the request, its body and its day."""

    tenant: str
    request: str
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Journal:
    """What the routes tell of each call; every method raises StoreUnavailable if it cannot be kept."""

    settings: Settings
    store: Store
    metrics: Metrics
    policy: Callable[[], Policy]
    knowledge: str
    reasons: Reasons

    def is_heartbeat(self, request: HookRequest, caller: Caller) -> bool:
        """Whether the call is about a synthetic patient."""
        patient = request.context.patient_id
        known = self.settings.heartbeat_patients
        return patient == HEARTBEAT_PATIENT or patient in known or f"{caller.tenant}/{patient}" in known

    def admit(self, service: str, request: HookRequest, caller: Caller) -> None:
        """Raise SwitchedOff for a service that the site switched off."""
        if self.policy().service(service) is Showing.OFF:
            self.store.record_call(self._call(service, request, caller, "off"))
            raise SwitchedOff("the site has switched this service off; nothing was judged")

    def answered(self, service: str, request: HookRequest, caller: Caller, answer: HookResponse) -> HookResponse:
        """The answer as it is to leave, after it was kept."""
        counted = not self.is_heartbeat(request, caller)
        if self.policy().service(service) is Showing.SHADOW:
            ids = [card.extension.card.id for card in answer.cards]
            held = [f"shadow:{card}" for card in (*ids, *answer.held)]
            self.store.record_call(self._call(service, request, caller, "shadow", held, foreign=answer.foreign))
            if counted:
                self.metrics.held("shadow", [*ids, *answer.held])
            return HookResponse()
        kept = {card.uuid: issued_card(card, request) for card in answer.cards}
        cards, repeated = self._fresh(service, request, caller, answer, kept)
        held = [*(f"shadow:{card}" for card in answer.held), *(f"repeated:{card}" for card in repeated)]
        call = self._call(service, request, caller, "cards" if cards else "nothing", held, cards, answer.foreign)
        self.store.record_call(call, [kept[card.uuid] for card in cards])
        if counted:
            self.metrics.answered(service, cards)
            self.metrics.left_out(service, answer.foreign)
            self.metrics.held("shadow", answer.held)
            self.metrics.held("repeated", repeated)
        return answer if len(cards) == len(answer.cards) else HookResponse(cards=cards)

    def missing(self, service: str, request: HookRequest, caller: Caller, error: MissingData) -> None:
        """Keep that a call could not be judged for want of data (412)."""
        foreign = error.count if isinstance(error, OtherPatients) else 0
        self.store.record_call(self._call(service, request, caller, "missing-data", foreign=foreign))
        self.metrics.left_out(service, foreign)

    def feedback(self, service: str, records: list[FeedbackRecord], caller: Caller) -> int:
        """Keep feedback; returns how many were new."""
        new = self.store.add_feedback(records, caller.tenant, caller.request, self.reasons)
        self.metrics.took_feedback(service, new)
        return new

    def _fresh(
        self, service: str, request: HookRequest, caller: Caller, answer: HookResponse, kept: dict[str, IssuedCard]
    ) -> tuple[tuple[Card, ...], tuple[str, ...]]:
        hours = self.settings.repeat_hours
        if service not in ORDERING or not hours or not answer.cards:
            return answer.cards, ()
        context = request.context
        since = self.store.now() - timedelta(hours=hours)
        earlier = self.store.shown_since(caller.tenant, context.patient_id, context.user_id, ORDERING, since)

        def content_of(card: Card) -> str:
            return self.store.content(kept[card.uuid])

        return without_repeats(service, answer.cards, content_of, earlier, self.settings.evaluation)

    def _call(
        self,
        service: str,
        request: HookRequest,
        caller: Caller,
        outcome: str,
        held: Sequence[str] = (),
        cards: Sequence[Card] = (),
        foreign: int = 0,
    ) -> CallRecord:
        context = request.context
        return CallRecord(
            request=caller.request,
            service=service,
            outcome=outcome,
            patient=context.patient_id,
            viewer=context.user_id,
            knowledge=self.knowledge,
            tenant=caller.tenant,
            held=tuple(held),
            event=self._event(request, caller, cards),
            unknown=sum(bool(card.extension.card.unknown) for card in cards),
            day=caller.day,
            body=self.store.fingerprint(caller.body),
            sent=tuple(key for key in PREFETCH if key in request.prefetch),
            settings={name: getattr(self.settings, name) for name in SETTINGS},
            foreign=foreign,
        )

    def _event(self, request: HookRequest, caller: Caller, cards: Sequence[Card]) -> Event:
        """A heartbeat is one that brought a card with something to say; a notice of what is missing is none."""
        if not self.is_heartbeat(request, caller):
            return "call"
        told = any(card.extension.card.kind is not Kind.NOTICE for card in cards)
        return "heartbeat" if told else "heartbeat-failed"
