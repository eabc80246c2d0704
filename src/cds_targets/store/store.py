"""The store as the doors use it: each method is one transaction, and returns only after the commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, Self

import orjson
from sqlalchemy import func, select, text

from cds_targets import __version__
from cds_targets.errors import SettingsError, StoreUnavailable
from cds_targets.store import audit, governance, issued, tokens
from cds_targets.store import feedback as feedback_table
from cds_targets.store.database import MEMORY, SITE, Database, of_tenant, prepare_file, show, url_of
from cds_targets.store.feedback import FeedbackRecord, Reasons
from cds_targets.store.governance import Decision, Policy, Subject
from cds_targets.store.issued import IssuedCard, Shown
from cds_targets.store.keys import Keys
from cds_targets.store.migrate import HEAD, revision_of, upgrade
from cds_targets.store.tables import METADATA, knowledge, stamp
from cds_targets.store.together import Together
from cds_targets.store.writing import add_once

_IS_BOUND = text(
    "SELECT bool_and(row_security_active(name::regclass)) FROM unnest(ARRAY['issued', 'feedback', 'comments']) name"
)
# A call of the synthetic patient is no `call`, and its cards are not among those that went out.
Event = Literal["call", "heartbeat", "heartbeat-failed"]


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call as it is kept. `patient` and `viewer` are hashed before they are written.

    `outcome`: `cards`, `nothing` (everything seen, nothing to say), `missing-data` (412), `off` or `shadow`.
    `foreign`: how many entries about other patients came with it and were left out.
    `held`: ids of cards that applied and were not shown, as `shadow:id` or `repeated:id`.
    `unknown`: how many of its cards name something unknown. `day` to `settings` are what it is judged again by: the
    calendar day, the keyed hash of the body, the prefetch keys that came, and the settings that shape an answer.
    """

    request: str
    service: str
    outcome: str
    patient: str = field(repr=False)
    viewer: str = field(repr=False)
    knowledge: str = ""
    tenant: str = ""
    held: tuple[str, ...] = ()
    event: Event = "call"
    unknown: int = 0
    day: date | None = None
    body: str = ""
    sent: tuple[str, ...] = ()
    settings: Mapping[str, str | int] = field(default_factory=dict)
    foreign: int = 0


# A row of the audit, and the cards that went out with it.
_Call = tuple[tuple[datetime, str, str, audit.Facts], list[dict[str, object]]]


