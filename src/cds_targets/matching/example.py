"""Example patients as records: the short form of a card file turned into the facts a reader would find."""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import date
from typing import TypeVar

from cds_targets.facts.clinical import (
    Comorbidity,
    Demographics,
    Exposure,
    Extent,
    Lab,
    Metastasis,
    Order,
    Performance,
    Tumour,
)
from cds_targets.facts.dates import When, add_months, read_when
from cds_targets.facts.genomic import (
    Biomarker,
    CopyNumber,
    CopyNumberCall,
    Fusion,
    GenomicFact,
    Genomics,
    Origin,
    Presence,
    ReportStatus,
    Significance,
    Source,
    Specimen,
    Tested,
    Variant,
)
from cds_targets.facts.protein import parse_protein
from cds_targets.facts.record import Coverage, PatientRecord, Seen, Topic
from cds_targets.library.durations import parse_duration
from cds_targets.library.patient import ExampleLab, ExamplePatient, ExampleTested, ExampleTreatment, ExampleVariant
from cds_targets.terms import Terms

T = TypeVar("T")
EXAMPLE_DAY = date(2026, 6, 15)
_AGO = re.compile(r"(.+) ago")


class ExampleError(ValueError):
    """An example patient that cannot be built; the message says what is wrong."""


def build_record(patient: ExamplePatient, terms: Terms, as_of: date = EXAMPLE_DAY) -> PatientRecord:
    """The record of an example patient; raises ExampleError."""
    return PatientRecord(
        as_of=as_of,
        patient=Demographics(
            birth=When.on(add_months(as_of, -12 * patient.age)) if patient.age is not None else None, sex=patient.sex
        ),
        genomics=Genomics.of(_genomics(patient, terms)),
        tumours=_tumours(patient, terms),
        metastases=tuple(Metastasis(site, _source("Condition", site)) for site in patient.metastases),
        comorbidities=tuple(
            Comorbidity(
                _known(term, terms.conditions.by_id, "condition"),
                _source("Condition", term),
                term,
                active=active,
                certain=certain,
            )
            for named, active, certain in (
                (patient.conditions, True, True),
                (patient.suspected_conditions, True, False),
                (patient.past_conditions, False, True),
            )
            for term in named
        ),
        therapies=tuple(
            exposure for treatment in _items(patient.therapies) for exposure in _exposures(treatment, terms, as_of)
        ),
        labs=tuple(_lab(lab, terms, as_of) for lab in (*_items(patient.labs), *_items(patient.measurements))),
        performance=(
            (Performance("ECOG", patient.ecog, _source("Observation", "ecog"), When.on(as_of)),)
            if patient.ecog is not None
            else ()
        ),
        orders=_orders(patient, terms),
        seen=_seen(patient),
    )


def _items(value: tuple[T, ...] | str) -> tuple[T, ...]:
    return () if isinstance(value, str) else value


def _source(kind: str, name: str, **more: object) -> Source:
    identity = re.sub(r"[^A-Za-z0-9.-]+", "-", name)
    return Source(f"{kind}/{identity}", **more)  # type: ignore[arg-type]


def _known(word: str, words: Container[str], kind: str) -> str:
    if word not in words:
        raise ExampleError(f"{word!r} is no {kind} of the terms")
    return word


def _tumours(patient: ExamplePatient, terms: Terms) -> tuple[Tumour, ...]:
    found = []
    for tumour in _items(patient.tumour):
        term = _known(tumour.is_, terms.tumours.by_id, "tumour") if tumour.is_ is not None else None
        extent = tumour.extent if tumour.extent != "unknown" or patient.extent is None else patient.extent
        source = _source("Condition", term or "cancer")
        found.append(
            Tumour(
                term,
                source,
                extent=Extent(extent),
                stage=tumour.stage,
                active=tumour.active,
                certain=tumour.certain,
                written=term or "",
            )
        )
    return tuple(found)


def _genomics(patient: ExamplePatient, terms: Terms) -> list[GenomicFact]:
    facts: list[GenomicFact] = [_variant(variant, terms) for variant in patient.variants]
    for gene in patient.amplified:
        source = _source("Observation", f"{gene}-amplification")
        facts.append(CopyNumber(_gene(gene, terms), Presence.PRESENT, CopyNumberCall.AMPLIFICATION, source))
    for number in patient.copy_numbers:
        source = _source("Observation", f"{number.gene}-copy-number", status=ReportStatus(number.status))
        facts.append(
            CopyNumber(
                _gene(number.gene, terms),
                Presence(number.presence),
                CopyNumberCall(number.call),
                source,
                number.copies,
                Origin(number.origin),
            )
        )
    for fusion in patient.fusions:
        genes = tuple(_gene(gene, terms) for gene in fusion.split("::"))
        facts.append(Fusion(genes, Presence.PRESENT, _source("Observation", fusion), Origin.SOMATIC))
    for gene in patient.no_fusions:
        facts.append(Fusion((_gene(gene, terms),), Presence.ABSENT, _source("Observation", f"{gene}-no-fusion")))
    for marker in patient.biomarkers:
        presence = Presence(marker.presence) if marker.presence else Presence.UNKNOWN
        source = _source("Observation", marker.marker)
        facts.append(
            Biomarker(marker.marker, presence, source, marker.call, marker.value, marker.comparator, marker.unit)
        )
    facts += [_tested(tested, "tested", terms) for tested in patient.tested]
    facts += [_tested(tested, "wild-type", terms) for tested in patient.wild_type]
    return facts


