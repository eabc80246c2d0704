"""Studies as FHIR: an R4 ResearchStudy each, in the searchset that trial-matching front ends read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fhir.resources.R4B.bundle import Bundle

_REGISTRY = "http://clinicaltrials.gov"
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
class StudySummary:
    """What is said of one study: `score` from 0 to 1 says how likely it fits, `points` why."""

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
    return {
        "resourceType": "ResearchStudy",
        "id": study.nct,
        "contained": [{"resourceType": "Organization", "id": "sponsor", "name": study.sponsor}],
        "identifier": [{"use": "official", "system": _REGISTRY, "value": study.nct}],
        "title": study.title,
        "status": _STATUS.get(study.status, "active"),
        "phase": {"text": study.phase},
        "category": [{"text": "Study Type: Interventional"}],
        "sponsor": {"reference": "#sponsor", "display": study.sponsor},
        "description": study.description,
        "relatedArtifact": [{"type": "documentation", "label": "Registry record", "url": study.url}],
        "note": [{"text": point} for point in study.points],
        "arm": [{"name": name, **({"description": ", ".join(drugs)} if drugs else {})} for name, drugs in study.arms],
    }
