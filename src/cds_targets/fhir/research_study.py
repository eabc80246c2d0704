"""Studies as FHIR: an R4 ResearchStudy each, in the searchset that trial-matching front ends read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fhir.resources.R4B.bundle import Bundle

_REGISTRY = "http://clinicaltrials.gov"
_PHASES = "http://terminology.hl7.org/CodeSystem/research-study-phase"
_SITES = 25
# ResearchStudy.status by our words for a registry's status (value set research-study-status).
_STATUS = {
    "recruiting": "active",
    "active or recruiting": "active",
    "not yet recruiting": "approved",
    "active, not recruiting": "closed-to-accrual",
    "not recruiting": "closed-to-accrual",
    "completed": "completed",
    "reported": "completed",
    "terminated": "administratively-completed",
    "withdrawn": "withdrawn",
}


@dataclass(frozen=True, slots=True)
class StudySite:
    """A place where the study takes patients; `point` is (latitude, longitude) in degrees."""

    city: str
    state: str
    country: str
    point: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class StudySummary:
    """What is said of one study: `score` from 0 to 1 says how likely it fits, `points` why; `sites` nearest first."""

    nct: str
    title: str
    url: str
    status: str
    phase: str
    sponsor: str
    description: str
    points: tuple[str, ...]
    arms: tuple[tuple[str, tuple[str, ...]], ...]
    score: float
    sites: tuple[StudySite, ...] = ()


def searchset(studies: Iterable[StudySummary]) -> dict[str, Any]:
    """A searchset Bundle, valid R4; raises ValueError if it would not be."""
    entries = [
        {
            "fullUrl": study.url,
            "resource": _research_study(study),
            "search": {"mode": "match", "score": study.score},
        }
        for study in studies
    ]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    if entries:
        bundle["entry"] = entries
    Bundle.model_validate(bundle)
    # Front ends read `entry` without looking whether it is there.
    return {**bundle, "entry": entries}


def _research_study(study: StudySummary) -> dict[str, Any]:
    """What the front ends show: sponsor, sites, eligibility and interventions are read from `contained`."""
    sites = [_location(number, site) for number, site in enumerate(study.sites[:_SITES])]
    plans = [
        {
            "resourceType": "PlanDefinition",
            "id": f"arm-{arm}-drug-{number}",
            "status": "unknown",
            "title": drug,
            "type": {"text": "Drug"},
            "subjectCodeableConcept": {"text": name},
        }
        for arm, (name, drugs) in enumerate(study.arms)
        for number, drug in enumerate(drugs)
    ]
    criteria = {"resourceType": "Group", "id": "criteria", "type": "person", "actual": False}
    sponsor = {"resourceType": "Organization", "id": "sponsor", "name": study.sponsor}
    given: dict[str, Any] = {
        "resourceType": "ResearchStudy",
        "id": study.nct,
        "contained": [sponsor, criteria, *sites, *plans],
        "identifier": [{"use": "official", "system": _REGISTRY, "value": study.nct}],
        "title": study.title,
        "protocol": _references(plans),
        "status": _STATUS.get(study.status, "active"),
        "phase": _phase(study.phase),
        "category": [{"text": "Study Type: Interventional"}],
        "enrollment": [{"reference": "#criteria", "display": "\n".join(study.points)}],
        "sponsor": {"reference": "#sponsor", "display": study.sponsor},
        "site": _references(sites),
        "description": study.description,
        "relatedArtifact": [{"type": "documentation", "label": "Registry record", "url": study.url}],
        "note": [{"text": point} for point in study.points],
        "arm": [
            {"name": name, "type": {"text": "Arm"}, **({"description": ", ".join(drugs)} if drugs else {})}
            for name, drugs in study.arms
        ],
    }
    return {name: value for name, value in given.items() if value}


def _location(number: int, site: StudySite) -> dict[str, Any]:
    address = {"city": site.city, "state": site.state, "country": site.country}
    name = ", ".join(part for part in address.values() if part)
    return {
        "resourceType": "Location",
        "id": f"site-{number}",
        "name": name,
        "address": {"use": "work", **{part: value for part, value in address.items() if value}},
        **({"position": {"latitude": site.point[0], "longitude": site.point[1]}} if site.point else {}),
    }


def _references(contained: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"reference": f"#{resource['id']}", "type": resource["resourceType"]} for resource in contained]


def _phase(written: str) -> dict[str, Any]:
    """As text; a plain phase also with the code of HL7's code system."""
    code = written.lower().replace(" ", "-")
    plain = code in ("phase-1", "phase-2", "phase-3", "phase-4")
    return {"text": written, **({"coding": [{"system": _PHASES, "code": code}]} if plain else {})}
