"""What surrounds a result: its status, date, specimen and report, and what other results say of it."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from cds_targets.facts.dates import When, read_when
from cds_targets.facts.genomic import ReportStatus, Source, Specimen
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.parts import spellings
from cds_targets.fhir.reading import Entry, Resource, Resources, as_dict, as_list, as_text, concept_text

VOID = frozenset({"entered-in-error", "cancelled", "not-done"})
_STATUS = {
    **dict.fromkeys(("preliminary", "registered", "partial"), ReportStatus.PRELIMINARY),
    **dict.fromkeys(("final", "amended", "corrected", "appended", "completed"), ReportStatus.FINAL),
}


class Context:
    """The reports, specimens and dates of one call, each looked up once."""

    def __init__(self, resources: Resources, zone: tzinfo) -> None:
        self.resources = resources
        self.zone = zone
        self._dates: dict[str, When | None] = {}
        self._specimens: dict[str, Specimen] = {}
        self._reports: dict[int, Entry] = {}
        self.superseded = _superseded(resources)
        for entry in resources.of_type("DiagnosticReport"):
            for reference in as_list(entry.resource.get("result")):
                self._adopt(resources.resolve(reference, entry), entry, 0)
            if not as_list(entry.resource.get("result")):
                for other in self._contained(entry):
                    self._adopt(other, entry, 0)

    def _contained(self, report: Entry) -> list[Entry]:
        if not isinstance(report.resource.get("contained"), list):
            return []
        prefix = f"{report.pointer}/contained/"
        return [e for e in self.resources.of_type("Observation") if e.pointer.startswith(prefix)]

    def _adopt(self, target: Entry | None, report: Entry, depth: int) -> None:
        """A report stands behind its results and behind the members of its results."""
        if target is None or depth > 4 or id(target.resource) in self._reports:
            return
        self._reports[id(target.resource)] = report
        if "hasMember" in target.resource:
            for reference in as_list(target.resource["hasMember"]):
                self._adopt(self.resources.resolve(reference, target), report, depth + 1)

    def source(self, entry: Entry) -> Source | None:
        """Where, when, how settled and from what specimen; None for results that are void."""
        resource = entry.resource
        word = resource.get("status")
        if word in VOID:
            return None
        status = _STATUS.get(word, ReportStatus.UNKNOWN) if isinstance(word, str) else ReportStatus.UNKNOWN
        when = self._when(resource)
        specimen = self._specimen(resource, entry)
        report = self._reports.get(id(resource))
        if report is not None:
            of_report = as_text(report.resource.get("status"))
            if of_report in VOID:
                return None
            if _STATUS.get(of_report) is ReportStatus.PRELIMINARY:
                status = ReportStatus.PRELIMINARY
            when = when or self._when(report.resource)
            if specimen is Specimen.UNKNOWN:
                specimen = self._specimen(report.resource, report)
        return Source(entry.reference, entry.pointer, when, status, specimen)

    def _when(self, resource: Resource) -> When | None:
        text = resource.get("effectiveDateTime")
        if text is None:
            period = as_dict(resource.get("effectivePeriod"))
            text = (
                resource.get("effectiveInstant") or period.get("end") or period.get("start") or resource.get("issued")
            )
        if not isinstance(text, str):
            return None
        if text not in self._dates:
            self._dates[text] = read_when(text, self.zone)
        return self._dates[text]

    def _specimen(self, resource: Resource, entry: Entry) -> Specimen:
        given = resource.get("specimen")
        if given is None:
            return Specimen.UNKNOWN
        found = {self._one_specimen(reference, entry) for reference in as_list(given)} - {Specimen.UNKNOWN}
        return found.pop() if len(found) == 1 else Specimen.UNKNOWN

    def _one_specimen(self, reference: Any, entry: Entry) -> Specimen:
        key = as_text(as_dict(reference).get("reference"))
        cached = self._specimens.get(key) if key and not key.startswith("#") else None
        if cached is not None:
            return cached
        words = [as_text(as_dict(reference).get("display"))]
        target = self.resources.resolve(reference, entry)
        if target is not None:
            collection = as_dict(target.resource.get("collection"))
            words += [*spellings(target.resource.get("type")), concept_text(collection.get("bodySite"))]
            words += [as_text(as_dict(note).get("text")) for note in as_list(target.resource.get("note"))]
        found = specimen_of(" ".join(words))
        if key and not key.startswith("#"):
            self._specimens[key] = found
        return found


def specimen_of(text: str) -> Specimen:
    """Tissue or plasma by the words for a specimen. "Liquid biopsy" and "circulating tumor DNA" are plasma."""
    folded = text.casefold()
    if any(word in folded for word in codes.PLASMA_WORDS):
        return Specimen.PLASMA
    if any(word in folded for word in codes.TISSUE_WORDS):
        return Specimen.TISSUE
    return Specimen.PLASMA if any(word in folded for word in codes.BLOOD_WORDS) else Specimen.UNKNOWN


def _superseded(resources: Resources) -> set[int]:
    """Older versions of resources that came in several versions, by `meta.versionId` or `lastUpdated`."""
    newest: dict[str, tuple[tuple[int, str], Resource]] = {}
    old: set[int] = set()
    for entry in resources.of_type("Observation", "DiagnosticReport"):
        meta = entry.resource.get("meta")
        if not isinstance(meta, dict) or not entry.resource.get("id"):
            continue
        version = as_text(meta.get("versionId"))
        updated = as_text(meta.get("lastUpdated"))
        if not version and not updated:
            continue
        age = (int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0, updated)
        key = entry.reference
        if key not in newest:
            newest[key] = (age, entry.resource)
        elif age > newest[key][0]:
            old.add(id(newest[key][1]))
            newest[key] = (age, entry.resource)
        elif age < newest[key][0]:
            old.add(id(entry.resource))
    return old
