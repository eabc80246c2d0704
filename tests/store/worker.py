"""A process that writes to a store, for the tests of several processes: `python -m tests.store.worker WHAT ...`.

`feedback` tells one card per line after its row was committed, until it is killed; `tokens` prints which of the first
N tokens were fresh; `decide` tries a writing transaction N times.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from cds_targets.store.feedback import FeedbackRecord
from cds_targets.store.store import CallRecord, Store
from tests.store.ids import uuid_of

AT = datetime(2026, 3, 1, tzinfo=UTC)


def main(what: str, address: str, key: str, name: str, times: str) -> None:
    store = Store.open(address, Path(key))
    print("ready", flush=True)
    sys.stdin.readline()
    numbers = range(int(times)) if int(times) else count()
    for number in numbers:
        if what == "feedback":
            card = uuid_of(f"{name}-{number}")
            store.add_feedback([FeedbackRecord("targeted-therapies", card, "overridden", AT)])
            print(card, flush=True)
        elif what == "tokens":
            if not store.seen_jti("https://ehr.example.org", f"t{number}", 4_000_000_000):
                print(f"t{number}", flush=True)
        else:
            store.record_call(CallRecord(f"{name}-{number}", "targeted-therapies", "nothing", "ada", "dr-berg"))
            print(f"{name}-{number}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
