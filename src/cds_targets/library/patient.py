"""The short form in which examples describe a patient, so that a clinician can write one.

Whatever is not mentioned was sent and is empty; `not sent` and `incomplete` say otherwise.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Gap = Literal["not sent", "incomplete"]


class Short(BaseModel):
    """Part of an example patient; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_tumour(value: object) -> object:
    return {"is": value} if isinstance(value, str) and value != "not sent" else value


def _as_variant(value: object) -> object:
    if not isinstance(value, str):
        return value
    gene, _, protein = value.partition(" ")
    return {"gene": gene, "protein": protein or None}


def _as_treatment(value: object) -> object:
    return {"drug": value} if isinstance(value, str) else value


def _as_gene(value: object) -> object:
    return {"gene": value} if isinstance(value, str) else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | dict) and value not in ("not sent", "incomplete") else value


class ExampleTumour(Short):
    """A primary tumour: `LUAD`, or with its extent and standing."""

    is_: str | None = Field(alias="is", description="OncoTree code; null for a tumour type that could not be read")
    extent: Literal["early", "locally advanced", "metastatic", "unknown"] = "unknown"
    stage: str | None = Field(None, description="The stage group as recorded (IIIA).")
    active: bool | None = True
    certain: bool = True


class ExampleVariant(Short):
    """A variant: `KRAS G12C`, `KRAS` (change not readable), or in full."""

    gene: str
    protein: str | None = None
    presence: Literal["present", "absent", "unknown"] = "present"
    origin: Literal["somatic", "germline", "unknown"] = "somatic"
    significance: Literal["pathogenic", "uncertain", "benign", "unstated"] = "unstated"
    status: Literal["final", "preliminary", "unknown"] = "final"
    specimen: Literal["tissue", "plasma", "unknown"] = "tissue"
    vaf: float | None = None
    exon: int | None = None


class ExampleCopyNumber(Short):
    """A copy number as reported."""

    gene: str
    call: Literal["amplification", "gain", "loss", "deletion", "neutral", "unknown"] = "unknown"
    presence: Literal["present", "absent", "unknown"] = "present"
    copies: float | None = None
    origin: Literal["somatic", "germline", "unknown"] = "somatic"
    status: Literal["final", "preliminary", "unknown"] = "final"


class ExampleBiomarker(Short):
    """A marker with its call or value."""

    marker: str
    call: str | None = None
    value: float | None = None
    unit: str | None = None
    comparator: str | None = None
    presence: Literal["present", "absent", "unknown"] | None = None


class ExampleTested(Short):
    """A gene that was tested: all of it, or some codons."""

    gene: str
    codons: tuple[int, ...] = ()
    specimen: Literal["tissue", "plasma", "unknown"] = "tissue"
    status: Literal["final", "preliminary", "unknown"] = "final"


class ExampleTreatment(Short):
    """A treatment: dates like `42 days ago`, `today`, `2026-03`, or `undated`."""

    drug: str
    first: str | None = None
    last: str | None = None
    ongoing: bool | None = False
    on_hold: bool = False
    given: bool | None = True
    intent: str | None = None


class ExampleLab(Short):
    """A result in the canonical unit of its test."""

    test: str
    value: float | None = None
    upper: float | None = None
    lower: float | None = None
    comparator: str | None = None
    when: str | None = None


_Tumour = Annotated[ExampleTumour, BeforeValidator(_as_tumour, json_schema_input_type=str | ExampleTumour)]
_Variant = Annotated[ExampleVariant, BeforeValidator(_as_variant, json_schema_input_type=str | ExampleVariant)]
_Tested = Annotated[ExampleTested, BeforeValidator(_as_gene, json_schema_input_type=str | ExampleTested)]
_Treatment = Annotated[ExampleTreatment, BeforeValidator(_as_treatment, json_schema_input_type=str | ExampleTreatment)]
_Orders = Annotated[tuple[str, ...] | Gap, BeforeValidator(_listed, json_schema_input_type=str | list[str])]
Tumours = Annotated[
    tuple[_Tumour, ...] | Gap,
    BeforeValidator(_listed, json_schema_input_type=str | ExampleTumour | list[str | ExampleTumour]),
]


class ExamplePatient(Short):
    """A patient in short form."""

    tumour: Tumours = ()
    extent: Literal["early", "locally advanced", "metastatic", "unknown"] | None = Field(
        None, description="The extent of every tumour above that says none."
    )
    metastases: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    suspected_conditions: tuple[str, ...] = ()
    past_conditions: tuple[str, ...] = ()
    diagnoses: Gap | None = None
    variants: tuple[_Variant, ...] = ()
    amplified: tuple[str, ...] = ()
    copy_numbers: tuple[ExampleCopyNumber, ...] = ()
    fusions: tuple[str, ...] = Field((), description="`EML4::ALK`, or one gene.")
    no_fusions: tuple[str, ...] = Field((), description="Genes of which a report says that no fusion was found.")
    biomarkers: tuple[ExampleBiomarker, ...] = ()
    tested: tuple[_Tested, ...] = ()
    wild_type: tuple[_Tested, ...] = Field((), description="Genes reported as wild type or without a finding.")
    genomics: Gap | None = None
    therapies: tuple[_Treatment, ...] | Gap = ()
    ordering: _Orders = ()
    drafting: _Orders = Field((), description="Drugs in draft orders that are not the ones selected.")
    ordering_tests: tuple[str, ...] = ()
    labs: tuple[ExampleLab, ...] | Gap = ()
    measurements: tuple[ExampleLab, ...] | Gap = ()
    ecog: int | None = None
    age: int | None = None
    sex: Literal["female", "male"] | None = None
    patient: Gap | None = None
