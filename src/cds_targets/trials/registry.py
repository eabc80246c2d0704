"""The whole registry in one embedded file: machine-owned records, indexed by gene, change, tumour type and drug.

An import is one transaction: broken off, it leaves the registry as it was. Curated studies are never touched.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from heapq import nlargest
from itertools import product
from pathlib import Path
from typing import Any

import orjson

from cds_targets.errors import CdsTargetsError
from cds_targets.facts.clinical import Demographics
from cds_targets.facts.genomic import CopyNumber, Fusion, Origin, Presence, Significance, Variant
from cds_targets.facts.record import PatientRecord
from cds_targets.terms import Terms
from cds_targets.terms.places import Places
from cds_targets.trials.ctgov import RecordError, RegistryRecord, Site, read_study
from cds_targets.trials.mentions import ANY_TUMOUR, mentions_of
from cds_targets.trials.places import Where, seen_from

SHOWN = 20
CEILING = 500
TAKING_PATIENTS = ("RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION")
_VERSION = 3
_SCHEMA = """
CREATE TABLE IF NOT EXISTS study (
  nct TEXT PRIMARY KEY, title TEXT NOT NULL, status TEXT NOT NULL, phase TEXT NOT NULL, updated TEXT NOT NULL,
  body BLOB NOT NULL, previous BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mention (
  kind TEXT NOT NULL, word TEXT NOT NULL, nct TEXT NOT NULL, PRIMARY KEY (kind, word, nct)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mention_of_study ON mention (nct);
CREATE TABLE IF NOT EXISTS seeks (
  word TEXT NOT NULL, node TEXT NOT NULL, nct TEXT NOT NULL, places TEXT NOT NULL, countries TEXT NOT NULL,
  minimum_age REAL, maximum_age REAL, sex TEXT NOT NULL, PRIMARY KEY (word, node, nct)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seeks_of_study ON seeks (nct);
CREATE TABLE IF NOT EXISTS site (
  nct TEXT NOT NULL, code TEXT NOT NULL, country TEXT NOT NULL, state TEXT NOT NULL, city TEXT NOT NULL,
  latitude REAL, longitude REAL, PRIMARY KEY (nct, code, country, state, city)) WITHOUT ROWID;
"""
_FORGET = (
    "DELETE FROM mention WHERE nct = ?",
    "DELETE FROM seeks WHERE nct = ?",
    "DELETE FROM site WHERE nct = ?",
)
# `seeks` and `site` hold the studies taking patients. `seeks` has a row for each tumour type and each change a study
# names ("KRAS G12C"), or for the gene where it names no change of it ("KRAS"), with all that sorting out needs: a
# patient is matched by reading the newest of a few ranges of it. `countries`: "|DE|US|".


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
    where: Where = field(default_factory=Where)

    @property
    def sentence(self) -> str:
        """For the clinician."""
        return "; ".join(f"{mention}: not checked" for mention in self.mentions)


@dataclass(frozen=True, slots=True)
class Mentioning:
    """The first studies that mention a finding, and how many there are in all (`more`: at least so many)."""

    studies: tuple[UncuratedMatch, ...] = ()
    total: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """What a record says of the status of a study, and the day of its last update as written."""

    status: str
    updated: str


class Registry:
    """An open registry file; close it, or use it in `with`."""

    def __init__(self, path: Path | str) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._db.execute("PRAGMA journal_mode = WAL")
            made = self._db.execute("PRAGMA user_version").fetchone()[0]
            empty = not self._db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
            if made != _VERSION and empty:
                self._db.executescript(f"{_SCHEMA}PRAGMA user_version = {_VERSION};")
        except sqlite3.DatabaseError as error:
            raise CdsTargetsError(f"{path}: cannot be used as a registry: {error}") from None
        if made != _VERSION and not empty:
            self._db.close()
            raise CdsTargetsError(f"{path}: is no registry of this version: import into a new file")

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
            for forget in _FORGET:
                self._db.execute(forget, (record.nct,))
        self._db.execute(
            "INSERT OR REPLACE INTO study VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(record.nct, record.title, record.status, record.phase, record.updated),
                *(body, known[1] if known else None),
            ),
        )
        places: dict[tuple[str, str], set[str]] = {}
        for mention in mentions_of(record, terms):
            places.setdefault((mention.kind, mention.word), set()).add(mention.where)
        self._db.executemany(
            "INSERT INTO mention VALUES (?, ?, ?)", [(kind, word, record.nct) for kind, word in places]
        )
        if record.status in TAKING_PATIENTS:
            self._index(record, places, terms)
        report.imported += 1

    def _index(self, record: RegistryRecord, places: dict[tuple[str, str], set[str]], terms: Terms) -> None:
        code_of = terms.places.country
        self._db.executemany(
            "INSERT OR IGNORE INTO site VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (record.nct, code_of(s.country), s.country, s.state, s.city, *(s.point or (None, None)))
                for s in record.sites
            ],
        )
        countries = "".join(f"|{code}" for code in sorted({code_of(s.country) for s in record.sites})) + "|"
        changes = {word for kind, word in places if kind == "change"}
        told = {word.partition(" ")[0] for word in changes}
        sought = [*changes, *(word for kind, word in places if kind == "gene" and word not in told)]
        nodes = [word for kind, word in places if kind == "tumour"]
        self._db.executemany(
            "INSERT INTO seeks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(word, node, record.nct),
                    ", ".join(sorted(places["change" if word in changes else "gene", word])),
                    *(countries, record.minimum_age, record.maximum_age, record.sex),
                )
                for word in sought
                for node in nodes
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

    def about(self, word: str) -> Iterator[tuple[str, str, str, str]]:
        """(nct, status, last update, title) of every study that mentions a gene, change, tumour code or drug."""
        yield from self._db.execute(
            "SELECT DISTINCT nct, status, updated, title FROM mention JOIN study USING (nct) WHERE word = ? "
            "ORDER BY nct",
            (word,),
        )

    def news(self, ncts: Iterable[str]) -> dict[str, News]:
        """What the records of these studies say of their status."""
        query = "SELECT status, updated FROM study WHERE nct = ?"
        rows = ((nct, self._db.execute(query, (nct,)).fetchone()) for nct in ncts)
        return {nct: News(*row) for nct, row in rows if row is not None}

    def where(self, nct: str, home: Demographics, places: Places) -> Where:
        """Where a study takes patients, seen from the patient's address."""
        counted = "SELECT country, count(*) FROM site WHERE nct = ? GROUP BY country ORDER BY count(*) DESC, country"
        near = "SELECT city, state, country, latitude, longitude FROM site WHERE nct = ? AND code = ?"
        countries = self._db.execute(counted, (nct,)).fetchall()
        rows = self._db.execute(near, (nct, places.country(home.country))) if countries else ()
        here = [
            Site(city, state, country, None if latitude is None else (latitude, longitude))
            for city, state, country, latitude, longitude in rows
        ]
        return seen_from(home, here, countries, places)

    def match(
        self, patient: PatientRecord, terms: Terms, curated: Iterable[str] = (), limit: int = SHOWN
    ) -> Mentioning:
        """Studies taking patients of this tumour type, age and sex that mention a finding; curated ones left out.

        A study that names changes of the gene counts only if the patient's is among them. The change comes before the
        gene, a study in the patient's country before others, a mention in the title before others, the newest first.
        Of each gene or change in each tumour type the newest `CEILING` studies are compared.
        """
        words = [word for found in _findings(patient) for word in sorted(found)]
        nodes = {node for tumour in patient.active_tumours() if tumour.term for node in _wider(tumour.term, terms)}
        if not words or not nodes:
            return Mentioning()
        nodes.add(ANY_TUMOUR)
        age, sex, left_out = _age(patient), _sex(patient), set(curated)
        home = f"|{terms.places.country(patient.patient.country)}|"
        found: dict[str, dict[str, str]] = {}
        worth: dict[str, tuple[bool, bool, bool]] = {}
        more = False
        for word, node in product(words, sorted(nodes)):
            rows = self._db.execute(
                _SOUGHT, {"word": word, "node": node, "age": age, "sex": sex, "ceiling": CEILING}
            ).fetchall()
            more = more or len(rows) == CEILING
            for nct, places, countries in rows:
                if nct not in left_out:
                    found.setdefault(nct, {})[word] = places
                    now = (" " in word, home in countries, "title" in places)
                    worth[nct] = max(worth.get(nct, now), now)
        first = nlargest(limit, found, key=lambda nct: (worth[nct], nct))
        studies = tuple(self._match(nct, found[nct], self.where(nct, patient.patient, terms.places)) for nct in first)
        return Mentioning(studies, len(found), more)

    def _match(self, nct: str, words: dict[str, str], where: Where) -> UncuratedMatch:
        query = "SELECT title, status, phase, updated FROM study WHERE nct = ?"
        title, status, phase, updated = self._db.execute(query, (nct,)).fetchone()
        mentions = tuple(f"mentions {word} in its {part}" for word, part in words.items())
        return UncuratedMatch(nct, title, status, phase, updated, mentions, where)


_SOUGHT = """
SELECT nct, places, countries FROM seeks WHERE word = :word AND node = :node
AND (:age IS NULL OR (coalesce(minimum_age, 0) <= :age AND coalesce(maximum_age, 999) + 1 > :age))
AND (sex = 'ALL' OR :sex = '' OR sex = :sex) ORDER BY nct DESC LIMIT :ceiling
"""


def _wider(node: str, terms: Terms) -> list[str]:
    """The tumour type and the wider ones."""
    found: list[str] = []
    step: str | None = node
    while step is not None and step not in found and step in terms.tumours.by_id:
        found.append(step)
        step = terms.tumours.by_id[step].parent
    return found


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


def _sex(patient: PatientRecord) -> str:
    """As the registry writes it; empty where it is neither or unknown, and then rules nothing out."""
    sex = (patient.patient.sex or "").upper()
    return sex if sex in ("FEMALE", "MALE") else ""


def _age(patient: PatientRecord) -> float | None:
    birth = patient.patient.birth
    return None if birth is None else (patient.as_of - birth.latest).days / 365.25


def _record(stored: dict[str, Any]) -> RegistryRecord:
    sites = tuple(
        Site(**{**site, "point": tuple(site["point"]) if site["point"] else None}) for site in stored["sites"]
    )
    lists = {name: tuple(value) for name, value in stored.items() if isinstance(value, list)}
    return RegistryRecord(**{**stored, **lists, "sites": sites})
