"""Reading a term file into pydantic models, every problem with its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from cds_targets import yaml_source
from cds_targets.errors import ContentError
from cds_targets.yaml_source import Document, NodePath


class TermModel(BaseModel):
    """A term as written by people: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Codes(TermModel):
    """Codes of one term by code system; `source` of the whole entry says where they were seen."""

    rxnorm: tuple[str, ...] = ()
    atc: tuple[str, ...] = ()
    ndc: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()
    ncit: tuple[str, ...] = ()
    loinc: tuple[str, ...] = ()
    icd10cm: tuple[str, ...] = ()
    icd9cm: tuple[str, ...] = ()
    icdo3_morphology: tuple[str, ...] = ()
    icdo3_topography: tuple[str, ...] = ()
    oncotree: tuple[str, ...] = ()
    cpt: tuple[str, ...] = ()

    def pairs(self) -> list[tuple[str, str]]:
        """Every (system name, code)."""
        return [(system, code) for system, codes in self for code in codes]


def code_and_wider(system: str, code: str) -> Iterator[str]:
    """A code, and in the ICD each wider one up to its category (`I50.22`, `I50.2`, `I50`).

    ICD codes are read with or without their dot, in either case and without the marks of ICD-10-GM (`C79.3+`).
    """
    if system not in ("icd10cm", "icd9cm", "icdo3_topography"):
        yield code
        return
    code = code.upper().rstrip("+*!-.")
    if len(code) > 3 and "." not in code:
        code = f"{code[:3]}.{code[3:]}"
    yield code
    while len(code) > 3:
        code = code[:-1].rstrip(".")
        yield code


M = TypeVar("M", bound=BaseModel)


def read_model(path: Path, model: type[M], shown_as: str) -> tuple[M, Document]:
    """One term file as `model`; raises ContentError listing every problem with `file:line`."""
    document = yaml_source.read(path, shown_as)
    return validated(document, document.data, model), document


def validated(document: Document, data: Any, model: type[M]) -> M:
    """`data` as `model`, pydantic's errors turned into `file:line: sentence`."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ContentError(
            [document.problem(node_path(issue["loc"]), _sentence(issue, model)) for issue in error.errors()]
        ) from None


def node_path(loc: tuple[str | int, ...]) -> NodePath:
    """A pydantic location as a path into the document."""
    return tuple(loc)


def _sentence(issue: Any, model: type[BaseModel]) -> str:
    where = ".".join(str(part) for part in issue["loc"]) or "the file"
    if issue["type"] == "extra_forbidden":
        *place, key = issue["loc"]
        return f"{where}: no such key here{did_you_mean(str(key), keys_at(model, place))}"
    if issue["type"] == "missing":
        return f"{where}: is missing"
    return f"{where}: {issue['msg'][0].lower()}{issue['msg'][1:]}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'tumour'?` where a known word is near, else nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def keys_at(kind: Any, place: Sequence[str | int]) -> set[str]:
    """The keys that may stand at a place of a document of this model."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {field.alias or name: field for name, field in kind.model_fields.items()}
        if not place:
            return set(fields)
        field = fields.get(str(place[0]))
        return keys_at(field.annotation, place[1:]) if field is not None else set()
    inside = get_origin(kind) in (tuple, list, dict)
    if inside and not place:
        return set()
    return {key for part in get_args(kind) for key in keys_at(part, place[1:] if inside else place)}
