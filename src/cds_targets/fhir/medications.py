"""Treatments: requests, statements and administrations of a drug merged into one exposure, and draft orders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from cds_targets.facts.clinical import Exposure, Order
from cds_targets.facts.dates import When, read_when
from cds_targets.facts.genomic import Source
from cds_targets.fhir import codes
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


@dataclass(frozen=True, slots=True)
class Medication:
    """What a resource says the drug is: recognised drugs, and how it was written."""

    drugs: tuple[str, ...]
    written: str


@dataclass(slots=True)
class Treatments:
    """Exposures, and how many entries named no drug that could be read."""

    exposures: list[Exposure] = field(default_factory=list)
    unread: int = 0
    vague: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one resource says of one drug."""

    drug: str | None
    written: str
    source: Source
    given: bool | None
    first: When | None
    last: When | None
    ongoing: bool | None
    on_hold: bool
    intent: str | None
    administered: bool
    dose: str | None


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
        concepts.append({"text": as_text(as_dict(resource.get("medicationReference")).get("display"))})
        if target is not None:
            concepts.append(target.resource.get("code"))
            for ingredient in as_list(target.resource.get("ingredient")):
                item = as_dict(ingredient)
                concepts.append(item.get("itemCodeableConcept") or as_dict(item.get("item")).get("concept"))
    return _recognised([concept for concept in concepts if concept], terms)


def _recognised(concepts: list[Any], terms: Terms) -> Medication:
    found: dict[str, None] = {}
    written = ""
    for concept in concepts:
        written = written or concept_text(concept)
        for coding in codings(concept):
            found.update(dict.fromkeys(terms.drugs.by_code(codes.system_name(coding.system), coding.code)))
        if not found:
            texts = [as_text(as_dict(concept).get("text")), *(c.display for c in codings(concept))]
            for text in texts:
                found.update(dict.fromkeys(terms.drugs.in_text(text)))
    return Medication(tuple(found), written)


def read_treatments(resources: Resources, terms: Terms, zone: tzinfo, as_of: date) -> Treatments:
    """Every medication resource outside the draft orders, merged by drug."""
    pieces: list[_Piece] = []
    found = Treatments()
    kinds = ("MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationOrder")
    for entry in resources.of_type(*kinds):
        status = as_text(entry.resource.get("status"))
        if status == "entered-in-error":
            continue
        medication = medication_of(entry.resource, resources, entry, terms)
        if not medication.drugs:
            if not medication.written:
                found.unread += 1
            elif terms.drugs.is_vague(medication.written):
                found.vague.append(medication.written)
        for drug in medication.drugs or ((None,) if medication.written else ()):
            pieces.append(_piece(entry, drug, medication.written, zone))
    found.exposures = _merged(pieces, terms, as_of)
    return found


def _piece(entry: Entry, drug: str | None, written: str, zone: tzinfo) -> _Piece:
    resource = entry.resource
    kind, status = entry.type, as_text(resource.get("status"))
    start, end = _period(resource, zone)
    administered = kind == "MedicationAdministration"
    given: bool | None
    ongoing: bool | None = None
    if resource.get("wasNotTaken") is True or resource.get("wasNotGiven") is True or status in codes.NOT_GIVEN:
        given, ongoing = False, False
    elif administered:
        given = True if status in codes.ADMINISTERED else None
    elif kind == "MedicationStatement":
        given = True if status in codes.STATEMENT_GIVEN else None
        ongoing = _ongoing(status, end)
    else:
        if as_text(resource.get("intent")) in ("proposal", "plan"):
            given, ongoing = False, False
        else:
            given = True if status in codes.REQUEST_ORDERED else None
            ongoing = _ongoing(status, end)
    return _Piece(
        drug,
        written,
        Source(entry.reference, entry.pointer, start),
        given,
        start,
        end or (start if administered else None),
        ongoing,
        status == "on-hold",
        _intent(resource),
        administered,
        _dose(resource),
    )


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
    written = resource.get("authoredOn") or resource.get("dateWritten") or resource.get("dateAsserted")
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


def _merged(pieces: list[_Piece], terms: Terms, as_of: date) -> list[Exposure]:
    """One exposure a drug; pieces that were not given stay apart so that they cannot lend their dates."""
    groups: dict[tuple[str, bool], list[_Piece]] = {}
    for piece in pieces:
        groups.setdefault((piece.drug or piece.written, piece.given is False), []).append(piece)
    return [_exposure(group, terms, as_of) for group in groups.values()]


