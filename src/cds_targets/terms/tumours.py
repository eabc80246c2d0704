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


class SecondarySite(TermModel):
    """A site of metastasis: its codes, and the words that name it beside "metastasis" or "secondary"."""

    site: str
    words: tuple[str, ...]
    codes: Codes = Field(default_factory=Codes)


class TumourFile(TermModel):
    """`tumours.yaml`."""

    source: str
    tumours: tuple[TumourType, ...]
    secondary: tuple[SecondarySite, ...]


@dataclass(frozen=True, slots=True)
class Tumours:
    """The tree, with lookups by code and by text."""

    by_id: dict[str, TumourType]
    _by_code: dict[tuple[str, str], str] = field(default_factory=dict)
    _by_word: dict[str, str] = field(default_factory=dict)
    _ancestors: dict[str, frozenset[str]] = field(default_factory=dict)
    _pattern: re.Pattern[str] = re.compile(r"(?!)")
    _sites: dict[tuple[str, str], str] = field(default_factory=dict)
    _site_words: tuple[tuple[re.Pattern[str], str], ...] = ()

    @classmethod
    def of(cls, file: TumourFile) -> Tumours:
        """Build the indexes."""
        tumours = file.tumours
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
        organs = {_folded(t.name) for t in tumours if t.parent is None}
        searched = sorted((word for word in words if word not in organs and len(word) > 2), key=len, reverse=True)
        sites = [(word, site.site) for site in file.secondary for word in site.words]
        return cls(
            by_id,
            codes,
            words,
            ancestors,
            re.compile(r"\b(?:" + "|".join(map(re.escape, searched)) + r")\b"),
            {pair: site.site for site in file.secondary for pair in site.codes.pairs()},
            tuple((re.compile(rf"\b{re.escape(_folded(word))}\b"), site) for word, site in sites),
        )

    def by_code(self, system: str, code: str) -> str | None:
        """The node of a code; `system` as in `Codes`. An ICD-10 code is also found through its category."""
        found = self._by_code.get((system, code))
        while found is None and system == "icd10cm" and len(code) > 3:
            code = code[:-1].rstrip(".")
            found = self._by_code.get((system, code))
        return found

    def named(self, text: str) -> str | None:
        """The node whose name or alias this text is, case and punctuation aside."""
        return self._by_word.get(_folded(text))

    def in_text(self, text: str) -> str | None:
        """The node named in a text: the whole text if it is a name, else the longest name within it."""
        folded = _folded(text[:500])
        if folded in self._by_word:
            return self._by_word[folded]
        found = max(self._pattern.findall(folded), key=len, default=None)
        return self._by_word[found] if found else None

    def site_of_code(self, system: str, code: str) -> str | None:
        """The site of a secondary-cancer code, ICD-10 codes also by their category; None if it is no such code."""
        found = self._sites.get((system, code))
        while found is None and system == "icd10cm" and len(code) > 3:
            code = code[:-1].rstrip(".")
            found = self._sites.get((system, code))
        return found

    def site_in_text(self, text: str) -> str:
        """The site named in the text of a secondary cancer, `unknown` if none is."""
        folded = _folded(text[:500])
        return next((site for pattern, site in self._site_words if pattern.search(folded)), "unknown")

    def is_a(self, node: str, wider: str) -> bool:
        """Whether `node` is `wider` or a kind of it."""
        return wider in self._ancestors.get(node, frozenset())

    def may_be(self, node: str, narrower: str) -> bool:
        """Whether `node` is a wider term that could turn out to be `narrower` (lung cancer -> NSCLC)."""
        return node != narrower and node in self._ancestors.get(narrower, frozenset())


_BRITISH = (("tumour", "tumor"), ("aemia", "emia"), ("oesoph", "esoph"))


def _folded(text: str) -> str:
    """Without case, punctuation and British spelling."""
    folded = " ".join(re.sub(r"[^\w]+", " ", text.casefold()).split())
    for british, american in _BRITISH:
        folded = folded.replace(british, american)
    return folded
