"""The call: a hook request as clients really send it.

What the service stands on is demanded (hook, hookInstance, context.userId, context.patientId, and the rules for
fhirAuthorization); what is wrong but harmless is repaired and noted. `notes` are sentences about the form of the call
and hold nothing of the patient.
"""

from __future__ import annotations

from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from cds_targets.errors import FieldIssue, RequestError
from cds_targets.hooks.reading import Received, received

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Identifier = Annotated[str, Field(min_length=1, max_length=255)]


def _object_or_empty(value: object) -> object:
    return {} if value is None else value


def _references(value: object) -> object:
    """`selections` as a tuple; one reference alone is a list of one, members that are no text are left out."""
    if isinstance(value, str):
        value = [value]
    return tuple(part for part in value if isinstance(part, str) and part) if isinstance(value, list) else value


class FhirAuthorization(Received):
    """Access to the EHR's FHIR server for this call only; the token is never shown, logged or kept."""

    access_token: SecretStr | None = Field(None, alias="access_token")
    token_type: str | None = Field(None, alias="token_type")
    expires_in: int | None = Field(None, alias="expires_in")
    scope: str | None = None
    subject: str | None = None
    patient: str | None = None

    @field_validator("token_type")
    @classmethod
    def _bearer(cls, value: str | None) -> str | None:
        if value is not None and value.lower() != "bearer":
            raise ValueError("must be 'Bearer'")
        return value

    @model_validator(mode="after")
    def _typed_token(self) -> Self:
        if self.access_token is not None and self.token_type is None:
            raise ValueError("token_type is required with access_token")
        return self


class Context(Received):
    """Who asks about whom; on order hooks the draft orders, and on order-select which of them are meant.

    `selections` and `draft_orders` are None when they were not sent.
    """

    user_id: Text
    patient_id: Identifier
    encounter_id: str | None = None
    selections: Annotated[
        tuple[str, ...] | None, BeforeValidator(_references), WithJsonSchema({"type": "array", "items": {}})
    ] = None
    draft_orders: dict[str, Any] | None = None

    @field_validator("patient_id")
    @classmethod
    def _bare_id(cls, value: str) -> str:
        bare = value.removeprefix("Patient/")
        if not bare or any(c in bare for c in "/ \t\r\n"):
            raise ValueError("must be the id of a Patient")
        return bare


class HookRequest(Received):
    """One call of one service."""

    hook: Text
    hook_instance: Identifier
    fhir_server: str | None = None
    fhir_authorization: FhirAuthorization | None = None
    context: Context
    prefetch: Annotated[dict[str, Any], BeforeValidator(_object_or_empty)] = Field(default_factory=dict)
    extension: Any = None
    _notes: tuple[str, ...] = PrivateAttr(())

    @field_validator("fhir_server")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
        except ValueError:
            raise ValueError("must be an absolute http(s) address") from None
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError("must be an absolute http(s) address")
        return value

    @model_validator(mode="after")
    def _note_repairs(self) -> Self:
        notes = []
        if not _is_uuid(self.hook_instance):
            notes.append("hookInstance is not a UUID")
        if "/" not in self.context.user_id:
            notes.append("context.userId is not written Type/id")
        if self.fhir_authorization is not None and self.fhir_authorization.access_token is None:
            notes.append("fhirAuthorization holds no access_token")
        if self.extension is not None and not isinstance(self.extension, dict):
            notes.append("extension is not an object")
        self._notes = tuple(notes)
        return self

    @property
    def notes(self) -> tuple[str, ...]:
        """What was wrong with the form of the call and harmless."""
        return self._notes


def parse_request(body: Any) -> HookRequest:
    """Decoded JSON as a call; raises RequestError with the path of every field that is wrong."""
    if not isinstance(body, dict):
        raise RequestError([FieldIssue("", "the body must be a JSON object")])
    request = received(HookRequest, body)
    access = request.fhir_authorization
    if access is not None and request.fhir_server is None:
        raise RequestError([FieldIssue("fhirServer", "is required with fhirAuthorization")])
    if access is not None and access.patient and access.patient != request.context.patient_id:
        raise RequestError([FieldIssue("fhirAuthorization.patient", "is not the patient of context.patientId")])
    return request


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
