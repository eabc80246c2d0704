"""Files that are served as they are."""

from __future__ import annotations

from pathlib import Path

from cds_targets.errors import SettingsError


def openapi_text() -> bytes:
    """The OpenAPI description: packaged with the program, in a checkout the repository's own file."""
    package = Path(__file__).resolve().parents[1]
    for path in (package / "_openapi.yaml", package.parents[1] / "openapi.yaml"):
        if path.is_file():
            return path.read_bytes()
    raise SettingsError("openapi.yaml is missing: the program is not installed completely")
