"""A card file as an object: what it says, when it holds, on which evidence, and the examples that prove it."""

from __future__ import annotations

import datetime
import re
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from cds_targets.library.conditions import CONDITIONS, AnyOf, Condition, Line
from cds_targets.library.patient import ExamplePatient


class Written(BaseModel):
    """Part of a card file; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Kind(StrEnum):
    """What a card is about; published on the wire."""

    THERAPY = "therapy"
    RESISTANCE = "resistance"
    TOXICITY = "toxicity"
    SEQUENCING = "sequencing"
    TESTING = "testing"
    TRIAL = "trial"
    NOTICE = "notice"


HookName = Literal["patient-view", "order-select", "order-sign"]
Indicator = Literal["info", "warning", "critical"]


class _OneCondition(Written):
    """A mapping with one key: the word of a condition."""

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("a line names exactly one condition")
        return self

    @property
    def named(self) -> Condition:
        """The condition this line names."""
        (name,) = self.model_fields_set
        value = getattr(self, name)
        assert isinstance(value, Condition)  # noqa: S101 - narrows the type; the fields are conditions only
        return value


_fields: dict[str, Any] = {
    word: (condition | None, Field(None, description=condition.__doc__)) for word, condition in CONDITIONS.items()
}
if TYPE_CHECKING:

    class SimpleLine(_OneCondition):
        """A mapping with one key: the word of a condition."""

else:
    SimpleLine = create_model("SimpleLine", __base__=_OneCondition, **_fields)


class WrittenLine(SimpleLine):
    """A condition, or `any:` with a list of conditions of which one suffices."""

    any: tuple[SimpleLine, ...] | None = Field(None, min_length=2, description=AnyOf.__doc__)

    @cached_property
    def line(self) -> Line:
        """The line as the judge takes it."""
        if self.any is not None:
            return AnyOf(lines=tuple(part.named for part in self.any))
        return self.named


class Evidence(Written):
    """One source, and what it says. At least one of `pmid`, `doi` and `url` unless it is the review's own text."""

    cite: str
    says: str
    section: str | None = None
    pmid: str | None = Field(None, pattern=r"^\d{6,9}$")
    doi: str | None = None
    url: str | None = Field(None, pattern=r"^https://")
    nct: str | None = Field(None, pattern=r"^NCT\d{8}$")
    read_on: datetime.date | None = None
    kind: (
        Literal[
            "label",
            "guideline",
            "randomised",
            "single-arm",
            "retrospective",
            "preclinical",
            "review",
            "registry",
            "database",
            "announcement",
        ]
        | None
    ) = None

    @property
    def link(self) -> str | None:
        """An absolute URL of the source."""
        if self.url:
            return self.url
        if self.doi:
            return f"https://doi.org/{self.doi}"
        if self.pmid:
            return f"https://pubmed.ncbi.nlm.nih.gov/{self.pmid}/"
        return f"https://clinicaltrials.gov/study/{self.nct}" if self.nct else None


class Regulatory(Written):
    """What a regulator says of this use."""

    status: Literal["approved", "accelerated", "conditional", "outside-indication", "investigational", "none"]
    agency: str | None = None
    date: datetime.date | None = None


class Strength(Written):
    """How strong the statement is, on named scales."""

    amp: str | None = Field(None, pattern=r"^(I-A|I-B|II-C|II-D|III|IV)$", description="AMP/ASCO/CAP tier and level")
    escat: str | None = Field(None, pattern=r"^(I-[ABC]|II-[AB]|III-[AB]|IV-[AB]|V|X)$")
    regulatory: Regulatory | None = None


class Suggestion(Written):
    """An order made ready: `order` and `schedule` are ids of `terms/orders.yaml`."""

    label: str = Field(min_length=3, max_length=40)
    order: str
    schedule: str | None = None
    recommended: bool = False


def _regimens(value: object) -> object:
    return [[entry] if isinstance(entry, str) else entry for entry in value] if isinstance(value, list) else value


Regimens = Annotated[
    tuple[tuple[str, ...], ...], BeforeValidator(_regimens, json_schema_input_type=list[str | list[str]])
]


