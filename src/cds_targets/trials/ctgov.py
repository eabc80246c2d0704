"""ClinicalTrials.gov API v2 records: what is structured in them, damaged ones refused with the reason, and fetching."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from cds_targets.errors import CdsTargetsError

API = "https://clinicaltrials.gov/api/v2"
TIMEOUT_SECONDS = (5, 30)
RETRIES = 3
# At most one request a second: we ask for single studies, and are in no hurry.
PAUSE_SECONDS = 1.0
MAX_TEXT = 5_000_000
_NCT = re.compile(r"NCT\d{8}")
_AGE = re.compile(r"(\d{1,5}) (Year|Month|Week|Day|Hour|Minute)s?", re.IGNORECASE)
_YEARS_PER = {"year": 1.0, "month": 1 / 12, "week": 7 / 365.25, "day": 1 / 365.25, "hour": 0.0, "minute": 0.0}
# The words of the API's `Status` enumeration.
STATUSES = frozenset(
    {
        "ACTIVE_NOT_RECRUITING", "COMPLETED", "ENROLLING_BY_INVITATION", "NOT_YET_RECRUITING", "RECRUITING",
        "SUSPENDED", "TERMINATED", "WITHDRAWN", "AVAILABLE", "NO_LONGER_AVAILABLE", "TEMPORARILY_NOT_AVAILABLE",
        "APPROVED_FOR_MARKETING", "WITHHELD", "UNKNOWN",
    }
)  # fmt: skip


class RecordError(CdsTargetsError):
    """A registry record that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place of the study; `point` is (latitude, longitude) in degrees."""

    city: str = ""
    state: str = ""
    country: str = ""
    point: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class RegistryRecord:
    """One study as the registry has it; ages in years, text word for word, `notes` say what was odd."""

    nct: str
    title: str
    status: str
    phase: str
    updated: str
    sponsor: str = ""
    conditions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    interventions: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()
    criteria: str = ""
    minimum_age: float | None = None
    maximum_age: float | None = None
    sex: str = "ALL"
    sites: tuple[Site, ...] = ()
    notes: tuple[str, ...] = ()


def read_study(value: object) -> RegistryRecord:
    """A record of the API (`protocolSection` ...); raises RecordError. Missing or odd parts are noted."""
    protocol = _part(value, "protocolSection")
    if not protocol:
        raise RecordError("has no protocolSection: it is no study record")
    identity = _part(protocol, "identificationModule")
    nct = _text(identity.get("nctId"))
    if not _NCT.fullmatch(nct):
        raise RecordError("has no NCT number")
    notes: list[str] = []
    state, design = _part(protocol, "statusModule"), _part(protocol, "designModule")
    conditions, arms = _part(protocol, "conditionsModule"), _part(protocol, "armsInterventionsModule")
    criteria = _part(protocol, "eligibilityModule")
    for name, part in (("status", state), ("conditions", conditions), ("eligibility", criteria)):
        if not part:
            notes.append(f"the record has no {name} module")
    status = _text(state.get("overallStatus")).upper()
    if status not in STATUSES:
        notes.append("its status is none the registry defines: read as unknown")
        status = "UNKNOWN"
    sex = _text(criteria.get("sex")).upper() or "ALL"
    if sex not in ("ALL", "FEMALE", "MALE"):
        notes.append("its sex criterion is none the registry defines: read as all")
        sex = "ALL"
    text = _text(criteria.get("eligibilityCriteria"))
    if len(text) > MAX_TEXT:
        notes.append(f"its criteria were cut at {MAX_TEXT:,} characters")
        text = text[:MAX_TEXT]
    groups = _parts(arms.get("armGroups"))
    return RegistryRecord(
        nct=nct,
        title=_text(identity.get("officialTitle")) or _text(identity.get("briefTitle")),
        status=status,
        phase="/".join(_texts(design.get("phases"))).replace("PHASE", "Phase "),
        updated=_text(_part(state, "lastUpdatePostDateStruct").get("date"))
        or _text(state.get("lastUpdateSubmitDate"))
        or _text(state.get("statusVerifiedDate")),
        sponsor=_text(_part(_part(protocol, "sponsorCollaboratorsModule"), "leadSponsor").get("name")),
        conditions=_texts(conditions.get("conditions")),
        keywords=_texts(conditions.get("keywords")),
        interventions=tuple(
            name
            for given in _parts(arms.get("interventions"))
            for name in (_text(given.get("name")), *_texts(given.get("otherNames")))
            if name
        ),
        arms=tuple(f"{_text(group.get('label'))}: {_text(group.get('description'))}" for group in groups),
        criteria=text,
        minimum_age=_age(criteria.get("minimumAge"), "minimum", notes),
        maximum_age=_age(criteria.get("maximumAge"), "maximum", notes),
        sex=sex,
        sites=tuple(map(_site, _parts(_part(protocol, "contactsLocationsModule").get("locations")))),
        notes=tuple(notes),
    )


def studies_in(
    path: Path, told: Callable[[int], object] = lambda _: None
) -> Iterator[tuple[str, object | RecordError]]:
    """Every study of a file (one record, `{"studies": [...]}`, an array, or NDJSON), with its place in the file.

    `told` hears how many bytes were read since it was last told.
    """
    if path.suffix in (".ndjson", ".jsonl"):
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield f"{path.name}:{number}", _decoded(line)
                told(len(line))
        return
    body = path.read_bytes()
    value = _decoded(body)
    if isinstance(value, dict) and isinstance(value.get("studies"), list):
        value = value["studies"]
    if isinstance(value, list):
        yield from ((f"{path.name}[{index}]", item) for index, item in enumerate(value))
    else:
        yield path.name, value
    told(len(body))


def fetch(
    ncts: Iterable[str], base: str = API, pause: Callable[[float], object] = time.sleep
) -> Iterator[tuple[str, object | RecordError]]:
    """Ask the API for single studies, one after the other; a study that cannot be had is a RecordError."""
    import requests

    with requests.Session() as session:
        session.headers["Accept"] = "application/json"
        for index, nct in enumerate(ncts):
            if not _NCT.fullmatch(nct):
                yield nct, RecordError("is no NCT number")
                continue
            if index:
                pause(PAUSE_SECONDS)
            yield nct, _fetched(session, f"{base}/studies/{nct}", pause)


def _fetched(session: Any, url: str, pause: Callable[[float], object]) -> object | RecordError:
    import requests

    reason = ""
    for attempt in range(RETRIES):
        if attempt:
            pause(PAUSE_SECONDS * 2**attempt)
        try:
            answer = session.get(url, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            reason = f"the registry could not be reached ({type(error).__name__})"
            continue
        if answer.status_code == 200:
            found: object = _decoded(answer.content)
            return found
        reason = f"the registry answered HTTP {answer.status_code}"
        if answer.status_code < 500 and answer.status_code != 429:
            break
    return RecordError(reason)


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return RecordError("is not JSON")


def _part(value: object, name: str) -> dict[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _parts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _age(value: object, which: str, notes: list[str]) -> float | None:
    if value is None:
        return None
    match = _AGE.fullmatch(_text(value).strip())
    if match is None:
        if _text(value) not in ("N/A", ""):
            notes.append(f"its {which} age could not be read")
        return None
    return int(match[1]) * _YEARS_PER[match[2].casefold()]


def _site(value: dict[str, Any]) -> Site:
    point = _part(value, "geoPoint")
    latitude, longitude = point.get("lat"), point.get("lon")
    known = isinstance(latitude, int | float) and isinstance(longitude, int | float)
    return Site(
        _text(value.get("city")),
        _text(value.get("state")),
        _text(value.get("country")),
        (float(latitude), float(longitude)) if known and latitude is not None and longitude is not None else None,
    )