def _exposure(group: list[_Piece], terms: Terms, as_of: date) -> Exposure:
    drug = group[0].drug
    starts = [p.first for p in group if p.first is not None and p.first.earliest <= as_of]
    doses = [p.last for p in group if p.administered and p.last is not None and p.given and p.last.earliest <= as_of]
    ends = [p.last for p in group if not p.administered and p.last is not None]
    states = [p.ongoing for p in group if not p.administered]
    given = _given(group, as_of)
    last = _latest(doses) or _latest(ends)
    ongoing: bool | None = None
    if any(p.given is False for p in group):
        ongoing = False
    elif True in states:
        ongoing = True
    elif states and all(state is False for state in states):
        ongoing = False
    elif ends and all(p.last is not None for p in group if not p.administered):
        ongoing = _latest(ends) is not None and max(end.latest for end in ends) >= as_of
    if last is not None and last.earliest > as_of:
        last = None
    intents = [p.intent for p in group if p.intent]
    return Exposure(
        drug,
        tuple(p.source for p in group),
        written=group[0].written,
        first=min(starts, key=lambda when: when.earliest) if starts else None,
        last=last or (_some_day_since(starts, as_of) if given and ongoing is False else None),
        ongoing=ongoing,
        on_hold=any(p.on_hold for p in group),
        given=given,
        intent=intents[0] if intents else None,
        dose=next((p.dose for p in group if p.dose), None),
        antineoplastic=drug is not None and terms.drugs.by_name[drug].antineoplastic,
        notes=("the end of treatment is not recorded",) if last is None and given and ongoing is False else (),
    )


def _given(group: list[_Piece], as_of: date) -> bool | None:
    if any(p.given for p in group):
        started = [p for p in group if p.given and (p.first is None or p.first.earliest <= as_of)]
        return bool(started)
    return False if all(p.given is False for p in group) else None


def _some_day_since(starts: list[When], as_of: date) -> When | None:
    """Treatment that is over without a recorded end ended some day between its latest start and today."""
    latest = _latest(starts)
    return When(latest.earliest, as_of) if latest is not None else None


def _latest(dates: Iterable[When]) -> When | None:
    known = list(dates)
    return max(known, key=lambda when: when.latest) if known else None


def read_orders(
    draft_orders: Any, selections: list[str] | None, patient_id: str, terms: Terms, zone: tzinfo
) -> tuple[list[Order], int]:
    """The draft orders of a call and how many could not be read; malformed bundles are survived."""
    resources = Resources()
    unread = 0
    entries = as_dict(draft_orders).get("entry")
    for index, item in enumerate(as_list(entries)):
        resource = as_dict(item).get("resource") if isinstance(item, dict) else None
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            resources.add(
                resource, f"/context/draftOrders/entry/{index}/resource", as_text(as_dict(item).get("fullUrl"))
            )
        else:
            unread += 1
    drafts = [entry for entry in resources.of_type(*codes.ORDER_TYPES) if "/contained/" not in entry.pointer]
    named = set(selections or ())
    if not any({entry.reference, entry.full_url} & named for entry in drafts):
        selections = None  # what is selected is not among the drafts: judging all of them misses none
    orders: list[Order] = []
    for entry in drafts:
        if _of_somebody_else(entry.resource, patient_id):
            unread += 1
            continue
        found = _order(entry, resources, selections, terms, zone)
        unread += any(order.drug is None and not order.tests and not order.written for order in found)
        orders.extend(found)
    return orders, unread


def _of_somebody_else(resource: Resource, patient_id: str) -> bool:
    reference = as_text(as_dict(resource.get("subject") or resource.get("patient")).get("reference"))
    kind, _, identity = reference.split("/_history/")[0].rstrip("/").rpartition("/")
    return kind.rpartition("/")[2] == "Patient" and identity != patient_id


def _order(entry: Entry, resources: Resources, selections: list[str] | None, terms: Terms, zone: tzinfo) -> list[Order]:
    resource = entry.resource
    if as_text(resource.get("status")) in ("cancelled", "stopped", "revoked", "entered-in-error"):
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
        if text and text.casefold() in (panel_term.name.casefold(), (panel_term.text or "").casefold()):
            yield panel_id
            yield from panel_term.tests
