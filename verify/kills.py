"""Workers are killed while feedback comes in: is anything lost that was acknowledged?"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import select

from cds_targets.store.store import Store
from cds_targets.store.tables import feedback
from verify.figure import Figure, control
from verify.service import VIEW, Service, running

KILLS, CALLERS = 30, 6


def _tell(service: Service, name: str, stop: threading.Event, acknowledged: list[str]) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        card = str(uuid5(NAMESPACE_OID, f"{name}-{number}"))
        item = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-03-01T09:30:00Z"}
        with suppress(OSError):
            if service.post(f"{VIEW}/feedback", {"feedback": [item]}) == 200:
                acknowledged.append(card)


def figures() -> Iterator[Figure]:
    """Several callers, and every now and then `kill -9` for a worker."""
    acknowledged: list[str] = []
    stop = threading.Event()
    with running(workers=3) as service:
        callers = [
            threading.Thread(target=_tell, args=(service, f"c{number}", stop, acknowledged))
            for number in range(CALLERS)
        ]
        for caller in callers:
            caller.start()
        for number in range(KILLS):
            time.sleep(0.3)
            workers = service.workers()
            if workers:
                os.kill(workers[number % len(workers)], signal.SIGKILL)
        stop.set()
        for caller in callers:
            caller.join()
        store = Store.open(str(service.store))
        with store.database.reading() as connection:
            kept = list(connection.execute(select(feedback.c.uuid)).scalars())
        control(store.verify().problems == (), "the audit's chain is broken")
        store.close()
    control(len(acknowledged) > KILLS, "hardly any feedback was taken")
    lost = tuple(sorted(set(acknowledged) - set(kept)))
    yield Figure("acknowledged feedback lost", len(lost), f"{len(acknowledged)} rows, after {KILLS} kills", why=lost)
    yield Figure("feedback kept twice", len(kept) - len(set(kept)), f"{len(kept)} rows")
