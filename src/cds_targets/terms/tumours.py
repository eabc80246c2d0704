"""Tumour types on the OncoTree, found by code or by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import Field

from cds_targets.terms.files import Codes, TermModel, code_and_wider

T = TypeVar("T")
_ANYWHERE = ("SOFT_TISSUE", "MEL", "LYMPH", "MYELOID")


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


class PrimarySite(TermModel):
    """Where a primary sits: the node of a cancer of which only that is known. `*` ends a word that may go on."""

    node: str
    words: tuple[str, ...]
    codes: Codes = Field(default_factory=Codes)


class Histology(TermModel):
    """What a tumour is made of: its node at an organ (`at`), and `alone` where no organ is known.

    `other` marks what is no usual carcinoma of its organ: without a node there, only the organ is known.
    """

    name: str
    words: tuple[str, ...]
    at: dict[str, str]
    codes: Codes = Field(default_factory=Codes)
    alone: str | None = None
    other: bool = False


class TumourFile(TermModel):
    """`tumours.yaml`."""

    source: str
    tumours: tuple[TumourType, ...]
    sites: tuple[PrimarySite, ...]
    histologies: tuple[Histology, ...]
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
    _primary_sites: _Words[str] = field(default_factory=lambda: _Words.of(()))
    _histologies: _Words[Histology] = field(default_factory=lambda: _Words.of(()))
    _usual: frozenset[str] = frozenset()

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
            tuple((re.compile(rf"\b{re.escape(_folded(word))}\w*\b"), site) for word, site in sites),
            _Words.of((site.words, site.codes, site.node) for site in file.sites),
            _Words.of((histology.words, histology.codes, histology) for histology in file.histologies),
            frozenset(site.node for site in file.sites)
            | {node for histology in file.histologies if not histology.other for node in histology.at.values()},
        )

    def by_code(self, system: str, code: str) -> str | None:
        """The node of a code; `system` as in `Codes`. An ICD code is also found through its category."""
        chain = (self._by_code.get((system, one)) for one in code_and_wider(system, code))
        return next((node for node in chain if node is not None), None)

    def is_malignant(self, system: str, code: str) -> bool:
        """Whether a code stands for a primary malignancy, known to the tree or not."""
        category = list(code_and_wider(system, code))[-1]
        if system == "icd10cm":
            return re.fullmatch(r"C(?!7[789])[0-9][0-9A]", category) is not None
        if system == "icd9cm":
            return category.isdigit() and 140 <= int(category) <= 209 and category not in ("196", "197", "198")
        return (system, code) == ("snomed", "363346000") or (system == "icdo3_morphology" and code.endswith("/3"))

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
        """The site of a secondary-cancer code, ICD codes also by their category; None if it is no such code."""
        if system == "icdo3_morphology" and code.endswith("/6"):
            return "unknown"
        chain = (self._sites.get((system, one)) for one in code_and_wider(system, code))
        return next((site for site in chain if site is not None), None)

    def site_in_text(self, text: str) -> str:
        """The site named in the text of a secondary cancer, `unknown` if none is."""
        folded = _folded(text[:500])
        return next((site for pattern, site in self._site_words if pattern.search(folded)), "unknown")

    def joined(self, nodes: Iterable[str]) -> str | None:
        """The narrowest of nodes on one branch; of contradicting ones what they share, None if that is nothing.

        A tumour that arises anywhere (a sarcoma, melanoma or lymphoma) is no contradiction to the organ it sits in.
        """
        first, *rest = dict.fromkeys(nodes)
        best: str | None = first
        for node in rest:
            best = None if best is None else self._both(best, node)
        return best

    def _both(self, one: str, other: str) -> str | None:
        if self.is_a(one, other):
            return one
        if self.is_a(other, one):
            return other
        for node, organ in ((one, other), (other, one)):
            if self.by_id[organ].parent is None and any(self.is_a(node, root) for root in _ANYWHERE):
                return node
        return next((node for node in self._line(one) if self.is_a(other, node)), None)

    def _line(self, node: str) -> Iterator[str]:
        """A node and its wider ones, the nearest first."""
        up: str | None = node
        while up in self.by_id:
            yield up
            up = self.by_id[up].parent

    def at_site(self, codes: Iterable[tuple[str, str]], texts: Iterable[str]) -> str | None:
        """The node of a cancer of the body site that codes or words name; None if none or several are named."""
        nodes = [*self._primary_sites.of_codes(codes), *self._primary_sites.in_texts(texts)]
        return self.joined(nodes) if nodes else None

    def with_histology(self, node: str | None, codes: Iterable[tuple[str, str]], texts: Iterable[str]) -> str | None:
        """The node narrowed down by what codes or words say of the histology."""
        found = [*self._histologies.of_codes(codes), *self._histologies.in_texts(texts)]
        if node is None:
            alone = [histology.alone for histology in found if histology.alone]
            return self.joined(alone) if alone else None
        for histology in {histology.name: histology for histology in found}.values():
            at = next((histology.at[up] for up in self._line(node) if up in histology.at), None)
            organ = list(self._line(node))[-1]
            usual = any(up in self._usual for up in self._line(node))
            if at is not None:
                node = self._both(node, at) or organ
            elif usual and not any(self.is_a(node, root) for root in _ANYWHERE):
                node = histology.alone or (organ if histology.other else node)
        return node

    def is_a(self, node: str, wider: str) -> bool:
        """Whether `node` is `wider` or a kind of it."""
        return wider in self._ancestors.get(node, frozenset())

    def may_be(self, node: str, narrower: str) -> bool:
        """Whether `node` is a wider term that could turn out to be `narrower` (lung cancer -> NSCLC)."""
        return node != narrower and node in self._ancestors.get(narrower, frozenset())


_BRITISH = (("tumour", "tumor"), ("aemia", "emia"), ("oesoph", "esoph"))


@dataclass(frozen=True, slots=True)
class _Words(Generic[T]):
    """Things found by their words and codes; in a text the longest word wins where several could start."""

    by_code: dict[tuple[str, str], T]
    by_word: tuple[T, ...]
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, things: Iterable[tuple[tuple[str, ...], Codes, T]]) -> _Words[T]:
        listed = list(things)
        words = sorted(((word, thing) for words, _, thing in listed for word in words), key=lambda w: -len(w[0]))
        parts = [_folded(word) + (r"\w*" if word.endswith("*") else "") for word, _ in words]
        pattern = "|".join(f"(\\b{part}\\b)" for part in parts)
        codes = {pair: thing for _, codes, thing in listed for pair in codes.pairs()}
        return cls(codes, tuple(thing for _, thing in words), re.compile(pattern or r"(?!)"))

    def of_codes(self, pairs: Iterable[tuple[str, str]]) -> list[T]:
        found: list[T] = []
        for system, code in pairs:
            known = [self.by_code[system, one] for one in code_and_wider(system, code) if (system, one) in self.by_code]
            found += known[:1]
        return found

    def in_texts(self, texts: Iterable[str]) -> list[T]:
        matches = (match for text in texts for match in self.pattern.finditer(_folded(text[:500])))
        return [self.by_word[(match.lastindex or 1) - 1] for match in matches]


def _folded(text: str) -> str:
    """Without case, punctuation and British spelling."""
    folded = " ".join(re.sub(r"[^\w]+", " ", text.casefold()).split())
    for british, american in _BRITISH:
        folded = folded.replace(british, american)
    return folded
