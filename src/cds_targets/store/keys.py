"""The secret of this site: identifiers of patients and users are kept only as hashes keyed with it."""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cds_targets.errors import SettingsError

_SIZE = 32  # bytes


class Keys:
    """Keyed hashes; the same input gives the same hash only where the same key file is used."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "Keys()"

    def hash(self, purpose: str, *parts: str) -> str:
        """128 bits in hexadecimal. `purpose` keeps the hashes of one use apart from those of another."""
        told = "\0".join([purpose, *(f"{len(part)}:{part}" for part in parts)])
        return hmac.digest(self._secret, told.encode(), "sha256").hex()[:32]

    @classmethod
    def random(cls) -> Keys:
        """For a store that ends with the process."""
        return cls(secrets.token_bytes(_SIZE))

    @classmethod
    def of_file(cls, path: Path) -> Keys:
        """Read the key file, or make it with a new random key; raises SettingsError."""
        try:
            _make(path)
            if path.stat().st_mode & 0o077:
                raise SettingsError(f"the key file {path} can be read by other users: chmod 600 it, or make a new one")
            secret = path.read_bytes().strip()
        except OSError as error:
            raise SettingsError(f"the key file {path} cannot be used: {error.strerror}") from None
        if len(secret) < _SIZE:
            raise SettingsError(f"the key file {path} is too short: it needs {_SIZE} bytes or more, of random text")
        return cls(secret)


def _make(path: Path) -> None:
    """A new key, whole or not at all, unless there is one: several processes may start at once."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(_SIZE).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
