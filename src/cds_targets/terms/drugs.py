"""Drugs, their classes and the regimens they make up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import Field, field_validator

from cds_targets.terms.files import Codes, TermModel


class DrugClass(TermModel):
    """A class of drugs; `is_a` names wider classes."""

    name: str
    aliases: tuple[str, ...] = ()
    is_a: tuple[str, ...] = ()
    source: str | None = None


_WORDS = {
    "approved": "approved",
    "accelerated": "accelerated approval",
    "conditional": "conditional approval",
    "designated": "designation, no approval",
    "reported": "reported, not verified",
    "investigational": "investigational",
    "preclinical": "preclinical only",
    "partner": "partner or comparator",
    "failed": "failed",
    "stopped": "stopped",
    "terminated": "terminated",
}


class Status(TermModel):
    """What a regulator (`agency`) says of a drug, or where its development stands, with date and source."""

    agency: str | None = None
    status: str = Field(description=", ".join(_WORDS))
    what: str | None = None
    date: str = Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")
    source: str

    @field_validator("status")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in _WORDS:
            raise ValueError(f"is one of {', '.join(_WORDS)}")
        return value

    @property
    def sentence(self) -> str:
        """`FDA: accelerated approval, NSCLC after at least one systemic therapy (2021-05-28)`."""
        whose = f"{self.agency}: " if self.agency else ""
        return f"{whose}{_WORDS[self.status]}{f', {self.what}' if self.what else ''} ({self.date})"


class Drug(TermModel):
    """One drug by its generic name in lower case (or the code name of an investigational one)."""

    name: str
    aliases: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    antineoplastic: bool = False
    target: str | None = None
    mechanism: str | None = None
    codes: Codes = Field(default_factory=Codes)
    status: tuple[Status, ...] = ()
    source: str | None = None

    @property
    def standing(self) -> str:
        """Every status in one line."""
        return "; ".join(status.sentence for status in self.status) or "no status is recorded here"


class Regimen(TermModel):
    """A named combination, read as its drugs."""

    name: str
    aliases: tuple[str, ...] = ()
    drugs: tuple[str, ...]
    source: str | None = None


class MoreNames(TermModel):
    """Further codes and brand names of a drug of another file; drugs share the code of their combination."""

    drug: str
    brands: tuple[str, ...] = ()
    codes: Codes = Field(default_factory=Codes)


class DrugFile(TermModel):
    """A drug file: `drugs.yaml`, or a further file of the same form in `terms/drugs/`."""

    source: str
    classes: tuple[DrugClass, ...] = ()
    drugs: tuple[Drug, ...] = ()
    also: tuple[MoreNames, ...] = ()
    regimens: tuple[Regimen, ...] = ()
    vague: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drugs:
    """All drugs, found by code or in text, with class kinship closed over `is_a`."""

    by_name: dict[str, Drug]
    classes: dict[str, DrugClass]
    regimens: dict[str, Regimen]
    vague: tuple[str, ...] = ()
    _by_code: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    _by_word: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _pattern: re.Pattern[str] = re.compile(r"(?!)")
    _members: dict[str, frozenset[str]] = field(default_factory=dict)
    _class_names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, files: list[DrugFile]) -> Drugs:
        """Join drug files and build the indexes."""
        drugs = {drug.name: drug for file in files for drug in file.drugs}
        classes = {drug_class.name: drug_class for file in files for drug_class in file.classes}
        regimens = {regimen.name: regimen for file in files for regimen in file.regimens}
        codes: dict[tuple[str, str], tuple[str, ...]] = {}
        words: dict[str, tuple[str, ...]] = {}
        for regimen in regimens.values():
            for word in (regimen.name, *regimen.aliases):
                words |= dict.fromkeys(_spellings(word), regimen.drugs)
        named = [(drug.name, (drug.name, *drug.aliases, *drug.brands), drug.codes) for drug in drugs.values()]
        named += [(more.drug, more.brands, more.codes) for file in files for more in file.also]
        for name, its_words, its_codes in named:
            for pair in its_codes.pairs():
                codes[pair] = (*codes.get(pair, ()), name)
            for word in its_words:
                words |= dict.fromkeys(_spellings(word), (name,))
        ordered = sorted(words, key=len, reverse=True)
        pattern = re.compile(r"(?<![a-z0-9])(?:" + "|".join(map(re.escape, ordered)) + r")(?![a-z0-9])")
        return cls(
            by_name=drugs,
            classes=classes,
            regimens=regimens,
            vague=tuple(_folded(word) for file in files for word in file.vague),
            _by_code=codes,
            _by_word=words,
            _pattern=pattern if ordered else re.compile(r"(?!)"),
            _members=_closed(drugs, classes),
            _class_names={_folded(word): name for name, c in classes.items() for word in (name, *c.aliases)},
        )

    def by_code(self, system: str, code: str) -> tuple[str, ...]:
        """The drugs of a code (`system` as in `Codes`), empty if it is none we know."""
        return self._by_code.get((system, code), ())

    def in_text(self, text: str) -> tuple[str, ...]:
        """Every drug named in `text`, regimens expanded, in order of appearance."""
        found: dict[str, None] = {}
        for match in self._pattern.finditer(_folded(text[:500])):
            found.update(dict.fromkeys(self._by_word[match[0]]))
        return tuple(found)

    def is_vague(self, text: str) -> bool:
        """Whether the text names a treatment without saying which ("chemotherapy", "study drug")."""
        folded = _folded(text)
        return any(re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", folded) for word in self.vague)

    def is_regimen(self, text: str) -> bool:
        """Whether the text names several drugs by one word ("FOLFOX")."""
        return any(len(self._by_word[match[0]]) > 1 for match in self._pattern.finditer(_folded(text[:500])))

    def is_vague_beside(self, text: str) -> bool:
        """Whether the text joins such words to a drug it names ("pembrolizumab + chemotherapy")."""
        joined = "|".join(re.escape(word) for word in self.vague)
        return (
            re.search(rf"(?:\+|/|&|\b(?:and|plus|with|und|mit)\b)\s*(?:{joined})(?![a-z0-9])", _folded(text))
            is not None
        )

    def class_named(self, word: str) -> str | None:
        """The class of that name or alias."""
        return self._class_names.get(_folded(word))

    def in_class(self, drug: str, drug_class: str) -> bool:
        """Whether the drug belongs to the class or to a narrower one."""
        return drug in self._members.get(drug_class, frozenset())

    def members(self, drug_class: str) -> frozenset[str]:
        """All drugs of a class and of its narrower classes."""
        return self._members.get(drug_class, frozenset())


def _folded(text: str) -> str:
    """Lower case; every hyphen is a space, every apostrophe a straight one."""
    return re.sub(r"[\s‐‑–-]+", " ", re.sub(r"[’‘`´]", "'", text)).strip().casefold()


def _spellings(word: str) -> Iterator[str]:
    """A name as it may be written: code names with or without a space, and names without their last e (German)."""
    folded = _folded(word)
    yield folded
    code_name = re.fullmatch(r"([a-z]+) ?(\d+[a-z]*)", folded)
    if code_name is not None:
        yield from (code_name[1] + code_name[2], f"{code_name[1]} {code_name[2]}")
    elif re.fullmatch(r"[a-z]{6,}[^aeiou]e", folded):
        yield folded[:-1]


def _closed(drugs: dict[str, Drug], classes: dict[str, DrugClass]) -> dict[str, frozenset[str]]:
    members: dict[str, set[str]] = {name: set() for name in classes}
    for drug in drugs.values():
        waiting = list(drug.classes)
        done: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in done:
                continue
            done.add(name)
            members.setdefault(name, set()).add(drug.name)
            waiting.extend(classes[name].is_a if name in classes else ())
    return {name: frozenset(found) for name, found in members.items()}
