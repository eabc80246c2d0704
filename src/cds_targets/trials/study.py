"""A study as curated by people: what it tests, its status with date and source, and whom it seeks, arm by arm."""

from __future__ import annotations

import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from cds_targets.errors import ContentError, Problem
from cds_targets.library.conditions import Line
from cds_targets.library.definition import Evidence, Written, WrittenLine
from cds_targets.library.patient import ExamplePatient
from cds_targets.terms.files import validated
from cds_targets.yaml_source import Document, read

OPEN = frozenset({"recruiting", "not yet recruiting", "active or recruiting"})


class StudyStatus(Written):
    """The recruitment status as a source gave it on a day."""

    word: Literal[
        "recruiting",
        "not yet recruiting",
        "active or recruiting",
        "active, not recruiting",
        "completed",
        "terminated",
        "withdrawn",
        "reported",
        "not recruiting",
    ]
    as_of: datetime.date
    source: str


class Arm(Written):
    """A way to take part: its drugs, and the lines a patient must fulfil."""

    name: str
    drugs: tuple[str, ...] = ()
    unsure: str | None = Field(None, description="Why it cannot be told whether it takes patients: never a match.")
    when: tuple[WrittenLine, ...] = Field(min_length=1)
    unless: tuple[WrittenLine, ...] = ()

    @cached_property
    def lines(self) -> tuple[tuple[Line, bool], ...]:
        """Every line, with whether it is an exception that must not hold."""
        return (*((w.line, False) for w in self.when), *((w.line, True) for w in self.unless))


class StudyExample(Written):
    """A patient in short form and what the study must answer."""

    name: str
    patient: ExamplePatient
    expect: Literal["match", "unknown", "no"]


class Study(Written):
    """One study file; the file is named by its registry number in lower case."""

    nct: str = Field(pattern=r"^NCT\d{8}$")
    title: str
    short_title: str | None = None
    drugs: tuple[str, ...] = Field((), description="What is tested.")
    combination: tuple[str, ...] = Field((), description="What it is given with (the comparator never).")
    targets: tuple[str, ...] = Field((), description="Genes whose change makes a tumour-agnostic arm worth a question.")
    sponsor: str
    phase: str
    objective: str | None = None
    status: StudyStatus
    arms: tuple[Arm, ...] = Field(min_length=1)
    not_checked: tuple[str, ...] = Field((), description="Criteria that could not be checked from what is known.")
    notes: tuple[str, ...] = ()
    evidence: dict[str, Evidence] = Field(min_length=1)
    examples: tuple[StudyExample, ...] = Field(min_length=2)

    @property
    def open(self) -> bool:
        """Whether the study was taking patients when its status was read."""
        return self.status.word in OPEN

    @property
    def url(self) -> str:
        """Its registry page."""
        return f"https://clinicaltrials.gov/study/{self.nct}"


def load_studies(folder: Path) -> tuple[list[Study], dict[str, Document]]:
    """Every study of `cards/trials/`; raises ContentError listing every problem of form."""
    studies: list[Study] = []
    documents: dict[str, Document] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            document = read(path, f"cards/trials/{path.name}")
            study = validated(document, document.data, Study)
        except ContentError as error:
            problems.extend(error.problems)
            continue
        if path.stem != study.nct.lower():
            problems.append(document.problem(("nct",), f"the file is {path.name}, the study {study.nct}"))
        studies.append(study)
        documents[study.nct] = document
    if problems:
        raise ContentError(problems)
    return studies, documents
