"""The whole registry in one embedded file: machine-owned records, indexed by gene, change, tumour type and drug.

An import is one transaction: broken off, it leaves the registry as it was. Curated studies are never touched.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from heapq import nlargest
from pathlib import Path
from typing import Any

import orjson

from cds_targets.errors import CdsTargetsError
from cds_targets.facts.genomic import CopyNumber, Fusion, Origin, Presence, Significance, Variant
from cds_targets.facts.record import PatientRecord
from cds_targets.terms import Terms
from cds_targets.trials.ctgov import RecordError, RegistryRecord, Site, read_study
from cds_targets.trials.mentions import ANY_TUMOUR, mentions_of

SHOWN = 20
TAKING_PATIENTS = ("RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS study (
  nct TEXT PRIMARY KEY, title TEXT NOT NULL, status TEXT NOT NULL, phase TEXT NOT NULL, updated TEXT NOT NULL,
  minimum_age REAL, maximum_age REAL, sex TEXT NOT NULL, body BLOB NOT NULL, previous BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mention (
  kind TEXT NOT NULL, word TEXT NOT NULL, nct TEXT NOT NULL, places TEXT NOT NULL,
  PRIMARY KEY (kind, word, nct)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mention_of_study ON mention (nct);
CREATE TABLE IF NOT EXISTS seeks (
  gene TEXT NOT NULL, node TEXT NOT NULL, nct TEXT NOT NULL, changes TEXT NOT NULL, places TEXT NOT NULL,
  minimum_age REAL, maximum_age REAL, sex TEXT NOT NULL, PRIMARY KEY (gene, node, nct)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seeks_of_study ON seeks (nct);
"""
# `seeks` holds the studies taking patients, a row for each gene and tumour type they name, with all that sorting out
# needs: a patient is matched by reading one or few ranges of it. `changes`: "G12C=criteria, title|G12D=arms".


@dataclass(slots=True)
class ImportReport:
    """What an import did; `refused` and `noted` hold (place, reason)."""

    imported: int = 0
    unchanged: int = 0
    older: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UncuratedMatch:
    """A study whose criteria nobody has read: what it mentions is named, nothing of its text is judged."""

    nct: str
    title: str
    status: str
    phase: str
    updated: str
    mentions: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """For the clinician."""
        return "; ".join(f"{mention}: not checked" for mention in self.mentions)


@dataclass(frozen=True, slots=True)
class Mentioning:
    """The first studies that mention a finding, and how many there are in all."""

    studies: tuple[UncuratedMatch, ...]
    total: int


