"""What a registry record mentions: genes and changes, tumour types, drugs. A mention is no criterion and is not judged.

Text that excludes ("no prior KRAS G12C inhibitor", the exclusion criteria, "wild type") is no interest in the gene.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cds_targets.terms import Terms
from cds_targets.trials.ctgov import RegistryRecord

_TOKEN = re.compile(r"\b[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)*\b")
_CHANGE = re.compile(r"\b([A-Z][A-Z0-9]{2,})[\s-]{0,3}(?:p\.)?([A-Z]\d{1,4}[A-Z*])\b")
_EXCLUSION = re.compile(r"^\W*(?:key |main )?exclusion criteria|^\W*exclusions?\b|^\W*ineligib", re.IGNORECASE)
_INCLUSION = re.compile(r"^\W*(?:key |main )?inclusion criteria", re.IGNORECASE)
_NEGATED = re.compile(
    r"\b(?:no|not|non|without|never|nor|neither|except|exclud\w+|ineligible|negative|absence|lack\w*|naive|naïve|prior|"
    r"previous(?:ly)?|wild[- ]?type|other than)\b|[A-Z0-9][-−](?=[\s/,);]|$)",
    re.IGNORECASE,
)
_GENERAL = re.compile(r"\b(?:solid tumou?rs?|advanced cancers?|malignan(?:t|cy|cies)|neoplasms?)\b", re.IGNORECASE)
# Symbols and aliases that are everyday capitals in criteria: counted only where a change stands beside them.
_AMBIGUOUS = frozenset({"CAT", "CS", "ALL", "MS", "PC", "SI", "TH", "IMPACT", "REST", "SET", "WAS", "MAX", "APC"})
ANY_TUMOUR = "*"


@dataclass(frozen=True, slots=True)
class Mention:
    """`kind` is gene, change, tumour or drug; `where` says in which part of the record."""

    kind: str
    word: str
    where: str


def mentions_of(record: RegistryRecord, terms: Terms) -> frozenset[Mention]:
    """Every mention of one record, once per part."""
    found: set[Mention] = set()
    parts = [("title", record.title), *(("keywords", word) for word in record.keywords)]
    parts += [("conditions", word) for word in record.conditions] + [("arms", arm) for arm in record.arms]
    for where, text in [*parts, *(("criteria", line) for line in _included(record.criteria))]:
        for clause in re.split(r"[.;](?:\s|$)|\n", text):
            if not _NEGATED.search(clause):
                found.update(_genes(clause, where, terms))
    for word in (*record.conditions, *record.keywords):
        node = terms.tumours.in_text(word)
        if node is not None:
            found.add(Mention("tumour", node, "conditions"))
        elif _GENERAL.search(word):
            found.add(Mention("tumour", ANY_TUMOUR, "conditions"))
    for name in record.interventions:
        found.update(Mention("drug", drug, "interventions") for drug in terms.drugs.in_text(name))
    return frozenset(found)


def _included(criteria: str) -> Iterator[str]:
    """The lines of the inclusion part; a text without such a heading counts until exclusions begin."""
    excluding = False
    for line in criteria.splitlines():
        if _INCLUSION.search(line):
            excluding = False
        elif _EXCLUSION.search(line):
            excluding = True
        elif not excluding:
            yield line


def _genes(text: str, where: str, terms: Terms) -> Iterator[Mention]:
    for match in _CHANGE.finditer(text):
        gene = terms.genes.named(match[1])
        if gene is not None:
            yield Mention("change", f"{gene} {match[2]}", where)
            yield Mention("gene", gene, where)
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word in _AMBIGUOUS:
            continue
        symbol = word if terms.genes.has(word) else None
        if symbol is None and any(c.isdigit() for c in word) and len(word) > 3:
            symbol = terms.genes.named(word)
        if symbol is not None:
            yield Mention("gene", symbol, where)
