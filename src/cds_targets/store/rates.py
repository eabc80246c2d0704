"""How often each card is shown and what was done with it, against the time before: falling silent is an alarm.

Two counts of rare events are told apart by z = (now - before) / sqrt(now + before), beyond 3; none at all after five or
more is an alarm as well (a Poisson count with mean 5 is zero in 0.7 % of periods).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from sqlalchemy import Connection, func, select

from cds_targets.store.tables import feedback, issued, stamp

_SILENT_AFTER = 5
_Z = 3.0


@dataclass(frozen=True, slots=True)
class Rate:
    """One card in a period and how often it was shown in the one before."""

    card: str
    shown: int
    before: int
    accepted: int = 0
    overridden: int = 0

    @property
    def unanswered(self) -> int:
        """Shown without feedback."""
        return self.shown - self.accepted - self.overridden

    @property
    def alarm(self) -> str:
        """What is out of the ordinary, an empty text if nothing is."""
        if self.shown == 0:
            return "fell silent" if self.before >= _SILENT_AFTER else ""
        z = (self.shown - self.before) / sqrt(self.shown + self.before)
        return ("rose" if z > 0 else "fell") if self.before and abs(z) > _Z else ""


def rates(connection: Connection, now: datetime, days: int, cards: Iterable[str] = ()) -> list[Rate]:
    """The period of `days` until now and the one before it, for these cards and all that were shown."""
    start, earlier = now - timedelta(days=days), now - timedelta(days=2 * days)
    shown, before = _shown(connection, start, now), _shown(connection, earlier, start)
    outcomes = _outcomes(connection, start, now)
    return [
        Rate(card, shown[card], before[card], outcomes[card, "accepted"], outcomes[card, "overridden"])
        for card in sorted({*cards, *shown, *before})
    ]


def _shown(connection: Connection, since: datetime, until: datetime) -> Counter[str]:
    query = select(issued.c.card, func.count()).where(issued.c.at >= stamp(since), issued.c.at < stamp(until))
    return Counter({row[0]: row[1] for row in connection.execute(query.group_by(issued.c.card))})


def _outcomes(connection: Connection, since: datetime, until: datetime) -> Counter[tuple[str, str]]:
    """(card, outcome) counted by the newest feedback on each card shown; a time in the future counts as its receipt."""
    query = (
        select(issued.c.id, issued.c.card, feedback.c.outcome, feedback.c.told_at, feedback.c.received_at)
        .join(
            feedback,
            (feedback.c.tenant == issued.c.tenant)
            & (feedback.c.uuid == issued.c.uuid)
            & (feedback.c.service == issued.c.service),
        )
        .where(issued.c.at >= stamp(since), issued.c.at < stamp(until))
    )
    newest: dict[int, tuple[str, str, str]] = {}
    for row in connection.execute(query):
        told = (min(row.told_at, row.received_at), row.card, row.outcome)
        newest[row.id] = max(newest.get(row.id, told), told)
    return Counter((card, outcome) for _, card, outcome in newest.values())