def _tested(written: ExampleTested, word: str, terms: Terms) -> Tested:
    source = _source(
        "Observation",
        f"{written.gene}-{word}",
        status=ReportStatus(written.status),
        specimen=Specimen(written.specimen),
    )
    gene = _gene(written.gene, terms)
    return Tested(gene, source, found_nothing=word == "wild-type", codons=frozenset(written.codons))


def _gene(symbol: str, terms: Terms) -> str:
    if symbol not in terms.genes.by_symbol:
        raise ExampleError(f"{symbol!r} is no gene of the terms")
    return symbol


def _variant(written: ExampleVariant, terms: Terms) -> Variant:
    source = _source(
        "Observation",
        f"{written.gene}-{written.protein or 'variant'}",
        status=ReportStatus(written.status),
        specimen=Specimen(written.specimen),
    )
    return Variant(
        gene=_gene(written.gene, terms),
        presence=Presence(written.presence),
        source=source,
        protein=parse_protein(written.protein) if written.protein else None,
        origin=Origin(written.origin),
        significance=Significance(written.significance),
        vaf=written.vaf,
        exon=written.exon,
    )


def _exposures(written: ExampleTreatment, terms: Terms, as_of: date) -> list[Exposure]:
    drugs = terms.drugs.in_text(written.drug)
    if not drugs:
        raise ExampleError(f"{written.drug!r} is no drug or regimen of the terms")
    first, last = (_date(text, as_of) for text in (written.first, written.last))
    return [
        Exposure(
            drug,
            (_source("MedicationStatement", drug),),
            written=written.drug,
            first=first,
            last=last or (When.on(as_of) if written.ongoing else None),
            ongoing=written.ongoing,
            on_hold=written.on_hold,
            given=written.given,
            intent=written.intent,
            antineoplastic=terms.drugs.by_name[drug].antineoplastic,
        )
        for drug in drugs
    ]


def _date(text: str | None, as_of: date) -> When | None:
    if text is None or text == "undated":
        return None
    if text == "today":
        return When.on(as_of)
    ago = _AGO.fullmatch(text)
    if ago:
        try:
            return When.on(parse_duration(ago[1]).before(as_of))
        except ValueError as error:
            raise ExampleError(f"{text!r}: {error}") from None
    when = read_when(text)
    if when is None:
        raise ExampleError(f"{text!r} is no date: write '42 days ago', 'today', '2026-03' or 'undated'")
    return when


def _lab(written: ExampleLab, terms: Terms, as_of: date) -> Lab:
    test = terms.labs.tests.get(written.test)
    if test is None:
        raise ExampleError(f"{written.test!r} is no test of the terms")
    return Lab(
        test.id,
        _source("Observation", test.id),
        written.value,
        test.unit,
        written.comparator,
        written.lower,
        written.upper,
        _date(written.when, as_of),
    )


def _orders(patient: ExamplePatient, terms: Terms) -> tuple[Order, ...]:
    orders = []
    selected, others = _items(patient.ordering), _items(patient.drafting)
    for number, name in enumerate([*selected, *others]):
        if name not in terms.drugs.by_name:
            raise ExampleError(f"{name!r} is no drug of the terms")
        reference = f"MedicationRequest/order-{number}"
        order = Order(reference, drug=name, written=name, selected=number < len(selected), source=Source(reference))
        orders.append(order)
    for panel in patient.ordering_tests:
        if panel not in terms.labs.panels:
            raise ExampleError(f"{panel!r} is no panel of the terms")
        reference = f"ServiceRequest/{panel}"
        tests = (panel, *terms.labs.panels[panel].tests)
        orders.append(Order(reference, tests=tests, written=panel, source=Source(reference)))
    return tuple(orders)


def _seen(patient: ExamplePatient) -> dict[Topic, Seen]:
    states: dict[Topic, object] = {
        Topic.PATIENT: patient.patient,
        Topic.GENOMICS: patient.genomics,
        Topic.DIAGNOSES: patient.diagnoses or patient.tumour,
        Topic.THERAPIES: patient.therapies,
        Topic.LABS: patient.labs,
        Topic.MEASUREMENTS: patient.measurements,
        Topic.ORDERS: patient.ordering,
    }
    return {topic: _seen_as(topic, state) for topic, state in states.items()}


def _seen_as(topic: Topic, state: object) -> Seen:
    if state == "not sent":
        return Seen(Coverage.MISSING, (topic.not_sent(),))
    if state == "incomplete":
        return Seen(Coverage.PARTIAL, (f"the {topic.value} could not be read completely",))
    return Seen()
