"""Strangers' JSON into pydantic models: strict about what is needed, and errors that name places, never values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from cds_targets.errors import FieldIssue, RequestError

MAX_ISSUES = 20

_SENTENCES = {
    "missing": "is required",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "too_long": "has too many members",
    "too_short": "must not be empty",
}


class Received(BaseModel):
    """A JSON object from outside, in camelCase; fields nobody knows are ignored, types are not converted."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
    )


M = TypeVar("M", bound=Received)


def received(model: type[M], value: Any) -> M:
    """`value` as `model`; raises RequestError naming each wrong field by its path, without values."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        issues = [FieldIssue(path_of(issue["loc"]), _sentence(issue["type"], issue["msg"])) for issue in details]
        raise RequestError(issues[:MAX_ISSUES]) from None


def path_of(parts: Sequence[str | int]) -> str:
    """A path as FHIRPath writes it: `feedback[0].acceptedSuggestions[1].id`."""
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _sentence(kind: str, message: str) -> str:
    if kind == "value_error":  # our own validators, whose sentences hold no values
        return message.removeprefix("Value error, ")
    if kind == "literal_error":  # names the words allowed, not the one given
        return message[0].lower() + message[1:]
    return _SENTENCES.get(kind, "is not valid")
