"""The closed vocabulary of conditions a card can name. Each is judged by one function in `matching`.

A condition that needs a number also says `because:` which entry of the card's evidence (or a house rule) it rests on.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cds_targets.facts.record import Topic
from cds_targets.library.durations import Span


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | int) else value


Names = Annotated[
    tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str]), Field(min_length=1)
]
Numbers = Annotated[
    tuple[int, ...], BeforeValidator(_listed, json_schema_input_type=int | list[int]), Field(min_length=1)
]


class Condition(BaseModel):
    """One line of `when` or `unless`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    word: ClassVar[str]
    topics: ClassVar[tuple[Topic, ...]]
    numbers: ClassVar[tuple[str, ...]] = ()

    because: str | None = Field(None, description="The evidence entry a number of this line rests on.")
    bind: str | None = Field(None, alias="as", description="The name under which the text may use what was found.")

    @property
    def has_number(self) -> bool:
        """Whether the line states a number that needs a reason."""
        return any(getattr(self, name) is not None for name in self.numbers)


class _Drugs(Condition):
    drug: Names | None = Field(None, description="Generic names; any of them.")
    drug_class: Names | None = Field(None, alias="class", description="Classes; any drug of any of them.")

    def _one_of(self, *others: str) -> Self:
        if not self.drug and not self.drug_class and not any(getattr(self, other) for other in others):
            raise ValueError("names a drug or a class")
        return self


class Ordering(_Drugs):
    """One of the drugs is among the orders being selected or signed."""

    word = "ordering"
    topics = (Topic.ORDERS,)
    any_draft: bool = Field(False, description="Draft orders that are not selected count too.")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        return self._one_of()


class OrderingTest(Condition):
    """One of the test panels (or all of their tests) is among the draft orders, or was ordered and is still open."""

    word = "ordering_test"
    topics = (Topic.ORDERS,)
    panel: Names


class TumourIs(Condition):
    """The patient has an active primary tumour of one of the types, or of a kind of it."""

    word = "tumour"
    topics = (Topic.DIAGNOSES,)
    is_: Names | None = Field(None, alias="is", description="OncoTree codes; any of them or a narrower type.")
    is_not: Names | None = Field(None, description="Codes that rule the tumour out.")
    extent: Names | None = Field(None, description="early, locally advanced, metastatic; any of them.")
    extent_not: Names | None = Field(
        None, description="A recorded extent that rules the tumour out; an unrecorded one is a caveat."
    )

    @model_validator(mode="after")
    def _known_extents(self) -> Self:
        if not self.is_ and not self.is_not and not self.extent:
            raise ValueError("names a tumour type or an extent")
        if {*(self.extent or ()), *(self.extent_not or ())} - {"early", "locally advanced", "metastatic"}:
            raise ValueError("extent is early, locally advanced or metastatic")
        return self


class VariantIs(Condition):
    """A variant of the gene was found in the tumour; uncertain, benign and germline findings do not count."""

    word = "variant"
    topics = (Topic.GENOMICS,)
    numbers = ("min_vaf",)
    gene: Names = Field(description="HGNC symbols; any of them.")
    protein: Names | None = Field(None, description="Protein changes in short form (G12C); any of them.")
    not_protein: Names | None = Field(None, description="Changes that do not count.")
    codon: Numbers | None = Field(None, description="Codons; any change at any of them.")
    exon: Numbers | None = None
    class_: Literal["any", "missense", "truncating", "in-frame"] = Field("any", alias="class")
    origin: Literal["tumour", "somatic", "germline", "any"] = Field(
        "tumour", description="tumour: everything but germline; somatic: stated as somatic."
    )
    specimen: Literal["any", "tissue", "plasma"] = "any"
    report: Literal["final", "preliminary"] = Field(
        "final", description="preliminary: the change is reported, but as preliminary only."
    )
    min_vaf: float | None = Field(None, gt=0, lt=1)


class FusionIs(Condition):
    """A fusion of one of the genes was found."""

    word = "fusion"
    topics = (Topic.GENOMICS,)
    gene: Names
    partner: Names | None = None


