"""What the scopes of an access token let be read, in SMART v1 (`Observation.read`) and v2 (`Observation.rs`).

See https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from enum import StrEnum

_SCOPE = re.compile(
    r"(?:patient|user|system)/(?P<kind>\*|[A-Za-z]+)\.(?P<may>read|write|\*|c?r?u?d?s?)(?P<narrow>\?\S+)?", re.ASCII
)
_VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}


class Reach(StrEnum):
    """How much of one kind of resource may be read."""

    ALL = "all"
    SOME = "some"
    NONE = "none"


def reach(scope: str | None, kind: str, search: bool) -> Reach:
    """What these scopes allow of a kind of resource; scopes that speak of no resource leave it to the server."""
    found = [match for match in map(_SCOPE.fullmatch, (scope or "").split()) if match]
    if not found:
        return Reach.ALL
    need = "s" if search else "r"
    fitting = [
        match for match in found if match["kind"] in ("*", kind) and need in _VERSION_1.get(match["may"], match["may"])
    ]
    if any(match["narrow"] is None for match in fitting):
        return Reach.ALL
    return Reach.SOME if fitting else Reach.NONE
