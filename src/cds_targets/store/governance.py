"""What the site decided about cards and services: off, shadow, on, approved. Every decision stays on record."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

import orjson
from sqlalchemy import Connection, func, insert, select

from cds_targets.errors import StoreUnavailable
from cds_targets.library.library import Library
from cds_targets.store.tables import decisions, stamp

Subject = Literal["card", "service"]
REFRESH_SECONDS = 1.0


class Showing(StrEnum):
    """What becomes of a card that applies: it is shown, only counted (shadow), or not judged at all (off)."""

    SHOWN = "shown"
    SHADOW = "shadow"
    OFF = "off"


class Decision(StrEnum):
    """What a site can decide. `on` takes back `off` and `shadow`; `withdrawn` takes back `approved`."""

    OFF = "off"
    SHADOW = "shadow"
    ON = "on"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Switch:
    """The state of one card or service, who decided it, when and why."""

    decision: Decision
    by: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The decisions in force. `approved` holds (card id, version, hash of its content)."""

    switches: Mapping[tuple[str, str], Switch] = field(default_factory=dict)
    approved: frozenset[tuple[str, int, str]] = frozenset()
    only_approved: bool = False

    @property
    def decides(self) -> bool:
        """Whether anything may be held back at all."""
        return self.only_approved or bool(self.switches)

    def showing(self, card: str, version: int, content: str) -> Showing:
        """What becomes of a card: a switch comes first, then, in production, the approval of exactly this content."""
        switch = self.switches.get(("card", card))
        if switch is not None and switch.decision is not Decision.ON:
            return Showing(switch.decision.value)
        if self.only_approved and (card, version, content) not in self.approved:
            return Showing.SHADOW
        return Showing.SHOWN

    def approves(self, contents: Mapping[str, str]) -> int:
        """How many of these (card id -> hash of its content) are approved as they are."""
        held = {(card, content) for card, _, content in self.approved}
        return sum((card, content) in held for card, content in contents.items())

    def service(self, service: str) -> Showing:
        """What becomes of a service: answered, judged and answered with nothing (shadow), or refused (off)."""
        switch = self.switches.get(("service", service))
        if switch is None or switch.decision is Decision.ON:
            return Showing.SHOWN
        return Showing(switch.decision.value)


EVERYTHING = Policy()


def everything_shown() -> Policy:
    """The policy where nobody decided anything."""
    return EVERYTHING


def content_hashes(library: Library) -> dict[str, str]:
    """The hash of what each card file says, by card id: an approval holds for exactly this."""
    return {card: hash_of(document.data) for card, document in library.documents.items()}


def hash_of(data: object) -> str:
    """The hash of what a content file says; how it is laid out does not count."""
    told = orjson.dumps(data, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(told).hexdigest()


def decide(
    connection: Connection,
    now: datetime,
    kind: Subject,
    subject: str,
    decision: Decision,
    by: str,
    reason: str,
    version: int | None = None,
    content: str | None = None,
) -> None:
    """Put a decision on record; the newest holds."""
    connection.execute(
        insert(decisions).values(
            at=stamp(now),
            kind=kind,
            subject=subject,
            decision=decision.value,
            version=version,
            content=content,
            decided_by=by,
            reason=reason,
        )
    )


def policy_of(connection: Connection, only_approved: bool, until: datetime | None = None) -> Policy:
    """The decisions in force now, or at that moment: the newest of each subject."""
    switches: dict[tuple[str, str], Switch] = {}
    approved: dict[tuple[str, int, str], bool] = {}
    query = select(decisions).order_by(decisions.c.seq)
    if until is not None:
        query = query.where(decisions.c.at <= stamp(until))
    for row in connection.execute(query):
        decision = Decision(row.decision)
        if decision in {Decision.APPROVED, Decision.WITHDRAWN}:
            approved[row.subject, row.version, row.content] = decision is Decision.APPROVED
        else:
            switches[row.kind, row.subject] = Switch(decision, row.decided_by, row.at, row.reason)
    return Policy(switches, frozenset(key for key, held in approved.items() if held), only_approved)


def newest(connection: Connection) -> int:
    """The number of the newest decision."""
    return connection.execute(select(func.max(decisions.c.seq))).scalar() or 0


class PolicyWatch:
    """The policy in force, read again at most once a second; while it cannot be read the last known one holds.

    `alarm` is called with True when it cannot be read and with False when it can.
    """

    def __init__(self, read: Callable[[int], tuple[int, Policy] | None], alarm: Callable[[bool], None]) -> None:
        self._read, self._alarm = read, alarm
        self._lock = threading.Lock()
        self._policy: Policy | None = None
        self._newest, self._due = -1, 0.0

    def __call__(self) -> Policy:
        """The policy; raises StoreUnavailable only if it could never be read."""
        if time.monotonic() >= self._due:
            with self._lock:
                if time.monotonic() >= self._due:
                    self._refresh()
        if self._policy is None:
            raise StoreUnavailable("the site's decisions cannot be read")
        return self._policy

    def _refresh(self) -> None:
        try:
            found = self._read(self._newest)
        except StoreUnavailable:
            self._alarm(True)
        else:
            if found is not None:
                self._newest, self._policy = found
            self._alarm(False)
        self._due = time.monotonic() + REFRESH_SECONDS