class CopyNumberIs(Condition):
    """The copy number of one of the genes was called so; a bare number or a low-level gain is no amplification."""

    word = "copy_number"
    topics = (Topic.GENOMICS,)
    gene: Names
    call: Literal["amplification", "deletion", "gain", "loss", "uncalled"] = Field(
        description="uncalled: a number was reported, and no report calls it."
    )


class BiomarkerIs(Condition):
    """A marker (MSI, TMB, PD-L1 TPS, HER2 ...) has one of the calls, or a value in the range."""

    word = "biomarker"
    topics = (Topic.GENOMICS,)
    numbers = ("at_least", "below")
    marker: str
    call: Names | None = None
    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _call_or_range(self) -> Self:
        if not self.call and self.at_least is None and self.below is None:
            raise ValueError("names a call, at_least or below")
        return self


class WildType(Condition):
    """The gene was tested and no variant that counts was found (with `codon`: there; with `protein`: that change)."""

    word = "wild_type"
    topics = (Topic.GENOMICS,)
    gene: Names = Field(description="HGNC symbols; all of them.")
    codon: Numbers | None = None
    protein: Names | None = Field(None, description="Protein changes in short form that were not found; all of them.")
    specimen: Literal["any", "tissue", "plasma"] = Field("any", description="What was tested.")


class NotTested(Condition):
    """No result of any kind exists for at least one of the genes, though genomic results could be seen."""

    word = "not_tested"
    topics = (Topic.GENOMICS,)
    gene: Names
    codon: Numbers | None = None
    specimen: Literal["any", "tissue", "plasma"] = Field("any", description="Only results of this specimen count.")


class HadTherapy(_Drugs):
    """The patient was given one of the drugs (the one being ordered aside); `within` counts from the last dose."""

    word = "had_therapy"
    topics = (Topic.THERAPIES,)
    numbers = ("within", "longer_ago_than")
    any_systemic: bool = Field(False, description="Any antineoplastic drug.")
    within: Span | None = Field(None, description="The last dose lies at most this long ago, or treatment goes on.")
    longer_ago_than: Span | None = Field(None, description="The last dose lies longer ago than this.")
    intent: Names | None = Field(None, description="adjuvant, neoadjuvant, palliative, maintenance, consolidation.")
    still_on: bool | None = Field(None, description="true: treatment goes on; false: it is over.")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        return self._one_of("any_systemic")


class HadAll(Condition):
    """The patient was given at least one drug of every group (each group a list of drugs or classes)."""

    word = "had_all"
    topics = (Topic.THERAPIES,)
    groups: tuple[Names, ...] = Field(min_length=2)


class OnTherapy(_Drugs):
    """The patient is taking one of the drugs now."""

    word = "on_therapy"
    topics = (Topic.THERAPIES,)
    numbers = ("for_at_least", "for_less_than")
    for_at_least: Span | None = Field(None, description="Started at least this long ago.")
    for_less_than: Span | None = Field(None, description="Started less than this long ago.")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        return self._one_of()


class StartedAfter(_Drugs):
    """The drug was begun, and is taken, within `within` of the last dose of another, or together with it."""

    word = "started_after"
    topics = (Topic.THERAPIES,)
    numbers = ("within",)
    started: str = Field(description="The drug being taken now.")
    within: Span

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        return self._one_of()


class PriorLines(Condition):
    """How many lines of systemic therapy were given for the advanced disease."""

    word = "prior_lines"
    topics = (Topic.THERAPIES,)
    numbers = ("at_least", "at_most")
    at_least: int | None = Field(None, ge=1)
    at_most: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("names at_least or at_most")
        return self


class LabIs(Condition):
    """The newest result of one of the tests lies in the range; `_uln` bounds are multiples of the lab's upper limit."""

    word = "lab"
    topics = (Topic.LABS, Topic.MEASUREMENTS)
    numbers = ("above", "at_least", "below", "above_uln", "at_most_uln", "within")
    test: Names = Field(description="Ids of `terms/labs.yaml`; any of them.")
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    above_uln: float | None = None
    at_most_uln: float | None = None
    below_normal: bool = Field(False, description="Below the laboratory's own lower limit.")
    within: Span | None = Field(None, description="Only results at most this old count.")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        bounds = (self.above, self.at_least, self.below, self.above_uln, self.at_most_uln, self.below_normal or None)
        if all(bound is None for bound in bounds):
            raise ValueError("names a bound")
        return self


