"""What operators ask: is it alive, can it answer, and how much of what."""

from __future__ import annotations

from datetime import datetime

import orjson
from flask import Blueprint, Response

from cds_targets import __version__
from cds_targets.errors import StoreUnavailable
from cds_targets.web.journal import Journal
from cds_targets.web.metrics import CONTENT_TYPE


def operations_blueprint(journal: Journal) -> Blueprint:
    """`/health/live`, `/health/ready` and `/metrics`."""
    pages = Blueprint("operations", __name__)
    mode = journal.settings.mode

    @pages.get("/health/live")
    def live() -> Response:
        return Response(b'{"status":"live"}', content_type="application/json")

    @pages.get("/health/ready")
    def is_ready() -> Response:
        journal.store.check()
        journal.policy()
        told = {"status": "ready", "version": __version__, "mode": mode}
        if journal.knowledge:
            told["content"] = journal.knowledge
        last = journal.store.last_heartbeat()
        if last is not None:
            told["heartbeat"] = last.isoformat(timespec="seconds")
        return Response(orjson.dumps(told), content_type="application/json")

    @pages.get("/metrics")
    def metrics() -> Response:
        return Response(journal.metrics.text(_last_heartbeat(journal)), content_type=CONTENT_TYPE)

    return pages


def _last_heartbeat(journal: Journal) -> datetime | None:
    """None as well while the store cannot be read: what counts the failures of the store must still be told."""
    try:
        return journal.store.last_heartbeat()
    except StoreUnavailable:
        return None
