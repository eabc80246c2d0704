"""A PostgreSQL server of the tests' own, where one is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, None where the server is not installed or must not be run by this user."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    folders = [folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return folders[-1] if folders and (os.getuid() != 0 or _other_user()) else None


def _other_user() -> str | None:
    """Who runs the server when the tests run as root, whom PostgreSQL refuses."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


@contextmanager
def postgresql() -> Iterator[str]:
    """A server on a socket in a folder of its own; gives the address of an empty database."""
    home = programs()
    assert home is not None
    user = _other_user() if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        run = {"user": user, "cwd": folder, "capture_output": True, "check": True, "env": {"PATH": os.environ["PATH"]}}
        data = folder / "data"
        subprocess.run([home / "initdb", "-D", data, "-U", "cds", "--auth=trust", "-E", "UTF8", "--locale=C"], **run)  # type: ignore[call-overload]  # noqa: S603
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=on"
        start = [home / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options]
        subprocess.run([*start, "start"], **{**run, "capture_output": False, "stdout": subprocess.DEVNULL})  # type: ignore[call-overload]  # noqa: S603
        try:
            yield f"postgresql://cds@/postgres?host={folder}"
        finally:
            subprocess.run([home / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], **run)  # type: ignore[call-overload]  # noqa: S603
    finally:
        shutil.rmtree(folder, ignore_errors=True)