class LabRise(Condition):
    """The newest result lies this much above the lowest earlier one within the period."""

    word = "lab_rise"
    topics = (Topic.LABS, Topic.MEASUREMENTS)
    numbers = ("above", "within")
    test: str
    above: float
    within: Span


class LabDone(Condition):
    """All of the tests were done in the period; `after_start_of` counts only results since that drug was begun."""

    word = "lab_done"
    topics = (Topic.LABS, Topic.MEASUREMENTS)
    numbers = ("within",)
    test: Names = Field(description="Ids of `terms/labs.yaml`; every one of them.")
    within: Span | None = None
    after_start_of: str | None = None


class LabMissing(Condition):
    """At least one of the tests has no result in the period (or none at all, or none since that drug was begun)."""

    word = "lab_missing"
    topics = (Topic.LABS, Topic.MEASUREMENTS)
    numbers = ("within",)
    test: Names = Field(description="Ids of `terms/labs.yaml`; the card speaks if any of them is missing.")
    within: Span | None = None
    after_start_of: str | None = None


class LabDue(Condition):
    """A test repeated at an interval during a treatment is due: counted from its last result or, later, the start."""

    word = "lab_due"
    topics = (Topic.LABS, Topic.MEASUREMENTS)
    numbers = ("every", "during_first", "after_first")
    test: Names = Field(description="Ids of `terms/labs.yaml`; due when any of them is.")
    every: Span
    on: str = Field(description="The drug whose start counts as a first test.")
    during_first: Span | None = Field(None, description="Only within this time from the start.")
    after_first: Span | None = Field(None, description="Only once this time from the start is over.")


class LabUnclear(Condition):
    """The newest result of one of the tests cannot be used, or cannot be set against a limit of normal."""

    word = "lab_unclear"
    topics = (Topic.LABS, Topic.MEASUREMENTS)
    test: Names = Field(description="Ids of `terms/labs.yaml`; any of them.")
    needs_limit: bool = Field(True, description="A result without the laboratory's upper limit is unclear too.")


class HasCondition(Condition):
    """The patient has (or with `history`: has or had) one of the other conditions."""

    word = "condition"
    topics = (Topic.DIAGNOSES,)
    is_: Names = Field(alias="is", description="Ids of `terms/conditions.yaml`; any of them.")
    history: bool = Field(False, description="A resolved condition counts too.")
    suspected: bool = Field(False, description="A suspected one counts too; the card says that it is not confirmed.")


class MetastasisIn(Condition):
    """A metastasis at the site is recorded."""

    word = "metastasis"
    topics = (Topic.DIAGNOSES,)
    site: Names


class Age(Condition):
    """The patient's age in completed years."""

    word = "age"
    topics = (Topic.PATIENT,)
    numbers = ("at_least", "at_most")
    at_least: int | None = None
    at_most: int | None = None


class Sex(Condition):
    """The patient's administrative sex."""

    word = "sex"
    topics = (Topic.PATIENT,)
    is_: Literal["female", "male"] = Field(alias="is")


class PerformanceIs(Condition):
    """The newest ECOG performance status (a Karnofsky value alone leaves it unknown)."""

    word = "performance"
    topics = (Topic.MEASUREMENTS,)
    numbers = ("ecog_at_most",)
    ecog_at_most: int = Field(ge=0, le=4)


CONDITIONS: dict[str, type[Condition]] = {
    condition.word: condition
    for condition in (
        Ordering,
        OrderingTest,
        TumourIs,
        VariantIs,
        FusionIs,
        CopyNumberIs,
        BiomarkerIs,
        WildType,
        NotTested,
        HadTherapy,
        HadAll,
        OnTherapy,
        StartedAfter,
        PriorLines,
        LabIs,
        LabRise,
        LabDone,
        LabMissing,
        LabDue,
        LabUnclear,
        HasCondition,
        MetastasisIn,
        Age,
        Sex,
        PerformanceIs,
    )
}


class AnyOf(BaseModel):
    """At least one of the lines holds."""

    model_config = ConfigDict(frozen=True)
    word: ClassVar[str] = "any"
    lines: tuple[Condition, ...]


Line = Condition | AnyOf
