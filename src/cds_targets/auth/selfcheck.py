"""What is wrong with a configuration: asked at the start in production, and by `cds-targets doctor` at any time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from cds_targets.auth.ehrs import TEST_HOSTS, Ehr
from cds_targets.errors import SettingsError
from cds_targets.settings import Settings
from cds_targets.store.database import url_of

_OTHERS = 0o077


def problems(settings: Settings, ehrs: Iterable[Ehr]) -> list[str]:
    """Sentences on what must not be in production; empty if it may start."""
    registered = tuple(ehrs)
    found = []
    if not registered:
        found.append("no EHR is registered (CDS_TARGETS_EHRS): any caller would be answered")
    if urlsplit(settings.public_url).scheme != "https":
        found.append(f"CDS_TARGETS_PUBLIC_URL is {settings.public_url}: callers need https")
    if urlsplit(settings.public_url).hostname in TEST_HOSTS:
        found.append("CDS_TARGETS_PUBLIC_URL names this machine: tokens could name it anywhere")
    for ehr in registered:
        if ehr.for_tests:
            found.append(f"EHR {ehr.name}: a test issuer, or an address without https")
        if ehr.jwks_file is not None and not ehr.jwks_file.is_file():
            found.append(f"EHR {ehr.name}: its key file is not there")
    for base in (*settings.fhir_servers, *settings.internal_fhir_servers):
        if not base.startswith("https://"):
            found.append(f"FHIR server {base}: without https")
    for name, path in _secrets(settings):
        if path.exists() and path.stat().st_mode & _OTHERS:
            found.append(f"{name} ({path}) can be read by others: chmod 600")
    return found


def refuse_unsafe(settings: Settings, ehrs: Iterable[Ehr]) -> None:
    """Raise SettingsError in production if anything is wrong."""
    settings.refuse_if_open()
    found = problems(settings, ehrs)
    if found and not settings.evaluation:
        raise SettingsError("production mode does not start:\n" + "\n".join(f"- {problem}" for problem in found))


def _secrets(settings: Settings) -> Iterable[tuple[str, Path]]:
    store = url_of(settings.store)
    path = Path(store.database) if store.get_backend_name() == "sqlite" and store.database else None
    if path is not None:
        yield "CDS_TARGETS_STORE", path
    key = settings.key_file or (path.with_suffix(".key") if path is not None else None)
    if key is not None:
        yield "CDS_TARGETS_KEY_FILE", key