class Registry:
    """An open registry file; close it, or use it in `with`."""

    def __init__(self, path: Path | str) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise CdsTargetsError(f"{path}: cannot be used as a registry: {error}") from None

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def import_studies(self, studies: Iterable[tuple[str, object]], terms: Terms) -> ImportReport:
        """Take in (place, record) pairs in one transaction; a record older than ours does not replace it."""
        report = ImportReport()
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for place, value in studies:
                try:
                    if isinstance(value, RecordError):
                        raise value
                    record = read_study(value)
                except RecordError as error:
                    report.refused.append((place, str(error)))
                    continue
                report.noted += [(f"{place} {record.nct}", note) for note in record.notes]
                self._take(record, terms, report)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return report

    def _take(self, record: RegistryRecord, terms: Terms, report: ImportReport) -> None:
        body = zlib.compress(orjson.dumps(asdict(record)), 6)
        known = self._db.execute("SELECT updated, body FROM study WHERE nct = ?", (record.nct,)).fetchone()
        if known is not None and known[1] == body:
            report.unchanged += 1
            return
        if known is not None and record.updated < known[0]:
            report.older += 1
            return
        if known is not None:
            self._db.execute("DELETE FROM mention WHERE nct = ?", (record.nct,))
            self._db.execute("DELETE FROM seeks WHERE nct = ?", (record.nct,))
        self._db.execute(
            "INSERT OR REPLACE INTO study VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(record.nct, record.title, record.status, record.phase, record.updated),
                *(record.minimum_age, record.maximum_age, record.sex, body, known[1] if known else None),
            ),
        )
        places: dict[tuple[str, str], set[str]] = {}
        for mention in mentions_of(record, terms):
            places.setdefault((mention.kind, mention.word), set()).add(mention.where)
        self._db.executemany(
            "INSERT INTO mention VALUES (?, ?, ?, ?)",
            [(kind, word, record.nct, ", ".join(sorted(where))) for (kind, word), where in places.items()],
        )
        if record.status in TAKING_PATIENTS:
            self._index(record, places)
        report.imported += 1

    def _index(self, record: RegistryRecord, places: dict[tuple[str, str], set[str]]) -> None:
        named: dict[str, list[str]] = {}
        for (kind, word), where in sorted(places.items()):
            if kind == "change":
                gene, _, change = word.partition(" ")
                named.setdefault(gene, []).append(f"{change}={', '.join(sorted(where))}")
        self._db.executemany(
            "INSERT INTO seeks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(gene, node, record.nct, "|".join(named.get(gene, ())), ", ".join(sorted(where))),
                    *(record.minimum_age, record.maximum_age, record.sex),
                )
                for (kind, gene), where in places.items()
                if kind == "gene"
                for node in (word for other, word in places if other == "tumour")
            ],
        )

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM study").fetchone()[0])

    def summaries(self) -> Iterator[tuple[str, str, str, str]]:
        """(nct, status, last update, title) of every study, in order."""
        yield from self._db.execute("SELECT nct, status, updated, title FROM study ORDER BY nct")

    def record(self, nct: str) -> RegistryRecord | None:
        """The record as last imported."""
        return self._stored(nct, "body")

    def previous(self, nct: str) -> RegistryRecord | None:
        """The version before the last one."""
        return self._stored(nct, "previous")

    def _stored(self, nct: str, column: str) -> RegistryRecord | None:
        query = {"body": "SELECT body FROM study WHERE nct = ?", "previous": "SELECT previous FROM study WHERE nct = ?"}
        row = self._db.execute(query[column], (nct,)).fetchone()
        return _record(orjson.loads(zlib.decompress(row[0]))) if row and row[0] else None

    def match(
        self, patient: PatientRecord, terms: Terms, curated: Iterable[str] = (), limit: int = SHOWN
    ) -> Mentioning:
        """Studies taking patients of this tumour type, age and sex that mention a finding; curated ones left out.

        A study that names changes of the gene counts only if the patient's is among them. The change comes before the
        gene, a mention in the title before others, the newest study first.
        """
        changes, genes = _findings(patient)
        nodes = {node for tumour in patient.active_tumours() if tumour.term for node in _wider(tumour.term, terms)}
        if not genes or not nodes:
            return Mentioning((), 0)
        nodes.add(ANY_TUMOUR)
        age, sex, left_out = _age(patient), (patient.patient.sex or "").upper(), set(curated)
        rows = self._db.execute(_SOUGHT.format(_marks(genes), _marks(nodes)), [*genes, *nodes])
        found: dict[str, dict[str, str]] = {}
        for nct, gene, named, places, low, high, wanted in rows:
            if nct in left_out or (wanted != "ALL" and sex and wanted != sex):
                continue
            if age is not None and ((low is not None and age < low) or (high is not None and age >= high + 1)):
                continue
            if not named:
                found.setdefault(nct, {})[gene] = places
                continue
            for part in named.split("|"):
                change, _, where = part.partition("=")
                if f"{gene} {change}" in changes:
                    found.setdefault(nct, {})[f"{gene} {change}"] = where
        first = nlargest(limit, found, key=lambda nct: (*max(map(_worth, found[nct].items())), nct))
        return Mentioning(tuple(self._match(nct, found[nct]) for nct in first), len(found))

    def _match(self, nct: str, words: dict[str, str]) -> UncuratedMatch:
        query = "SELECT title, status, phase, updated FROM study WHERE nct = ?"
        title, status, phase, updated = self._db.execute(query, (nct,)).fetchone()
        mentions = tuple(f"mentions {word} in its {where}" for word, where in words.items())
        return UncuratedMatch(nct, title, status, phase, updated, mentions)


_SOUGHT = (
    "SELECT nct, gene, changes, places, minimum_age, maximum_age, sex FROM seeks WHERE gene IN ({}) AND node IN ({})"
)


def _worth(mention: tuple[str, str]) -> tuple[bool, bool]:
    word, where = mention
    return " " in word, "title" in where


def _wider(node: str, terms: Terms) -> list[str]:
    """The tumour type and the wider ones."""
    found: list[str] = []
    step: str | None = node
    while step is not None and step not in found and step in terms.tumours.by_id:
        found.append(step)
        step = terms.tumours.by_id[step].parent
    return found


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)


def _findings(patient: PatientRecord) -> tuple[frozenset[str], frozenset[str]]:
    """The changes (`KRAS G12C`) and the genes found changed in the tumour."""
    changes, genes = set(), set()
    for gene, facts in patient.genomics.by_gene.items():
        for fact in facts:
            if isinstance(fact, Variant) and fact.presence is Presence.PRESENT:
                if fact.origin is Origin.GERMLINE or fact.significance is Significance.BENIGN:
                    continue
                genes.add(gene)
                if fact.protein is not None:
                    changes.add(f"{gene} {fact.protein.text}")
            elif isinstance(fact, CopyNumber | Fusion) and fact.presence is Presence.PRESENT:
                genes.add(gene)
    return frozenset(changes), frozenset(genes)


def _age(patient: PatientRecord) -> float | None:
    birth = patient.patient.birth
    return None if birth is None else (patient.as_of - birth.latest).days / 365.25


def _record(stored: dict[str, Any]) -> RegistryRecord:
    sites = tuple(
        Site(**{**site, "point": tuple(site["point"]) if site["point"] else None}) for site in stored["sites"]
    )
    lists = {name: tuple(value) for name, value in stored.items() if isinstance(value, list)}
    return RegistryRecord(**{**stored, **lists, "sites": sites})
