"""Reading measured against published resources whose answers were written by hand.

The resources lie beside the checkout (`../shared/corpus`), not in it: their licences differ. Where they are absent the
tests of this folder do not exist. `pytest tests/corpus -s` prints the table.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from cds_targets.cli.read import read_file
from tests.corpus.place import CORPUS, files
from tests.fhir.observations import terms

pytestmark = pytest.mark.skipif(CORPUS is None, reason="../shared/corpus is not there")

FIELDS = ("gene", "kind", "presence", "protein", "cdna", "origin", "vaf")
PRESENCE = {True: "present", False: "absent", None: "unknown"}

# Answers that are wrong or too narrow, by file and pointer, each with the reason. Nothing else may differ.
_KIDINS220 = "the answer says ANKRD11; HGNC:29508 is KIDINS220 (ANKRD11 is HGNC:21316)"
DISPUTED = {
    ("rarelink__evco_fhir_variant.json", "/entry/3/resource"): _KIDINS220,
    ("rarelink__evco_fhir_variant.json", "/entry/6/resource"): _KIDINS220,
}


@dataclass(frozen=True)
class Row:
    """One answer, what was read of it, and the fields that differ."""

    key: tuple[str, str]
    source: str
    want: dict[str, Any]
    have: dict[str, Any]
    wrong: tuple[str, ...]


def expected(answer: dict[str, Any], have: dict[str, Any]) -> dict[str, Any]:
    """The answer's fields. What an expert could derive counts as right where the reader derived just that."""
    want = {field: answer.get(field) for field in FIELDS}
    want["presence"] = PRESENCE[answer["present"]]
    derivable = answer.get("protein_derivable") or ""
    if want["protein"] is None and have["protein"] and have["protein"] in derivable.split()[:3]:
        want["protein"] = have["protein"]
        if want["gene"] is None and derivable.startswith(f"{have['gene']} "):
            want["gene"] = have["gene"]
    return want


@cache
def rows() -> list[Row]:
    """Every answer that is not marked unsure, compared."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for path in files("labelled"):
        for line in read_file(path, terms(), UTC).findings:
            found[path.name, line["pointer"]].append(line)
    compared = []
    assert CORPUS is not None
    for text in (CORPUS / "labelled" / "expected.jsonl").read_text(encoding="utf-8").splitlines():
        answer = json.loads(text)
        key = (answer["file"], answer.get("pointer") or "")
        have = taken(found[key], answer)
        if answer["unsure"]:
            continue
        want = expected(answer, have)
        wrong = tuple(field for field in FIELDS if not same(want[field], have[field]))
        compared.append(Row(key, answer["source"], want, have, wrong))
    return compared


def taken(lines: list[dict[str, Any]], answer: dict[str, Any]) -> dict[str, Any]:
    """The line that speaks of the answer's gene, taken out of those left for the same resource."""
    for index, line in enumerate(lines):
        if line["gene"] == answer["gene"] and line["kind"] != "region-studied":
            return lines.pop(index)
    return lines.pop(0) if lines else dict.fromkeys(FIELDS, "missing")


def same(want: Any, have: Any) -> bool:
    """Equal, or the same number."""
    if isinstance(want, int | float) and isinstance(have, int | float):
        return abs(want - have) < 1e-6
    return bool(want == have)


def test_at_least_99_percent_of_every_field_is_right() -> None:
    """Disputed answers count as wrong here, too."""
    total = len(rows())
    wrong = Counter(field for row in rows() for field in row.wrong)
    table = Table("source", "rows", *FIELDS)
    for source in sorted({row.source for row in rows()}):
        own = [row for row in rows() if row.source == source]
        table.add_row(source, str(len(own)), *(str(sum(field in row.wrong for row in own) or "") for field in FIELDS))
    table.add_row("right, %", str(total), *(f"{100 * (1 - wrong[field] / total):.2f}" for field in FIELDS))
    Console(width=120).print(table)
    assert total > 400
    for field in FIELDS:
        assert wrong[field] <= 0.01 * total, field


def test_no_presence_is_stated_wrongly_as_certain() -> None:
    bad = [row for row in rows() if "presence" in row.wrong and row.have["presence"] != "unknown"]
    assert not bad, bad


def test_no_gene_is_stated_wrongly() -> None:
    bad = [row for row in rows() if "gene" in row.wrong and row.have["gene"] and row.key not in DISPUTED]
    assert not bad, bad


def test_what_differs_is_disputed_with_a_reason() -> None:
    differing = {row.key: row for row in rows() if row.wrong}
    assert {key: (row.want, row.have) for key, row in differing.items() if key not in DISPUTED} == {}
    assert set(DISPUTED) <= set(differing), "a disputed answer is no longer disputed"
