"""The log: one JSON object per line, of our own words, numbers and ids; nothing a caller wrote."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import orjson

_LOGGER = logging.getLogger("cds_targets.web")


def log(level: int, event: str, **fields: str | int | float | list[str]) -> None:
    """Write one line; JSON escapes whatever could break it."""
    if _LOGGER.isEnabledFor(level):
        _LOGGER.log(level, "%s", orjson.dumps({"at": datetime.now(UTC), "event": event, **fields}).decode())


def to_stderr() -> None:
    """Send the log to standard error; called once by a command that serves."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False
