"""A hook call read from a file, and the content it is put to: what `try` and `explain` share."""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from pathlib import Path

from cds_targets.advice import Advisor
from cds_targets.errors import CdsTargetsError, RequestError
from cds_targets.fhir.reading import decode
from cds_targets.hooks.request import HookRequest, parse_request
from cds_targets.settings import Settings


def loaded() -> Advisor:
    """The content, as the environment's settings say; raises ContentError or SettingsError."""
    return Advisor.load(Settings.from_environment(os.environ))


def read_call(path: Path) -> HookRequest:
    """The hook call in a file (`-` for standard input); raises CdsTargetsError with a sentence."""
    try:
        body = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise CdsTargetsError(f"{path}: {error.strerror}") from None
    try:
        return parse_request(decode(body))
    except RequestError as error:
        told = "; ".join(f"{issue.path or 'the body'} {issue.message}" for issue in error.issues)
        raise CdsTargetsError(f"{path} is no hook call: {told}") from None


def day_of(as_of: datetime | None, advisor: Advisor) -> date:
    """The day to judge by: the one given, else today in the site's time zone."""
    return as_of.date() if as_of is not None else datetime.now(advisor.settings.zone).date()
