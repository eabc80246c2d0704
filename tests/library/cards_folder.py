"""A content folder of one card on disk, as a card writer would have it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cds_targets.library.library import Library, content_folder, load_library
from tests.matching.cards import written


def folder_with(place: Path, *cards: dict[str, Any], folder: str = "therapy", text: str | None = None) -> Path:
    """A folder with the shipped terms and these cards (each key on its own line), or one file of this text."""
    (place / "terms").symlink_to(content_folder() / "terms")
    (place / folder).mkdir()
    for card in cards:
        lines = [f"{key}: {json.dumps(value)}" for key, value in card.items()]
        (place / folder / f"{card['id']}.yaml").write_text("\n".join(lines), encoding="utf-8")
    if text is not None:
        (place / folder / "a-card.yaml").write_text(text, encoding="utf-8")
    return place


def loaded(place: Path, folder: str = "therapy", **changes: Any) -> Library:
    """The library of one changed card."""
    return load_library(folder_with(place, written(**changes), folder=folder))
