"""Which gene: by HGNC id, NCBI Gene id, symbol, alias or name. Contradictions are reported, never resolved silently."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from cds_targets.fhir import codes
from cds_targets.fhir.genomics.parts import Parts
from cds_targets.fhir.reading import Coding, Resource, as_dict, as_list, as_text, codings
from cds_targets.terms.genes import Genes

_HGNC = re.compile(r"(?:HGNC[:_ ]?)?(\d{1,6})", re.IGNORECASE | re.ASCII)
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{1,9}(?:-[A-Z0-9]{1,4})?|C\d{1,2}orf\d{1,3}")
_DECORATED = re.compile(r"([A-Z][A-Z0-9-]{1,11})\s?(?:gene(?: .{0,40})?|\(.{0,50}\)|[,;] .{0,50})")
_BRACKETED = re.compile(r".{2,70}\(([A-Z][A-Z0-9-]{1,11})\)")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,19}")
MAX_NAME = 80
ALIKE = 0.8  # our own bound: CHECK2 is a slip for CHEK2, another gene's symbol is not


class GeneRead(NamedTuple):
    """A gene as read. `symbol` is None where none could be read; `rivals` are the genes of a contradiction."""

    symbol: str | None
    notes: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()


UNNAMED = GeneRead(None)


def read_gene(concept: Any, genes: Genes) -> GeneRead:
    """The gene of a CodeableConcept."""
    if type(concept) is dict:
        given = concept.get("coding")
        if type(given) is list and len(given) == 1 and "text" not in concept:
            quick = _agreeing(given[0], genes)
            if quick is not None:
                return quick
    return _weighed(concept, genes)


def _agreeing(coding: Any, genes: Genes) -> GeneRead | None:
    """The common case at once: an HGNC id whose display is the same gene's symbol."""
    if type(coding) is dict:
        code, display = coding.get("code"), coding.get("display")
        if type(code) is str and type(display) is str and code.startswith("HGNC:"):
            symbol = genes.by_hgnc.get(code[5:])
            if symbol is not None and symbol == display:
                return GeneRead(symbol)
    return None


def _weighed(concept: Any, genes: Genes) -> GeneRead:
    ids: dict[str, str] = {}
    words: dict[str, str] = {}
    unknown: list[str] = []
    strange: list[str] = []
    for coding in codings(concept):
        _weigh(coding, genes, ids, words, unknown, strange)
    text = as_text(as_dict(concept).get("text"))
    if text and len(text) <= MAX_NAME:
        _weigh_word(text, genes, words, unknown)
    named = set(words) or (set() if ids else set(unknown[:1]))
    if len(named) == 1:
        symbol = next(iter(named))
        if not ids or symbol in ids:
            odd = [*(f"{how} is the id of {other}" for other, how in ids.items() if other != symbol)]
            odd += [f"{how} is not the id of {symbol}" for how in strange if symbol in genes.by_symbol]
            return GeneRead(symbol, tuple(f"{part}; the gene is read as written" for part in odd))
    if len(ids) == 1 and not words:
        symbol, how = next(iter(ids.items()))
        if not unknown:
            return GeneRead(symbol)
        if SequenceMatcher(None, unknown[0], symbol).ratio() >= ALIKE:
            return GeneRead(symbol, (f"{unknown[0]} is no known gene; read as {symbol} by its id {how}",))
    if not named and not ids:
        if strange:
            return GeneRead(None, ("the gene is given by an id that is not known",))
        return GeneRead(None, (f"the gene is written as “{text[:60]}”, which is none that is known",) if text else ())
    ways = {**{word: word for word in unknown[:1] if not words}, **words, **ids}
    said = " and ".join(sorted(f"{name} ({how})" for name, how in ways.items()))
    rivals = tuple(dict.fromkeys((*words, *ids)))
    return GeneRead(None, (f"the report names different genes for one finding: {said}",), rivals)


