"""Treatments: requests, statements and administrations of a drug merged into one exposure, and draft orders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from cds_targets.facts.clinical import Exposure, Order, Requested
from cds_targets.facts.dates import When, read_when
from cds_targets.facts.genomic import Source
from cds_targets.fhir import codes
from cds_targets.fhir.exposures import Piece, merged
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
from cds_targets.terms import Terms

_NOTHING_TAKEN = re.compile(r"\s*(?:no\b(?! ?\d)|none\b|kein\w*\b|nil\b|not on\b|denies\b)", re.IGNORECASE)
# Given where it acts: no systemic treatment, and nothing that interacts.
_LOCAL = re.compile(
    r"\b(?:topical\w*|ophthalmic|intravitreal|otic|cream|ointment|shampoo|eye drops?|ear drops?|salbe|augentropfen)\b",
    re.IGNORECASE,
)
_JOINED = re.compile(r"[+/&,]|\b(?:and|plus|und)\b", re.IGNORECASE)
# A drug known by its laboratory code only ("ABC-12345") is in trials, and may be a treatment of the tumour.
_CODE_NAME = re.compile(r"(?<![\w-])(?!NDC|DIN|PZN|UNII)(?:[A-Z]{2,4}[- ]?\d{4,8}|[A-Z]{3,4}[- ]?\d{3,8})(?![\w-])")
_PLACEBO = re.compile(r"\bplacebo\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Medication:
    """What a resource says the drug is: recognised drugs, and how it was written.

    `antineoplastic`: its code says so, also of a drug we do not know. `vague`: it names more than could be recognised.
    """

    drugs: tuple[str, ...]
    written: str
    antineoplastic: bool = False
    vague: bool = False


@dataclass(slots=True)
class Treatments:
    """Exposures, and how many entries named no drug that could be read."""

    exposures: list[Exposure] = field(default_factory=list)
    unread: int = 0
    vague: list[str] = field(default_factory=list)


def medication_of(resource: Resource, resources: Resources, entry: Entry, terms: Terms) -> Medication:
    """The drug of a medication resource: coded, referenced, contained, or as text."""
    concepts: list[Any] = [
        resource.get("medicationCodeableConcept"),
        as_dict(resource.get("medication")).get("concept"),
        resource.get("medication") if "coding" in as_dict(resource.get("medication")) else None,
    ]
    reference = resource.get("medicationReference") or as_dict(resource.get("medication")).get("reference")
    if reference is not None:
        target = resources.resolve(reference, entry)
        concepts.append({"text": as_text(as_dict(reference).get("display"))})
        if target is not None:
            concepts.append(target.resource.get("code"))
            for ingredient in as_list(target.resource.get("ingredient")):
                item = as_dict(ingredient)
                concepts.append(item.get("itemCodeableConcept") or as_dict(item.get("item")).get("concept"))
    return _recognised([concept for concept in concepts if concept], terms)


def _recognised(concepts: list[Any], terms: Terms) -> Medication:
    coded: dict[str, None] = {}
    texts: list[str] = []
    atc: list[str] = []
    for concept in concepts:
        texts += [as_text(as_dict(concept).get("text")), *(c.display for c in codings(concept))]
        for coding in codings(concept):
            system = codes.system_name(coding.system)
            coded |= dict.fromkeys(terms.drugs.by_code(system, coding.code))
            if system == "atc":
                atc.append(coding.code)
    # An ATC code says what kind of drug it is; any other code that we do not know says nothing.
    written = next((text for text in [*texts, *atc] if text), "")
    atc = [code for code in atc if code.startswith(codes.ATC_ANTINEOPLASTIC)]
    if any(_LOCAL.search(text) for text in texts):
        return Medication((), written)
    drugs, agreed = _agreed(tuple(coded), texts, terms)
    unclear = terms.drugs.is_vague_beside if drugs else terms.drugs.is_vague
    vague = not agreed or unclear(written) or (not drugs and _CODE_NAME.search(written) is not None)
    group_only = not drugs and any(len(code) < codes.ATC_SUBSTANCE_LENGTH for code in atc)
    return Medication(drugs, written, bool(atc), vague or group_only)


def _agreed(coded: tuple[str, ...], texts: list[str], terms: Terms) -> tuple[tuple[str, ...], bool]:
    """The drugs of codes and texts, and whether they agree: a text adds the rest of a regimen; others both count."""
    named = tuple(dict.fromkeys(drug for text in texts for drug in terms.drugs.in_text(text)))
    if not coded or not named:
        return coded or named, True
    if not set(coded) & set(named):
        return coded + named, False
    whole = set(coded) < set(named) and any(_JOINED.search(text) or terms.drugs.is_regimen(text) for text in texts)
    return named if whole else coded, True


def read_treatments(resources: Resources, terms: Terms, zone: tzinfo, as_of: date) -> Treatments:
    """Every medication resource outside the draft orders, merged by drug."""
    pieces: list[Piece] = []
    found = Treatments()
    for entry in resources.of_type(*codes.MEDICATION_TYPES):
        status = as_text(entry.resource.get("status"))
        if status == "entered-in-error":
            continue
        medication = medication_of(entry.resource, resources, entry, terms)
        if _NOTHING_TAKEN.match(medication.written):
            continue
        if not medication.drugs and not medication.written:
            found.unread += 1
        elif medication.vague and status not in codes.NOT_GIVEN:
            found.vague.append(medication.written)
        for drug in medication.drugs or ((None,) if medication.written else ()):
            pieces.append(_piece(entry, drug, medication, zone))
    found.exposures = merged(pieces, terms, as_of)
    return found


def _piece(entry: Entry, drug: str | None, medication: Medication, zone: tzinfo) -> Piece:
    resource, written = entry.resource, medication.written
    kind, status = entry.type, as_text(resource.get("status"))
    start, end = _period(resource, zone)
    administered = kind == "MedicationAdministration"
    given: bool | None
    ongoing: bool | None = None
    if _is_denied(resource) or status in codes.NOT_GIVEN:
        given, ongoing = False, False
    elif _PLACEBO.search(written):
        given = None
    elif administered:
        given = True if status in codes.ADMINISTERED else None
    elif kind == "MedicationDispense":
        given = True if status == "completed" else None
    elif kind == "MedicationStatement":
        given = True if status in codes.STATEMENT_GIVEN else None
        ongoing = False if _adherence(resource).startswith("stopped") else _ongoing(status, end)
    else:
        if as_text(resource.get("intent")) in codes.INTENT_NOT_ORDERED:
            given, ongoing = False, False
        else:
            given = True if status in codes.REQUEST_ORDERED else None
            ongoing = _ongoing(status, end)
    return Piece(
        drug,
        written,
        Source(entry.reference, entry.pointer, start),
        given,
        start,
        end or (start if administered else None),
        ongoing,
        not administered and (status == "on-hold" or _adherence(resource).startswith("on-hold")),
        _intent(resource),
        administered,
        _dose(resource),
        medication.antineoplastic,
        stopped=ongoing is False and (kind == "MedicationStatement" or status in codes.REQUEST_STOPPED),
    )


def _adherence(resource: Resource) -> str:
    """What R5 says of the taking of a drug: taking, not-taking, on-hold, stopped ..."""
    return next((coding.code for coding in codings(as_dict(resource.get("adherence")).get("code"))), "")


def _is_denied(resource: Resource) -> bool:
    """Whether the resource says that the drug was not, or is not to be, given or taken."""
    flags = ("wasNotTaken", "wasNotGiven", "notGiven", "doNotPerform")
    told = any(resource.get(flag) is True for flag in flags)
    return told or as_text(resource.get("taken")) == "n" or _adherence(resource) == codes.NOT_TAKING


def _ongoing(status: str, end: When | None) -> bool | None:
    if status in ("completed", "stopped", "ended", "final"):
        return False
    if status in ("active", "on-hold", "recorded"):
        return None if end is not None else True
    return None


def _period(resource: Resource, zone: tzinfo) -> tuple[When | None, When | None]:
    """First and last day: effective or occurrence period, dosage timing, else the day it was written."""

    def when(value: Any) -> When | None:
        return read_when(as_text(value), zone)

    for key in ("effectivePeriod", "effectiveTimePeriod", "occurencePeriod", "occurrencePeriod"):
        period = as_dict(resource.get(key))
        if period:
            return when(period.get("start")), when(period.get("end"))
    for key in ("effectiveDateTime", "effectiveTimeDateTime", "occurenceDateTime", "occurrenceDateTime"):
        if key in resource:
            moment = when(resource[key])
            over = as_text(resource.get("status")) in ("completed", "stopped", "final")
            return moment, moment if over else None
    for dosage in as_list(resource.get("dosageInstruction") or resource.get("dosage")):
        bounds = as_dict(as_dict(as_dict(as_dict(dosage).get("timing")).get("repeat")).get("boundsPeriod"))
        if bounds:
            return when(bounds.get("start")), when(bounds.get("end"))
    validity = as_dict(as_dict(resource.get("dispenseRequest")).get("validityPeriod"))
    written = resource.get("authoredOn") or resource.get("dateWritten") or resource.get("whenHandedOver")
    return when(validity.get("start")) or when(written), None


def _intent(resource: Resource) -> str | None:
    """The intent of treatment where the record states one."""
    words = [concept_text(resource.get("category"))]
    for extension in as_list(resource.get("extension")):
        url = as_text(as_dict(extension).get("url"))
        if codes.TREATMENT_INTENT in url or "therapie-intention" in url:
            words.append(concept_text(as_dict(extension).get("valueCodeableConcept")))
    words += [as_text(as_dict(note).get("text")) for note in as_list(resource.get("note"))]
    words += [concept_text(reason) for reason in as_list(resource.get("reasonCode"))]
    text = " ".join(words).casefold()
    return next((word for word in codes.INTENT_WORDS if word in text), None)


def _dose(resource: Resource) -> str | None:
    for dosage in as_list(resource.get("dosageInstruction") or resource.get("dosage")):
        text = as_text(as_dict(dosage).get("text"))
        if text:
            return text[:120]
    return None


def read_requested(resources: Resources, terms: Terms, zone: tzinfo) -> Iterator[Requested]:
    """The tests of active service requests in the chart: ordered, and not done yet."""
    for entry in resources.of_type("ServiceRequest", "ProcedureRequest"):
        resource = entry.resource
        if as_text(resource.get("status")) != "active" or as_text(resource.get("intent")) in codes.NOT_YET_ORDERED:
            continue
        tests = tuple(dict.fromkeys(_ordered_tests(resource.get("code"), terms)))
        due, _ = _period(resource, zone)
        if tests and due is not None and resource.get("doNotPerform") is not True:
            yield Requested(tests, due, Source(entry.reference, entry.pointer))


@dataclass(slots=True)
class Drafts:
    """The draft orders of a call: those of drugs and tests, how many could not be read, and of how many the call tells.

    Told of are all drafts for the patient, also those taken back and those of food, lenses and other things.
    """

    orders: list[Order] = field(default_factory=list)
    unread: int = 0
    told: int = 0


def read_orders(draft_orders: Any, selections: list[str] | None, patient_id: str, terms: Terms, zone: tzinfo) -> Drafts:
    """The draft orders of a call; malformed bundles are survived."""
    resources = Resources()
    found = Drafts()
    entries = as_dict(draft_orders).get("entry")
    for index, item in enumerate(as_list(entries)):
        resource = as_dict(item).get("resource") if isinstance(item, dict) else None
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            resources.add(
                resource, f"/context/draftOrders/entry/{index}/resource", as_text(as_dict(item).get("fullUrl"))
            )
        else:
            found.unread += 1
    drafts = [
        entry
        for entry in resources.of_type(*codes.ORDER_TYPES, *codes.ORDERS_OF_OTHER_THINGS)
        if "/contained/" not in entry.pointer
    ]
    named = set(selections or ())
    if not any({entry.reference, entry.full_url} & named for entry in drafts):
        selections = None  # what is selected is not among the drafts: judging all of them misses none
    for entry in drafts:
        if _of_somebody_else(entry.resource, patient_id):
            found.unread += 1
            continue
        found.told += 1
        orders = _order(entry, resources, selections, terms, zone)
        found.unread += any(order.drug is None and not order.tests and not order.written for order in orders)
        found.orders.extend(orders)
    return found


def _of_somebody_else(resource: Resource, patient_id: str) -> bool:
    reference = as_text(as_dict(resource.get("subject") or resource.get("patient")).get("reference"))
    kind, _, identity = reference.split("/_history/")[0].rstrip("/").rpartition("/")
    return kind.rpartition("/")[2] == "Patient" and identity != patient_id


def _order(entry: Entry, resources: Resources, selections: list[str] | None, terms: Terms, zone: tzinfo) -> list[Order]:
    resource = entry.resource
    taken_back = as_text(resource.get("status")) in ("cancelled", "stopped", "revoked", "entered-in-error")
    if taken_back or resource.get("doNotPerform") is True or entry.type in codes.ORDERS_OF_OTHER_THINGS:
        return []
    source = Source(entry.reference, entry.pointer)
    chosen = not selections or entry.reference in selections or entry.full_url in selections
    starts, _ = _period(resource, zone)
    if entry.type in ("ServiceRequest", "ProcedureRequest"):
        tests = tuple(dict.fromkeys(_ordered_tests(resource.get("code"), terms)))
        written = concept_text(resource.get("code"))
        return [Order(entry.reference, tests=tests, written=written, selected=chosen, starts=starts, source=source)]
    medication = medication_of(resource, resources, entry, terms)
    drugs: tuple[str | None, ...] = medication.drugs or (None,)
    return [
        Order(
            entry.reference,
            drug=drug,
            written=medication.written,
            selected=chosen,
            starts=starts,
            dose=_dose(resource),
            source=source,
        )
        for drug in drugs
    ]


def _ordered_tests(concept: Any, terms: Terms) -> Iterable[str]:
    for coding in codings(concept):
        system = codes.system_name(coding.system)
        panel = terms.labs.panel_by_code(system, coding.code)
        test = terms.labs.by_code(system, coding.code)
        if test is not None:
            yield test
        elif panel is not None:
            yield panel
            yield from terms.labs.panels[panel].tests
    text = concept_text(concept)
    named = terms.labs.named(text)
    if named is not None:
        yield named
    for panel_id, panel_term in terms.labs.panels.items():
        if panel_term.named(text):
            yield panel_id
            yield from panel_term.tests
