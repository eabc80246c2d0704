"""Tumour types on the OncoTree, found by code or by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydantic import Field

from cds_targets.terms.files import Codes, TermModel


class TumourType(TermModel):
    """One node: `code` is the OncoTree code (or our own in lower case where the tree has no node)."""

    code: str
    name: str
    parent: str | None = None
    aliases: tuple[str, ...] = ()
    codes: Codes = Field(default_factory=Codes)
    source: str | None = None


class TumourFile(TermModel):
    """`tumours.yaml`."""

    source: str
    tumours: tuple[TumourType, ...]


@dataclass(frozen=True, slots=True)
class Tumours:
    """The tree, with lookups by code and by text."""

    by_id: dict[str, TumourType]
    _by_code: dict[tuple[str, str], str] = field(default_factory=dict)
    _by_word: dict[str, str] = field(default_factory=dict)
    _ancestors: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, tumours: tuple[TumourType, ...]) -> Tumours:
        """Build the indexes."""
        by_id = {tumour.code: tumour for tumour in tumours}
        codes = {pair: t.code for t in tumours for pair in [("oncotree", t.code), *t.codes.pairs()]}
        words = {_folded(word): t.code for t in tumours for word in (*t.aliases, t.name)}
        ancestors: dict[str, frozenset[str]] = {}
        for tumour in tumours:
            chain: list[str] = []
            node: str | None = tumour.code
            while node is not None and node not in chain:
                chain.append(node)
                node = by_id[node].parent if node in by_id else None
            ancestors[tumour.code] = frozenset(chain)
        return cls(by_id, codes, words, ancestors)

    def by_code(self, system: str, code: str) -> str | None:
        """The node of a code; `system` as in `Codes`."""
        return self._by_code.get((system, code))

    def named(self, text: str) -> str | None:
        """The node whose name or alias this text is, case and punctuation aside."""
        return self._by_word.get(_folded(text))

    def is_a(self, node: str, wider: str) -> bool:
        """Whether `node` is `wider` or a kind of it."""
        return wider in self._ancestors.get(node, frozenset())

    def may_be(self, node: str, narrower: str) -> bool:
        """Whether `node` is a wider term that could turn out to be `narrower` (lung cancer -> NSCLC)."""
        return node != narrower and node in self._ancestors.get(narrower, frozenset())


def _folded(text: str) -> str:
    return " ".join(re.sub(r"[^\w]+", " ", text.casefold()).split())