class Note(Written):
    """A sentence added to the detail when its lines hold; `if_unknown` is said when they cannot be judged.

    Regimens it `withholds` are then not proposed to this patient, and the sentence says why; nor are they while
    `if_unknown` is said.
    """

    when: tuple[WrittenLine, ...] = Field(min_length=1)
    text: str
    if_unknown: str | None = None
    withholds: Regimens = Field(
        (), description="Regimens of `therapies` not proposed when the lines hold, or while `if_unknown` is said."
    )


class CardText(Written):
    """What the clinician reads. `{name.attribute}` comes from the line that says `as: name`."""

    indicator: Indicator
    summary: str = Field(min_length=10)
    detail: str
    suggest: tuple[Suggestion, ...] = ()
    override_reasons: tuple[str, ...] = ()


class UnknownText(Written):
    """What is said instead when the lines cannot be judged; what is missing is added by the program."""

    indicator: Indicator = "info"
    summary: str = Field(min_length=10)
    detail: str = ""
    suggest: tuple[Suggestion, ...] = ()


class Reviewed(Written):
    """Who reviewed the content, and when."""

    by: tuple[str, ...] = ()
    date: datetime.date | None = None


class Example(Written):
    """A patient in short form and what the card must do for that patient."""

    name: str
    patient: ExamplePatient
    expect: Literal["shown", "silent", "unknown"]
    hook: HookName | None = None
    stopped_by: str | None = Field(None, description="The condition (or unless line) that must stop a silent card.")
    missing: str | None = Field(None, description="The condition that must be the unknown one.")
    says: tuple[str, ...] | str | None = Field(None, description="Text the shown card must contain.")
    never_says: tuple[str, ...] | str | None = Field(None, description="Text the card must not contain.")


class CardDefinition(Written):
    """One card file: one message."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    title: str = Field(max_length=139)
    kind: Kind
    status: Literal["draft", "active", "retired"]
    version: int = Field(ge=1)
    reviewed: Reviewed
    review_by: datetime.date
    hooks: tuple[HookName, ...] = Field(min_length=1)
    rank: int = Field(50, ge=1, le=99, description="Order among cards of one indicator; smaller comes first.")
    when: tuple[WrittenLine, ...] = Field(min_length=1)
    unless: tuple[WrittenLine, ...] = ()
    if_unknown: Literal["say-so", "stay-silent"]
    unknown_needs: tuple[str, ...] = Field(
        (), description="Words of `when` that must be met before what cannot be judged is said at all."
    )
    therapies: Regimens = Field(
        (), description="Regimens proposed: members of one go together, alternatives are separate."
    )
    about: tuple[str, ...] = Field(
        (), description="Drugs a warning is about; `{name.drug}` is the one the line `as: name` found."
    )
    strength: Strength | None = None
    replaces: tuple[str, ...] = Field((), description="Ids of cards not shown where this one is (same fact).")
    card: CardText
    unknown_card: UnknownText | None = None
    notes: tuple[Note, ...] = ()
    evidence: dict[str, Evidence] = Field(min_length=1)
    background: str | None = Field(None, description="One line of context, said last.")
    examples: tuple[Example, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _proposals_are_therapy(self) -> Self:
        if self.therapies and self.kind is Kind.NOTICE:
            raise ValueError("a notice proposes no therapies")
        if self.kind is Kind.THERAPY and not self.therapies:
            raise ValueError("a therapy card names the regimens it proposes in `therapies`")
        if self.therapies and (self.strength is None or self.strength.regulatory is None):
            raise ValueError("a card that proposes therapies says its `strength.regulatory`")
        if any(regimen not in self.therapies for note in self.notes for regimen in note.withholds):
            raise ValueError("a note withholds regimens of `therapies`, written alike")
        words = {written.line.word for written in self.when}
        if set(self.unknown_needs) - words:
            raise ValueError("`unknown_needs` names words of `when`")
        if self.unknown_card is not None and self.if_unknown != "say-so":
            raise ValueError("`unknown_card` needs `if_unknown: say-so`")
        return self

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines that must hold."""
        return tuple(written.line for written in self.when)

    @cached_property
    def exceptions(self) -> tuple[Line, ...]:
        """The lines of which none may hold."""
        return tuple(written.line for written in self.unless)


PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\.([a-z0-9_]+)\}")
