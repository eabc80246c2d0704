"""The site's list of drugs that its pharmacy does not stock: one name a line, `#` begins a comment."""

from __future__ import annotations

import difflib
from pathlib import Path

from cds_targets.errors import SettingsError
from cds_targets.terms.drugs import Drugs


def read_not_stocked(path: Path | None, drugs: Drugs) -> frozenset[str]:
    """The generic names on the list, none without a file; raises SettingsError for a name that nobody knows."""
    if path is None:
        return frozenset()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        raise SettingsError(f"CDS_TARGETS_NOT_STOCKED: {path} cannot be read") from None
    found: set[str] = set()
    for number, line in enumerate(lines, 1):
        written = line.partition("#")[0].strip()
        if not written:
            continue
        named = {written.lower()} & drugs.by_name.keys() or set(drugs.in_text(written))
        if not named:
            near = difflib.get_close_matches(written.lower(), drugs.by_name, n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise SettingsError(f"CDS_TARGETS_NOT_STOCKED: {path.name}, line {number}: no drug of ours{hint}")
        found |= named
    return frozenset(found)
