"""Ids of cards as the service gives them."""

from __future__ import annotations

from uuid import NAMESPACE_OID, uuid5


def uuid_of(name: str) -> str:
    """A UUID that goes by a name in the tests."""
    return str(uuid5(NAMESPACE_OID, name))
