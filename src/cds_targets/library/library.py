"""All cards and terms, loaded once; every problem in every file at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from cds_targets.errors import ContentError, Problem
from cds_targets.library.definition import CardDefinition
from cds_targets.terms import Terms, load_terms
from cds_targets.terms.files import validated
from cds_targets.yaml_source import Document, read

FOLDERS = ("therapy", "resistance", "toxicity", "sequencing", "testing", "notice")


@dataclass(frozen=True, slots=True)
class Library:
    """The content: cards in order of id, the file each was read from, and one hash over all files."""

    cards: tuple[CardDefinition, ...]
    terms: Terms
    documents: dict[str, Document]
    content_hash: str
    folder: Path

    def card(self, card_id: str) -> CardDefinition | None:
        """The card of that id."""
        return next((card for card in self.cards if card.id == card_id), None)


def content_folder(chosen: Path | None = None) -> Path:
    """The chosen folder, else the one packaged with the program, else the checkout's `cards/`."""
    if chosen is not None:
        if not (chosen / "terms").is_dir():
            raise ContentError([Problem(str(chosen), 1, "is not a content folder: it has no terms/")])
        return chosen
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_cards", package.parent.parent / "cards"):
        if (folder / "terms").is_dir():
            return folder
    raise ContentError([Problem("cards", 1, "no content was found: set CDS_TARGETS_CARDS to the cards folder")])


def load_library(folder: Path) -> Library:
    """Read every card and term file; raises ContentError listing every problem of form."""
    terms = load_terms(folder / "terms")
    cards: list[CardDefinition] = []
    documents: dict[str, Document] = {}
    problems: list[Problem] = []
    for path in card_files(folder):
        shown = f"cards/{path.relative_to(folder).as_posix()}"
        try:
            document = read(path, shown)
            card = validated(document, document.data, CardDefinition)
        except ContentError as error:
            problems.extend(error.problems)
            continue
        if card.id in documents:
            problems.append(document.problem(("id",), f"the id {card.id!r} is taken by {documents[card.id].file}"))
        cards.append(card)
        documents[card.id] = document
    if problems:
        raise ContentError(problems)
    cards.sort(key=lambda card: card.id)
    return Library(tuple(cards), terms, documents, _hash(folder), folder)


def card_files(folder: Path) -> list[Path]:
    """The card files of a content folder, in order."""
    return sorted(path for name in FOLDERS for path in (folder / name).glob("*.yaml"))


def content_files(folder: Path) -> dict[str, str]:
    """The files that make up the content, by path in the folder, each with its SHA-256."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.yaml"))
    }


def _hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
