"""Every setting, in one place: environment variables `CDS_TARGETS_<NAME>`, read once at the start.

The README's table of settings is held to this file by a test.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from cds_targets.errors import SettingsError

PREFIX = "CDS_TARGETS_"


class Mode(StrEnum):
    """`evaluation` is open and shows draft content, labelled; `production` refuses to start open."""

    EVALUATION = "evaluation"
    PRODUCTION = "production"


def _words(value: object) -> object:
    return tuple(word for word in value.replace(",", " ").split() if word) if isinstance(value, str) else value


class Settings(BaseModel):
    """What an operator may set. Each field is the variable `CDS_TARGETS_` + its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = Field(
        Mode.EVALUATION,
        description="`evaluation` (open, draft content shown and labelled) or `production` (refuses to start open)",
    )
    public_url: str = Field(
        "http://127.0.0.1:8000", description="The address clients use, as seen outside a proxy, without a final slash"
    )
    time_zone: str = Field(
        "UTC", description="The site's time zone (IANA name): it decides which calendar day today is"
    )
    ehrs: Path | None = Field(
        None, description="The registered EHRs (docs/register-an-ehr.md); with it every call must show a signed token"
    )
    cards: Path | None = Field(None, description="A folder of content to use in place of the one shipped")
    registry: Path | None = Field(
        None,
        description="The registry `cds-targets trials import` made: newest status, sites, and studies that mention a "
        "finding; when unset, `cds-targets/registry.sqlite3` in the user's state folder, once it is there",
    )
    not_stocked: Path | None = Field(
        None, description="A file of drugs that the pharmacy does not stock, one a line: cards name them and say so"
    )
    store: str | None = Field(
        None,
        repr=False,
        description="Where calls and feedback are kept: a file, or a `postgresql://` address; when unset, "
        "`cds-targets/store.db` in the user's state folder (`$XDG_STATE_HOME`, else `~/.local/state`)",
    )
    key_file: Path | None = Field(
        None,
        description="The secret that keys the hashes of patients and users; when unset, `store.key` beside the file; "
        "needed with PostgreSQL, the same on all hosts",
    )
    keep_days: int = Field(
        365,
        ge=1,
        le=36_500,
        description="Days that cards, feedback and audit are kept before `store purge` removes them",
    )
    comment_days: int = Field(
        30, ge=0, le=36_500, description="Days that clinicians' comments are kept; they may hold patient data"
    )
    repeat_hours: int = Field(
        24,
        ge=0,
        le=168,
        description="Hours in which order-sign leaves out what order-select showed the same user; 0 repeats everything",
    )
    heartbeat_patients: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(
        (),
        description="Ids of synthetic patients in the EHR, by commas (`name/id` for one EHR only): calls about them "
        "are heartbeats, as those of `cds-targets heartbeat` are, and count as no clinical use",
    )
    fhir_servers: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(
        (), description="FHIR base addresses that may be asked for what a call left out: https, exact, by commas"
    )
    internal_fhir_servers: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(
        (), description="The same for servers of the own house, which may have private addresses and need no token"
    )
    ca_bundle: Path | None = Field(
        None,
        description="A PEM file of certificate authorities that FHIR servers and key addresses are checked against, in "
        "place of the public ones",
    )
    max_body_bytes: int = Field(
        5_000_000, ge=1_000, le=100_000_000, description="The largest request body, also after decompression"
    )
    max_entries: int = Field(
        20_000,
        ge=100,
        le=1_000_000,
        description="Entries read of one prefetch answer; beyond it the record counts as partly seen",
    )
    max_cards: int = Field(
        5,
        ge=1,
        le=50,
        description="Cards per answer; what does not fit is folded into one per kind, critical cards never",
    )
    cors_origins: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(
        (), description="Browser origins allowed in production, exact, separated by commas; evaluation allows any"
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The settings written in the environment; raises SettingsError naming the variable and what it may be."""
        given = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value != ""}
        for name in given:
            if name not in VARIABLES:
                near = difflib.get_close_matches(name, VARIABLES, n=1)
                raise SettingsError(f"{name} is not a setting" + (f": did you mean {near[0]}?" if near else ""))
        usual = usual_registry(environment)
        if usual is not None and usual.is_file():
            given = {f"{PREFIX}REGISTRY": str(usual)} | given
        try:
            return cls.model_validate({VARIABLES[name]: value for name, value in given.items()})
        except ValidationError as error:
            raise SettingsError("\n".join(_sentence(issue) for issue in error.errors())) from None

    @field_validator("public_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("must be an absolute http(s) address such as https://cds.example.org")
        return value.rstrip("/")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, KeyError, OSError):
            raise ValueError("must be an IANA time zone such as Europe/Berlin or UTC") from None
        return value

    @field_validator("cors_origins")
    @classmethod
    def _exact_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            if (
                parts.scheme not in {"http", "https"}
                or not parts.netloc
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ValueError("must list exact origins such as https://ehr.example.org: no path, never '*'")
        return value

    @field_validator("fhir_servers", "internal_fhir_servers")
    @classmethod
    def _https_bases(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for base in value:
            parts = urlsplit(base)
            local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
            if parts.scheme != "https" and not (parts.scheme == "http" and local):
                raise ValueError("must list https addresses such as https://ehr.example.org/fhir (http on loopback)")
            if not parts.netloc or "@" in parts.netloc or "\\" in base or parts.query or parts.fragment:
                raise ValueError("must list plain base addresses such as https://ehr.example.org/fhir")
        return tuple(base.rstrip("/") for base in value)

    @property
    def evaluation(self) -> bool:
        """Whether the service is open and shows draft content."""
        return self.mode is Mode.EVALUATION

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.time_zone)

    def refuse_if_open(self) -> None:
        """Raise SettingsError in production while nobody can be authenticated."""
        if self.mode is Mode.PRODUCTION and self.ehrs is None:
            raise SettingsError(
                "production mode does not start open: no EHR is registered, so any caller would be answered. "
                "Register one (CDS_TARGETS_EHRS), or use CDS_TARGETS_MODE=evaluation with synthetic data only."
            )


def usual_registry(environment: Mapping[str, str]) -> Path | None:
    """Where the registry is when nothing is set: the user's state folder; None for a user without a home."""
    state, home = environment.get("XDG_STATE_HOME", ""), environment.get("HOME", "")
    folder = Path(state) if state.startswith("/") else Path(home) / ".local" / "state"
    return folder / "cds-targets" / "registry.sqlite3" if folder.is_absolute() else None


VARIABLES = {PREFIX + name.upper(): name for name in Settings.model_fields}


def _sentence(issue: object) -> str:
    assert isinstance(issue, dict)  # noqa: S101 - pydantic's error details
    name = PREFIX + str(issue["loc"][0]).upper()
    message = str(issue["msg"]).removeprefix("Value error, ")
    return f"{name}: {message[0].lower()}{message[1:]} (given: {str(issue['input'])[:80]!r})"
