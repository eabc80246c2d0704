"""Diagnoses: primary tumours, metastases and other conditions; who the patient is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import tzinfo

from cds_targets.facts.clinical import Comorbidity, Demographics, Extent, Metastasis, Tumour
from cds_targets.facts.dates import When, read_when
from cds_targets.facts.genomic import Source
from cds_targets.fhir import codes
from cds_targets.fhir import diagnosis_words as words
from cds_targets.fhir.reading import (
    Entry,
    Resource,
    Resources,
    as_dict,
    as_list,
    as_text,
    codings,
    concept_text,
)
from cds_targets.fhir.staging import observed_extent, stated_extent
from cds_targets.terms import Terms


@dataclass(slots=True)
class Diagnoses:
    """Conditions by what they are; `unread` counts those without any text or code that could be read."""

    tumours: list[Tumour] = field(default_factory=list)
    metastases: list[Metastasis] = field(default_factory=list)
    comorbidities: list[Comorbidity] = field(default_factory=list)
    unread: int = 0


@dataclass(frozen=True, slots=True)
class _Diagnosis:
    """One Condition, its codes and words taken out of it."""

    entry: Entry
    known: list[tuple[str, str]]
    texts: list[str]
    text: str
    active: bool | None
    certain: bool
    onset: When | None

    @property
    def source(self) -> Source:
        return Source(self.entry.reference, self.entry.pointer)

    @property
    def written(self) -> str:
        return self.texts[0] if self.texts else ""


def read_diagnoses(resources: Resources, terms: Terms, zone: tzinfo) -> Diagnoses:
    """Every Condition; TNM and stage Observations add the extent to a single tumour."""
    found = Diagnoses()
    for entry in resources.of_type("Condition"):
        diagnosis = _diagnosis(entry, zone)
        if diagnosis is not None:
            _sort(diagnosis, resources, terms, found)
    if len(found.tumours) == 1 and found.tumours[0].extent is Extent.UNKNOWN:
        extent, stage = observed_extent(resources, lung=_is_lung(found.tumours[0].term, terms))
        found.tumours = [replace(found.tumours[0], extent=extent, stage=found.tumours[0].stage or stage)]
    return found


def _diagnosis(entry: Entry, zone: tzinfo) -> _Diagnosis | None:
    """What a Condition says; None if that is a disease the patient does not have."""
    resource = entry.resource
    texts = _texts(resource)
    text = " ".join(texts).casefold()
    verification, certainty = _word(resource.get("verificationStatus")), _icd_certainty(resource)
    if verification in codes.REFUTED_VERIFICATION or certainty == codes.ICD_EXCLUDED:
        return None
    known = [pair for coding in codings(resource.get("code")) for pair in codes.coded(coding) if pair[1]]
    if words.of_somebody_else_or_none(text) or any(code in codes.FAMILY_HISTORY for _, code in known):
        return None
    suspected = certainty == codes.ICD_SUSPECTED or verification in codes.UNCERTAIN_VERIFICATION
    return _Diagnosis(
        entry,
        known=known,
        texts=texts,
        text=text,
        active=False if certainty == codes.ICD_PAST else _active(resource, text),
        certain=not suspected and not words.is_suspected(text),
        onset=_onset(resource, zone),
    )


def _sort(diagnosis: _Diagnosis, resources: Resources, terms: Terms, found: Diagnoses) -> None:
    """Put a diagnosis where it belongs; one told by a code alone that nobody knows might be anything."""
    text, source, active, certain = diagnosis.text, diagnosis.source, diagnosis.active, diagnosis.certain
    onset, written = diagnosis.onset, diagnosis.written
    site = next((s for pair in diagnosis.known if (s := terms.tumours.site_of_code(*pair))), None)
    profiles = as_list(as_dict(diagnosis.entry.resource.get("meta")).get("profile"))
    secondary = words.names_secondary(text) or any(codes.SECONDARY_PROFILE in as_text(profile) for profile in profiles)
    spread = words.has_spread(text)
    term = None if site is not None or secondary else _tumour_term(diagnosis, terms)
    if site is not None or secondary or (spread and term is None):
        place = site if site not in (None, "unknown") else terms.tumours.site_in_text(_with_sites(diagnosis))
        found.metastases.append(Metastasis(place, source, active, certain, onset, written))
        return
    if spread:
        places = words.spread_to(text, terms)
        found.metastases += [Metastasis(place, source, active, certain, onset, written) for place in places]
    malignant = words.is_cancer(text) or any(terms.tumours.is_malignant(*pair) for pair in diagnosis.known)
    if term is not None or malignant:
        lung = _is_lung(term, terms)
        extent, stage = stated_extent(diagnosis.entry, " ".join(diagnosis.texts), resources, lung=lung)
        found.tumours.append(Tumour(term, source, written, extent, stage, active, certain, onset))
        return
    condition = next((c for pair in diagnosis.known if (c := terms.conditions.by_code(*pair))), None)
    condition = condition or next((c for t in diagnosis.texts if (c := terms.conditions.named(t))), None)
    if condition is None and not diagnosis.texts and not any("icd" in system for system, _ in diagnosis.known):
        found.unread += 1
        return
    found.comorbidities.append(Comorbidity(condition, source, written, active, certain, onset))


def _tumour_term(diagnosis: _Diagnosis, terms: Terms) -> str | None:
    """The narrowest node of codes, names, site and histology; where they contradict each other, what they share."""
    tree, resource = terms.tumours, diagnosis.entry.resource
    if words.is_not_malignant(diagnosis.text):
        return None
    histology, sites = list(diagnosis.known), list(diagnosis.known)
    told = [words.primary_part(text.casefold()) for text in diagnosis.texts]
    for extension in as_list(resource.get("extension")):
        url, concept = as_text(as_dict(extension).get("url")).casefold(), as_dict(extension).get("valueCoding")
        concept = as_dict(extension).get("valueCodeableConcept") or concept
        if "histology" in url or "morpholog" in url:
            histology += [pair for coding in codings(concept) for pair in codes.coded(coding)]
            told += [text.casefold() for text in (concept_text(concept), *(c.display for c in codings(concept)))]
        elif "topograph" in url:
            sites += [pair for coding in codings(concept) for pair in codes.coded(coding)]
    for concept in as_list(resource.get("bodySite")):
        sites += [pair for coding in codings(concept) for pair in codes.coded(coding)]
    nodes = [node for pair in (*diagnosis.known, *histology) if (node := tree.by_code(*pair))]
    named = [words.itself(text.casefold()) for text in diagnosis.texts]
    nodes += [node for text in (*named, *told) if (node := tree.in_text(text))]
    best = tree.joined(nodes) if nodes else tree.at_site(sites, told)
    if best is None and not nodes and (any(told) or any(tree.is_malignant(*pair) for pair in diagnosis.known)):
        best = tree.at_site([], [concept_text(site).casefold() for site in as_list(resource.get("bodySite"))])
    if nodes and best not in nodes:
        return best
    return tree.with_histology(best, histology, told)


def _is_lung(term: str | None, terms: Terms) -> bool:
    return term is not None and terms.tumours.is_a(term, "LUNG")


def _texts(resource: Resource) -> list[str]:
    texts = [as_text(as_dict(resource.get("code")).get("text"))]
    texts += [coding.display for coding in codings(resource.get("code"))]
    return [text for text in dict.fromkeys(texts) if text]


def _with_sites(diagnosis: _Diagnosis) -> str:
    sites = as_list(diagnosis.entry.resource.get("bodySite"))
    return " ".join([diagnosis.text, *(concept_text(site) for site in sites)])


def _word(concept: object) -> str:
    """The code of a status, also of one written as plain text."""
    if isinstance(concept, str):
        return concept
    return next((c.code for c in codings(concept) if c.code), concept_text(concept)).casefold()


def _icd_certainty(resource: Resource) -> str:
    """How sure an ICD-10-GM coding says it is (G, V, A, Z), empty if it does not say."""
    for coding in as_list(as_dict(resource.get("code")).get("coding")):
        for extension in as_list(as_dict(coding).get("extension")):
            if codes.ICD_CERTAINTY in as_text(as_dict(extension).get("url")).casefold():
                return next((c.code for c in codings(as_dict(extension).get("valueCoding"))), "")
    return ""


def _active(resource: Resource, text: str) -> bool | None:
    status = _word(resource.get("clinicalStatus"))
    abated = any(key.startswith("abatement") and value is not False for key, value in resource.items())
    if status in codes.RESOLVED or status in codes.REMISSION or abated:
        return False
    if words.is_over(text):
        return False
    if words.is_past(text):
        return None if status in codes.ACTIVE else False
    return True if status in codes.ACTIVE else None


def _onset(resource: Resource, zone: tzinfo) -> When | None:
    period = as_dict(resource.get("onsetPeriod"))
    for text in (resource.get("onsetDateTime"), period.get("start"), resource.get("recordedDate")):
        when = read_when(as_text(text), zone)
        if when is not None:
            return when
    return None


def read_patient(resources: Resources, patient_id: str, zone: tzinfo) -> Demographics | None:
    """The patient's birth date, sex and place; None if no Patient was sent."""
    for entry in resources.of_type("Patient"):
        resource = entry.resource
        if as_text(resource.get("id")) not in ("", patient_id):
            continue
        address = as_dict(resource.get("address"))
        dead = resource.get("deceasedBoolean")
        return Demographics(
            birth=read_when(as_text(resource.get("birthDate")), zone),
            sex=as_text(resource.get("gender")) or None,
            country=as_text(address.get("country")) or None,
            state=as_text(address.get("state")) or None,
            city=as_text(address.get("city")) or None,
            deceased=True if "deceasedDateTime" in resource else dead if isinstance(dead, bool) else None,
        )
    return None
