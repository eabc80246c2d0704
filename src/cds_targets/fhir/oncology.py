"""Diagnoses and performance status: primary tumours, metastases, other conditions, extent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from cds_targets.facts.clinical import Comorbidity, Demographics, Extent, Metastasis, Performance, Tumour
from cds_targets.facts.dates import When, read_when
from cds_targets.facts.genomic import Source
from cds_targets.fhir import codes
from cds_targets.fhir.reading import (
    Entry,
    Resource,
    Resources,
    as_dict,
    as_list,
    as_number,
    as_text,
    codings,
    concept_text,
)
from cds_targets.terms import Terms

_SUSPECTED = re.compile(r"\b(suspected|suspicion|possible|probable|rule out|query|verdacht)\b")
_FAMILY = re.compile(r"\b(family history|familial history|screening|at risk|fear of)\b")
_HISTORY = re.compile(r"\b(history of|personal history|in remission|status post)\b")
_SECONDARY = re.compile(r"\bsecondary\b.{0,60}\b(?:neoplasm|cancer|malignan\w*|tumou?r|carcinoma)")
_SPREAD = re.compile(
    r"\b(?:metastas[ei]s|metastasi[sz]ed|mets|leptomeningeal disease|carcinomatosis)\b"
    r"|\bmetastatic\b[^.;,]{0,60}?\b(?:to|in)\b"
)
_NO_SPREAD = re.compile(r"\b(?:no|without|negative for|ohne|kein\w*)\b[^.;,]{0,30}\b(?:metasta\w*|mets)\b")
_SPREAD_PLACES = (
    re.compile(r"(?P<place>[\w ,]{2,60}?)\s(?:metastas[ei]s|mets)\b(?!\s(?:to|in|of)\b)"),
    re.compile(
        r"\b(?:metastas[ei]s|metastasi[sz]ed|mets|metastatic\b[^.;,]{0,60}?)\s(?:to|in|of)\s"
        r"(?P<place>[\w ,]{2,60})"
    ),
)
_CANCER = re.compile(
    r"\b(cancers?|carcinomas?|malignan\w+|neoplasms?|tumou?rs?|sarcomas?|leuka?emias?|lymphomas?|melanomas?|myelomas?"
    r"|adenocarcinomas?|glioblastomas?|mesotheliomas?|\w*blastomas?|\w*sarcomas?)\b"
)
_BENIGN = re.compile(r"\bbenign\b")
_ROMAN = re.compile(r"\b(IV|III|II|I)\s*([ABC])?\d?\b")
_STAGE_WORD = re.compile(r"stage\s*(?:group\s*)?(IV|III|II|I|[1-4])\s*([ABC])?", re.IGNORECASE)
_M1 = re.compile(r"\bp?c?M1[abc]?\b")
_METASTATIC = re.compile(
    r"\bmetastatic|metastasi[sz]ed|stage (?:iv|4)\b|\bmetastas[ei]s\b|\bmets\b|\bm(?:crc|nsclc|pdac)\b"
)
_ADVANCED = re.compile(r"\blocally advanced|unresectable\b")


@dataclass(slots=True)
class Diagnoses:
    """Conditions by what they are; `unread` counts conditions without any text or code that could be read."""

    tumours: list[Tumour] = field(default_factory=list)
    metastases: list[Metastasis] = field(default_factory=list)
    comorbidities: list[Comorbidity] = field(default_factory=list)
    unread: int = 0


def read_diagnoses(resources: Resources, terms: Terms, zone: tzinfo) -> Diagnoses:
    """Every Condition; TNM and stage Observations add the extent to a single tumour."""
    found = Diagnoses()
    for entry in resources.of_type("Condition"):
        _read_condition(entry, resources, terms, zone, found)
    stage = _observed_extent(resources)
    if stage is not Extent.UNKNOWN and len(found.tumours) == 1 and found.tumours[0].extent is Extent.UNKNOWN:
        found.tumours = [replace(found.tumours[0], extent=stage)]
    return found


def _read_condition(entry: Entry, resources: Resources, terms: Terms, zone: tzinfo, found: Diagnoses) -> None:
    resource = entry.resource
    verification = _word(resource.get("verificationStatus"))
    if verification in codes.REFUTED_VERIFICATION:
        return
    texts = _texts(resource)
    text = " ".join(texts).casefold()
    known = [(codes.system_name(c.system), c.code) for c in codings(resource.get("code"))]
    if not text and not any(code for _, code in known):
        found.unread += 1
        return
    if _FAMILY.search(text):
        return
    source = Source(entry.reference, entry.pointer)
    written = texts[0] if texts else ""
    onset = _onset(resource, zone)
    active = _active(resource, text)
    certain = verification not in codes.UNCERTAIN_VERIFICATION and not _SUSPECTED.search(text)
    site = next((s for pair in known if (s := terms.tumours.site_of_code(*pair))), None)
    spread = _SPREAD.search(text) is not None and _NO_SPREAD.search(text) is None
    term = _tumour_term(known, texts, resource, terms) if site is None else None
    if site is not None or _SECONDARY.search(text) or (spread and term is None):
        place = site if site not in (None, "unknown") else terms.tumours.site_in_text(_with_sites(resource, text))
        found.metastases.append(Metastasis(place, source, active, certain, onset, written))
        return
    if spread:
        places = _spread_to(text, terms)
        found.metastases += [Metastasis(place, source, active, certain, onset, written) for place in places]
    if term is not None or (_CANCER.search(text) and not _BENIGN.search(text)):
        extent, stage = _extent(resource, text, resources, entry)
        found.tumours.append(Tumour(term, source, written, extent, stage, active, certain, onset))
        return
    condition = next((c for pair in known if (c := terms.conditions.by_code(*pair))), None)
    condition = condition or next((c for t in texts if (c := terms.conditions.named(t))), None)
    found.comorbidities.append(Comorbidity(condition, source, written, active, certain, onset))


def _spread_to(text: str, terms: Terms) -> list[str]:
    """The sites a diagnosis names its metastases in ("colon cancer with liver and lung metastases")."""
    for pattern in _SPREAD_PLACES:
        for match in pattern.finditer(text[:500]):
            named = re.split(r",|\band\b", match["place"].rpartition(" with ")[2])
            places = dict.fromkeys(terms.tumours.site_in_text(part) for part in named)
            places.pop("unknown", None)
            if places:
                return list(places)
    return []


def _texts(resource: Resource) -> list[str]:
    texts = [as_text(as_dict(resource.get("code")).get("text"))]
    texts += [coding.display for coding in codings(resource.get("code"))]
    return [text for text in dict.fromkeys(texts) if text]


def _tumour_term(known: list[tuple[str, str]], texts: list[str], resource: Resource, terms: Terms) -> str | None:
    """The narrowest node any code or text stands for, as long as the others do not contradict it."""
    tree = terms.tumours
    nodes = [node for pair in known if (node := tree.by_code(*pair))]
    for extension in as_list(resource.get("extension")):
        url = as_text(as_dict(extension).get("url"))
        if "istology" in url:
            concept = as_dict(extension).get("valueCodeableConcept")
            nodes += [n for c in codings(concept) if (n := tree.by_code(codes.system_name(c.system), c.code))]
            nodes += [n for c in codings(concept) if c.display and (n := tree.in_text(c.display))]
    nodes += [node for text in texts if (node := tree.in_text(text))]
    best: str | None = None
    for node in nodes:
        if best is None or tree.is_a(node, best):
            best = node
        elif not tree.is_a(best, node):
            return nodes[0]
    return best


def _word(concept: object) -> str:
    if isinstance(concept, str):
        return concept
    return next((coding.code for coding in codings(concept)), "")


def _active(resource: Resource, text: str) -> bool | None:
    status = _word(resource.get("clinicalStatus"))
    if status in codes.RESOLVED or status in codes.REMISSION or "abatementDateTime" in resource:
        return False
    if status in codes.ACTIVE:
        return True
    if _HISTORY.search(text):
        return False
    return None


def _onset(resource: Resource, zone: tzinfo) -> When | None:
    period = as_dict(resource.get("onsetPeriod"))
    for text in (resource.get("onsetDateTime"), period.get("start"), resource.get("recordedDate")):
        when = read_when(as_text(text), zone)
        if when is not None:
            return when
    return None


def _with_sites(resource: Resource, text: str) -> str:
    return " ".join([text, *(concept_text(site) for site in as_list(resource.get("bodySite")))])


def _extent(resource: Resource, text: str, resources: Resources, entry: Entry) -> tuple[Extent, str | None]:
    """Extent and stage group from Condition.stage (and what it points to) and from the words of the diagnosis."""
    words = [text]
    for stage in as_list(resource.get("stage")):
        summary = as_dict(stage).get("summary")
        words += [concept_text(summary), *(c.code for c in codings(summary)), *(c.display for c in codings(summary))]
        for reference in as_list(as_dict(stage).get("assessment")):
            target = resources.resolve(reference, entry)
            if target is not None:
                words.append(concept_text(target.resource.get("valueCodeableConcept")))
    return extent_of(" ".join(words))


def extent_of(text: str) -> tuple[Extent, str | None]:
    """The extent a text states, and the stage group it names."""
    folded = text.casefold()
    named = _STAGE_WORD.search(text) or _ROMAN.search(text.split("\n")[0] if len(text) < 60 else "")
    number = {"1": "I", "2": "II", "3": "III", "4": "IV"}.get(named[1], named[1].upper()) if named else None
    group = f"{number}{(named[2] or '').upper()}" if named and number else None
    if (_METASTATIC.search(folded) and not _NO_SPREAD.search(folded)) or _M1.search(text) or number == "IV":
        return Extent.METASTATIC, group
    if _ADVANCED.search(folded) or (number == "III" and group in ("IIIB", "IIIC")):
        return Extent.LOCALLY_ADVANCED, group
    if number in ("I", "II"):
        return Extent.EARLY, group
    return Extent.UNKNOWN, group


def _observed_extent(resources: Resources) -> Extent:
    """The extent of stage-group Observations, the furthest wins."""
    for entry in resources.of_type("Observation"):
        if {c.code for c in codings(entry.resource.get("code"))} & codes.STAGE_CODES:
            concept = entry.resource.get("valueCodeableConcept")
            text = " ".join([concept_text(concept), *(c.code for c in codings(concept))])
            extent, _ = extent_of(text)
            if extent is Extent.METASTATIC:
                return extent
    return Extent.UNKNOWN


def read_performance(resources: Resources, zone: tzinfo) -> list[Performance]:
    """ECOG and Karnofsky, as an integer, a quantity or a coded answer."""
    found = []
    for entry in resources.of_type("Observation"):
        about = {coding.code for coding in codings(entry.resource.get("code"))}
        scale = "ECOG" if about & codes.ECOG else "Karnofsky" if about & codes.KARNOFSKY else None
        if scale is None or as_text(entry.resource.get("status")) in ("entered-in-error", "cancelled"):
            continue
        value = _score(entry.resource)
        limit = 5 if scale == "ECOG" else 100
        if value is not None and 0 <= value <= limit:
            when = read_when(as_text(entry.resource.get("effectiveDateTime")), zone)
            found.append(Performance(scale, value, Source(entry.reference, entry.pointer, when), when))
    return found


def _score(resource: Resource) -> int | None:
    number = as_number(resource.get("valueInteger"))
    if number is None:
        number = as_number(as_dict(resource.get("valueQuantity")).get("value"))
    if number is not None:
        return int(number) if number == int(number) else None
    for coding in codings(resource.get("valueCodeableConcept")):
        if coding.code in codes.ECOG_ANSWERS:
            return codes.ECOG_ANSWERS[coding.code]
        if coding.code.isdigit() and len(coding.code) <= 3:
            return int(coding.code)
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