def _weigh(
    coding: Coding, genes: Genes, ids: dict[str, str], words: dict[str, str], unknown: list[str], strange: list[str]
) -> None:
    """Sort one coding into ids and words; code and display may be swapped."""
    system = coding.system.casefold()
    for value in (coding.code, coding.display):
        number = _HGNC.fullmatch(value)
        if number is None:
            if value and len(value) <= MAX_NAME:
                _weigh_word(value, genes, words, unknown)
            continue
        if "genenames" in system or value[:4].upper() == "HGNC":
            symbol = genes.by_hgnc.get(number[1])
        elif "ncbi" in system and "gene" in system:
            symbol = genes.by_ncbi.get(number[1])
        else:
            continue
        if symbol is not None:
            ids[symbol] = value
        else:
            strange.append(value)


def _weigh_word(text: str, genes: Genes, words: dict[str, str], unknown: list[str]) -> None:
    symbol = genes.named(text)
    if symbol is None and (decorated := _DECORATED.fullmatch(text)) is not None:
        symbol = genes.named(decorated[1])
    if symbol is None and (bracketed := _BRACKETED.fullmatch(text)) is not None:
        symbol = genes.named(bracketed[1])
    if symbol is not None:
        words.setdefault(symbol, text)
    elif _SYMBOL.fullmatch(text):
        unknown.append(text)


def read_genes(parts: Parts, genes: Genes) -> list[GeneRead]:
    """The genes of all gene components. Ids and names that are swapped among them still name the same set."""
    components = parts[codes.GENE]
    if len(components) == 1 and "valueCodeableConcept" in components[0]:
        return [read_gene(components[0]["valueCodeableConcept"], genes)]
    concepts = parts.concepts(codes.GENE)
    found = [read_gene(concept, genes) for concept in concepts]
    if len(found) > 1 and any(gene.rivals for gene in found):
        by_id = {symbol for concept in concepts for symbol in _by_id(concept, genes)}
        by_word = [_by_word(concept, genes) for concept in concepts]
        if None not in by_word and by_id == set(by_word):
            note = "ids and names of the genes are exchanged among them"
            return [GeneRead(symbol, (note,)) for symbol in by_word]
    return found


def _by_id(concept: Any, genes: Genes) -> list[str]:
    ids: dict[str, str] = {}
    for coding in codings(concept):
        _weigh(coding, genes, ids, {}, [], [])
    return list(ids)


def _by_word(concept: Any, genes: Genes) -> str | None:
    words: dict[str, str] = {}
    for coding in codings(concept):
        _weigh(coding, genes, {}, words, [], [])
    return next(iter(words)) if len(words) == 1 else None


def gene_in_text(text: str, genes: Genes) -> str | None:
    """The one gene a short text names by a word that is certainly a gene's; None if none or several."""
    found = genes_in_text(text, genes)
    return found[0] if len(found) == 1 else None


def genes_in_text(text: str, genes: Genes) -> list[str]:
    """The genes a short text names by words that are certainly genes', in order."""
    words = _WORD.findall(text[:300]) if len(text) <= 300 else []
    found: dict[str, None] = {}
    for index, word in enumerate(words):
        symbol = word if word in genes.by_symbol else None
        if symbol is None and word.isupper() and any(c.isdigit() for c in word):
            symbol = genes.named(word)
        if symbol is None and word.isupper():
            number = re.match(rf"{re.escape(word)} (\d{{1,2}})\b", text[text.find(word) :])
            symbol = genes.named(word + number[1]) if number else None
        following = words[index + 1].casefold() if index + 1 < len(words) else "gene"
        if symbol is not None and (word not in _ALSO_WORDS or following in _GENETIC_WORDS):
            found[symbol] = None
    return list(found)


_GENETIC_WORDS = frozenset({"gene", "exon", "mutation", "variant", "amplification", "fusion", "skipping", "wild"})
_ALSO_WORDS = frozenset({"MET", "SET", "REST", "CAT", "MAX", "KIT", "FAS", "ACT", "IMPACT"})


def notes_of(resource: Resource) -> list[str]:
    """The texts of an Observation's notes (`comments` in DSTU2)."""
    texts = [as_text(as_dict(note).get("text")) for note in as_list(resource.get("note"))]
    return [text for text in (*texts, as_text(resource.get("comments"))) if text]
