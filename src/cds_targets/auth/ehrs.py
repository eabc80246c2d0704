"""The registered EHRs: one documented file, `docs/register-an-ehr.md` says how to write it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from cds_targets.ehr.guarded import Server
from cds_targets.errors import ContentError, SettingsError
from cds_targets.yaml_source import read

ALGORITHMS = frozenset({"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
LIFETIME_CAP = 3_600
# Issuers whose private keys are published, for tests: whoever reads the sandbox's source can sign as it.
TEST_HOSTS = frozenset({"sandbox.cds-hooks.org", "localhost", "127.0.0.1", "::1"})


def _one_or_several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Ehr(BaseModel):
    """One EHR: who signs its tokens, with which keys, and which FHIR server is asked for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9-]{1,40}$", description="Its short name; the tenant of its calls.")
    issuer: str = Field(min_length=1, max_length=255, description="The `iss` of its tokens, exact.")
    jwks_url: Annotated[tuple[str, ...], BeforeValidator(_one_or_several)] = Field(
        (), description="Where it publishes its keys, one address or several; `jku` must be one of them."
    )
    jwks_file: Path | None = Field(None, description="Its keys as a file, in place of the address.")
    algorithms: tuple[str, ...] = ("ES384", "RS384")
    tenant: str | None = Field(None, description="The `tenant` its tokens must carry.")
    audiences: tuple[str, ...] = Field((), description="What `aud` may say in place of the address that is called.")
    max_lifetime: int = Field(300, ge=30, le=LIFETIME_CAP, description="Seconds between `iat` and `exp` at most.")
    fhir_server: str | None = Field(None, description="The base address of its FHIR server, exact.")
    fhir_internal: bool = Field(False, description="The FHIR server may have a private address.")

    @field_validator("algorithms")
    @classmethod
    def _asymmetric(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = set(value) - ALGORITHMS
        if wrong or not value:
            raise ValueError(f"must be of {', '.join(sorted(ALGORITHMS))}")
        return value

    @field_validator("audiences")
    @classmethod
    def _says_something(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(value):
            raise ValueError("must not be empty")
        return value

    @field_validator("jwks_url")
    @classmethod
    def _plain_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            cls._plain_address(address)
        return value

    @field_validator("fhir_server")
    @classmethod
    def _plain_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in TEST_HOSTS):
            raise ValueError("must be an https address (http on loopback only)")
        if not parts.netloc or "@" in parts.netloc or "\\" in value or parts.fragment:
            raise ValueError("must be a plain address")
        return value

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if bool(self.jwks_url) == (self.jwks_file is not None):
            raise ValueError("names either jwks_url or jwks_file")
        return self

    @property
    def for_tests(self) -> bool:
        """Whether anyone can sign as it, or reach it only on this machine."""
        addresses = (self.issuer, *self.jwks_url, self.fhir_server or "")
        plain = any(address.startswith("http://") for address in addresses)
        return plain or any(urlsplit(address).hostname in TEST_HOSTS for address in addresses)

    @property
    def server(self) -> Server | None:
        """Its FHIR server as one that may be asked."""
        return Server(self.fhir_server.rstrip("/"), self.fhir_internal) if self.fhir_server else None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    ehrs: tuple[Ehr, ...] = Field(min_length=1)


def load_ehrs(path: Path | None) -> tuple[Ehr, ...]:
    """The registered EHRs, none without a file; raises SettingsError naming what is wrong, without values."""
    if path is None:
        return ()
    if not path.is_file():
        raise SettingsError(f"CDS_TARGETS_EHRS: there is no file {path}")
    try:
        found = _File.model_validate(read(path, path.name).data).ehrs
    except ContentError as error:
        raise SettingsError(str(error)) from None
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, issue['loc']))}: {issue['msg']}" for issue in error.errors())
        raise SettingsError(f"{path.name}: {told}") from None
    if len({ehr.name for ehr in found}) != len(found):
        raise SettingsError(f"{path.name}: a name stands twice")
    by_issuer = Counter(ehr.issuer for ehr in found)
    signers = {(ehr.issuer, ehr.tenant) for ehr in found}
    if len(signers) != len(found) or any(by_issuer[issuer] > 1 and tenant is None for issuer, tenant in signers):
        raise SettingsError(f"{path.name}: an issuer stands twice, and not with a tenant of its own each time")
    base = path.parent
    return tuple(
        ehr.model_copy(update={"jwks_file": base / ehr.jwks_file}) if ehr.jwks_file is not None else ehr
        for ehr in found
    )
