"""Where the published resources lie, if they do."""

from __future__ import annotations

from pathlib import Path


def _found() -> Path | None:
    for parent in Path(__file__).resolve().parents:
        folder = parent / "shared" / "corpus"
        if folder.is_dir():
            return folder
    return None


CORPUS = _found()


def files(folder: str) -> list[Path]:
    """The JSON files of one of its folders."""
    return sorted((CORPUS / folder).glob("*.json")) if CORPUS else []