class Store:
    """What is kept between calls. Every method raises StoreUnavailable if it could not do all of its work."""

    def __init__(self, database: Database, keys: Keys, clock: Callable[[], datetime] | None = None) -> None:
        self.database = database
        self.keys = keys
        self._now = clock or (lambda: datetime.now(UTC))
        self._calls = Together(self._write_calls)

    @classmethod
    def open(cls, chosen: str | None = None, key_file: Path | None = None, migrate: bool = True) -> Self:
        """Open the store, make its tables where they lack, and hold no connection; raises SettingsError.

        `chosen` is a file or a postgresql:// address, None the default file. The key file of a file store lies beside
        it unless it is named.
        """
        url = url_of(chosen)
        database = Database(url)
        if database.path is not None:
            prepare_file(database.path)
            key_file = key_file or database.path.with_suffix(".key")
        if key_file is None:
            raise SettingsError(
                "CDS_TARGETS_KEY_FILE is needed with PostgreSQL: all hosts must use the same secret key"
            )
        store = cls(database, Keys.of_file(key_file))
        try:
            store.prepare(migrate)
        except StoreUnavailable as error:
            place = url.render_as_string(hide_password=True)
            raise SettingsError(f"the store {place} cannot be used: {error}") from None
        finally:
            database.close()
        return store

    @classmethod
    def in_memory(cls, clock: Callable[[], datetime] | None = None) -> Self:
        """A store that ends with the process, for tests and trials."""
        store = cls(Database(url_of(MEMORY)), Keys.random(), clock)
        with store.database.writing() as connection:
            METADATA.create_all(connection)
            audit.begin(connection, store.keys)
        return store

    def prepare(self, migrate: bool = True) -> None:
        """Bring the tables up to date; raises SettingsError if they are not and `migrate` is False."""
        with self.database.reading() as connection:
            found = revision_of(connection)
        if found != HEAD and not migrate:
            raise SettingsError("the store's tables are not up to date: run `cds-targets store upgrade`")
        if found != HEAD:
            with self.database.writing() as connection:
                upgrade(connection)
                audit.begin(connection, self.keys)
        with self.database.reading() as connection:
            if not audit.is_ours(connection, self.keys):
                raise SettingsError(
                    "the key file is not the one this store was written with (or its audit was tampered with): put the "
                    "right key file back, or begin a new store elsewhere"
                )

    def check(self) -> None:
        """Whether a write would be kept: one that changes nothing."""
        with self.database.writing() as connection:
            connection.execute(text("UPDATE audit_head SET id = id"))

    # What calls need

    def record_call(self, call: CallRecord, cards: Sequence[IssuedCard] = ()) -> None:
        """Keep that a call was answered, and the cards of the answer; the answer leaves after this."""
        now = self._now()
        patient = self.patient(call.tenant, call.patient)
        viewer = self.keys.hash("viewer", call.tenant, call.viewer)
        facts: dict[str, str | int | float | list[str]] = {
            "request": call.request,
            "service": call.service,
            "outcome": call.outcome,
            "patient": patient,
            "cards": [f"{card.card} {card.version} {card.uuid}" for card in cards],
            "held": list(call.held),
            "knowledge": call.knowledge,
            "program": __version__,
            "unknown": call.unknown,
            "day": call.day.isoformat() if call.day else "",
            "body": call.body,
            "sent": list(call.sent),
            "foreign": call.foreign,
            **call.settings,
        }
        rows: list[dict[str, object]] = [
            {
                "tenant": call.tenant,
                "uuid": card.uuid,
                "service": call.service,
                "card": card.card,
                "version": card.version,
                "kind": card.kind,
                "indicator": card.indicator,
                "at": stamp(now),
                "knowledge": call.knowledge,
                "program": __version__,
                "patient": patient,
                "viewer": viewer,
                "content": self.content(card),
                "fields": orjson.dumps(self.fields(card)).decode(),
            }
            for card in (cards if call.event == "call" else ())
        ]
        self._calls.add(((now, call.event, call.tenant, facts), rows))

    def _write_calls(self, calls: Sequence[_Call]) -> None:
        with self.database.writing() as connection:
            audit.append_all(connection, self.keys, [entry for entry, _ in calls])
            for tenant in dict.fromkeys(entry[2] for entry, rows in calls if rows):
                show(connection, of_tenant(tenant))
                issued.add(connection, [row for entry, rows in calls if entry[2] == tenant for row in rows])

    def shown_since(
        self, tenant: str, patient: str, viewer: str, services: Sequence[str], since: datetime
    ) -> tuple[Shown, ...]:
        """What these services showed this viewer of this patient since then."""
        hashed = self.patient(tenant, patient), self.keys.hash("viewer", tenant, viewer)
        with self.database.reading(of_tenant(tenant)) as connection:
            return issued.shown_since(connection, tenant, *hashed, services, since)

    def content(self, card: IssuedCard) -> str:
        """The keyed hash of what a card said."""
        return self.keys.hash("content", card.said.decode())

    def fields(self, card: IssuedCard) -> dict[str, str]:
        """The keyed hash of each field of a card, short: they are compared with those of the same card only."""
        return {name: self.keys.hash("field", name, told.decode())[:16] for name, told in card.fields.items()}

    def fingerprint(self, body: Mapping[str, Any]) -> str:
        """The keyed hash of a call's body as sent, but for its access token, which nobody keeps."""
        told = {name: part for name, part in body.items() if name != "fhirAuthorization"}
        return self.keys.hash("body", orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode())

    def patient(self, tenant: str, patient: str) -> str:
        """The keyed hash under which a patient is kept."""
        return self.keys.hash("patient", tenant, patient)

    def now(self) -> datetime:
        """The store's clock, in UTC."""
        return self._now()

    def add_feedback(
        self,
        records: Sequence[FeedbackRecord],
        tenant: str = "",
        request: str = "",
        offered: Reasons = frozenset(),
    ) -> int:
        """Keep feedback and return how much of it was new; only reasons that were `offered` are kept as told."""
        now = self._now()
        with self.database.writing(of_tenant(tenant)) as connection:
            new = feedback_table.add(connection, self.keys, tenant, now, records, offered)
            facts = {"request": request, "received": len(records), "new": new}
            audit.append(connection, self.keys, now, "feedback", tenant, facts)
        return new

    # What authentication needs

    def seen_jti(self, issuer: str, jti: str, expires: int) -> bool:
        """Whether a token was used before; from now on it was. `expires` is its `exp`, in seconds since 1970."""
        with self.database.writing() as connection:
            return tokens.seen(connection, issuer, jti, expires)

    def note(self, event: str, facts: audit.Facts, tenant: str = "") -> None:
        """Add a row to the audit. `facts` are our own words and numbers, never what a caller wrote."""
        with self.database.writing() as connection:
            audit.append(connection, self.keys, self._now(), event, tenant, facts)

    # What the site decides

    def decide(
        self,
        kind: Subject,
        subject: str,
        decision: Decision,
        by: str,
        reason: str,
        version: int | None = None,
        content: str | None = None,
    ) -> None:
        """Put a decision on record, and in the audit."""
        now = self._now()
        facts: dict[str, str] = {
            "kind": kind,
            "subject": subject,
            "decision": decision.value,
            "by": by,
            "reason": reason,
        }
        if version is not None:
            facts |= {"version": str(version), "content": content or ""}
        with self.database.writing() as connection:
            governance.decide(connection, now, kind, subject, decision, by, reason, version, content)
            audit.append(connection, self.keys, now, "decision", "", facts)

    def policy(self, only_approved: bool) -> Policy:
        """The decisions in force now."""
        with self.database.reading() as connection:
            return governance.policy_of(connection, only_approved)

    def policy_after(self, newest: int, only_approved: bool) -> tuple[int, Policy] | None:
        """The decisions in force and the number of the newest, None if that is still `newest`."""
        with self.database.reading() as connection:
            found = governance.newest(connection)
            return None if found == newest else (found, governance.policy_of(connection, only_approved))

    def know(self, content: str, files: Mapping[str, str]) -> None:
        """Keep which files (path -> SHA-256) the content of that hash consists of; once for each content."""
        row: dict[str, object] = {"hash": content, "at": stamp(self._now())}
        with self.database.writing() as connection:
            add_once(connection, knowledge, [{**row, "files": orjson.dumps(dict(files)).decode()}])

    # What operators need

    def last_heartbeat(self) -> datetime | None:
        """When the synthetic patient last got the cards she should, None if she never did."""
        with self.database.reading() as connection:
            return audit.last_heartbeat(connection)

    def verify(self) -> audit.Verified:
        """Follow the audit's chain."""
        with self.database.snapshot() as connection:
            return audit.verify(connection, self.keys)

    def contains_link(self, seq: int, link: str) -> bool:
        """Whether the audit still has that row with that hash, or went on from it after a purge."""
        with self.database.reading() as connection:
            return audit.contains(connection, seq, link)

    @contextmanager
    def audit_rows(self) -> Iterator[Iterator[dict[str, Any]]]:
        """The audit, row by row."""
        with self.database.snapshot() as connection:
            yield audit.rows(connection)

    def counts(self) -> dict[str, int]:
        """How many rows each table holds."""
        with self.database.reading(SITE) as connection:
            return {
                name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in sorted(METADATA.tables.items())
            }

    def parts_tenants(self) -> bool:
        """Whether the database itself holds this role to one tenant at a time, besides the tenant in every query."""
        if self.database.sqlite:
            return False
        with self.database.reading() as connection:
            return bool(connection.execute(_IS_BOUND).scalar())

    def forget_tokens(self) -> int:
        """Forget tokens that no verifier would accept any more."""
        with self.database.writing() as connection:
            return tokens.forget_expired(connection, int(time.time()))

    def close(self) -> None:
        """Let go of every connection."""
        self.database.close()
