"""Between judging and answering: what the site decided, what was said already, and keeping it all before answering."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cds_targets.errors import SwitchedOff
from cds_targets.hooks.request import HookRequest
from cds_targets.hooks.response import Card, HookResponse
from cds_targets.settings import Settings
from cds_targets.store.feedback import FeedbackRecord
from cds_targets.store.governance import Policy, Showing
from cds_targets.store.issued import IssuedCard
from cds_targets.store.store import CallRecord, Store
from cds_targets.web.metrics import Metrics
from cds_targets.web.repeats import ORDERING, issued_card, without_repeats


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose call it is (a tenant, empty while there is one only) and the number of the request."""

    tenant: str
    request: str


@dataclass(frozen=True, slots=True)
class Journal:
    """What the routes tell of each call; every method raises StoreUnavailable if it cannot be kept."""

    settings: Settings
    store: Store
    metrics: Metrics
    policy: Callable[[], Policy]
    knowledge: str

    def admit(self, service: str, request: HookRequest, caller: Caller) -> None:
        """Raise SwitchedOff for a service that the site switched off."""
        if self.policy().service(service) is Showing.OFF:
            self.store.record_call(self._call(service, request, caller, "off"))
            raise SwitchedOff("the site has switched this service off; nothing was judged")

    def answered(self, service: str, request: HookRequest, caller: Caller, answer: HookResponse) -> HookResponse:
        """The answer as it is to leave, after it was kept."""
        if self.policy().service(service) is Showing.SHADOW:
            ids = [card.extension.card.id for card in answer.cards]
            held = [f"shadow:{card}" for card in (*ids, *answer.held)]
            self.store.record_call(self._call(service, request, caller, "shadow", held))
            self.metrics.held("shadow", [*ids, *answer.held])
            return HookResponse()
        kept = {card.uuid: issued_card(card, request) for card in answer.cards}
        cards, repeated = self._fresh(service, request, caller, answer, kept)
        held = [*(f"shadow:{card}" for card in answer.held), *(f"repeated:{card}" for card in repeated)]
        call = self._call(service, request, caller, "cards" if cards else "nothing", held)
        self.store.record_call(call, [kept[card.uuid] for card in cards])
        self.metrics.answered(service, cards)
        self.metrics.held("shadow", answer.held)
        self.metrics.held("repeated", repeated)
        return answer if len(cards) == len(answer.cards) else HookResponse(cards=cards)

    def missing(self, service: str, request: HookRequest, caller: Caller) -> None:
        """Keep that a call could not be judged for want of data (412)."""
        self.store.record_call(self._call(service, request, caller, "missing-data"))

    def feedback(self, service: str, records: list[FeedbackRecord], caller: Caller) -> int:
        """Keep feedback; returns how many were new."""
        new = self.store.add_feedback(records, caller.tenant, caller.request)
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
        self, service: str, request: HookRequest, caller: Caller, outcome: str, held: list[str] | None = None
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
            held=tuple(held or ()),
        )
