"""From a hook call's prefetch to a patient record: what was asked for, what came, and what it covers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from cds_targets.errors import FieldIssue, OtherPatients, RequestError
from cds_targets.facts.clinical import Demographics
from cds_targets.facts.genomic import Genomics
from cds_targets.facts.record import Coverage, PatientRecord, Seen, Topic
from cds_targets.fhir import codes
from cds_targets.fhir.genomics import read_genomics
from cds_targets.fhir.laboratory import read_labs
from cds_targets.fhir.medications import Drafts, read_orders, read_requested, read_treatments
from cds_targets.fhir.oncology import read_diagnoses, read_patient
from cds_targets.fhir.performance import read_performance
from cds_targets.fhir.reading import Entry, Resource, Resources, as_dict, as_list, as_number, as_text
from cds_targets.terms import Terms

MAX_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class Template:
    """A prefetch template and the topics its answer covers."""

    query: str
    topics: tuple[Topic, ...]


def _loinc(*each: str) -> str:
    return ",".join(f"{codes.LOINC}|{code}" for code in each)


_GENOMIC_TESTS = ",".join(
    [
        _loinc(codes.VARIANT, codes.GENETICS_MASTER, codes.REGION_STUDIED, *codes.GENE_OF_CODE, *codes.MARKER_OF_CODE),
        f"{codes.SNOMED}|{codes.IMMUNOHISTOCHEMISTRY}",
    ]
)

_MEASUREMENTS = ",".join(
    f"{codes.LOINC if '-' in code else codes.SNOMED}|{code}"
    for code in (*codes.QTC, *sorted(codes.ECOG | codes.KARNOFSKY | codes.STAGE_GROUP | codes.M_CATEGORY))
)

# Genomic and laboratory Observations are asked for broadly and filtered here. What is often kept outside category
# laboratory is asked for by code: ECG, performance status, stage, stains, variants and tests of one gene.
PREFETCH: dict[str, Template] = {
    "patient": Template("Patient/{{context.patientId}}", (Topic.PATIENT,)),
    "observations": Template(
        "Observation?patient={{context.patientId}}&category=laboratory&_count=1000", (Topic.GENOMICS, Topic.LABS)
    ),
    "variants": Template(
        f"Observation?patient={{{{context.patientId}}}}&code={_GENOMIC_TESTS}&_count=1000", (Topic.GENOMICS,)
    ),
    "measurements": Template(
        f"Observation?patient={{{{context.patientId}}}}&code={_MEASUREMENTS}&_count=200", (Topic.MEASUREMENTS,)
    ),
    "conditions": Template("Condition?patient={{context.patientId}}&_count=500", (Topic.DIAGNOSES,)),
    "medicationRequests": Template(
        "MedicationRequest?patient={{context.patientId}}&_include=MedicationRequest:medication&_count=500",
        (Topic.THERAPIES,),
    ),
    "medicationStatements": Template(
        "MedicationStatement?patient={{context.patientId}}&_include=MedicationStatement:medication&_count=500",
        (Topic.THERAPIES,),
    ),
    "medicationAdministrations": Template(
        "MedicationAdministration?patient={{context.patientId}}&_include=MedicationAdministration:medication&_count=500",
        (Topic.THERAPIES,),
    ),
    "reports": Template("DiagnosticReport?patient={{context.patientId}}&_count=200", ()),
    "serviceRequests": Template("ServiceRequest?patient={{context.patientId}}&status=active&_count=200", ()),
}


# The resources that the facts of a topic are read from; any kind of medication speaks for the others.
_KINDS: dict[Topic, frozenset[str]] = {
    Topic.PATIENT: frozenset({"Patient"}),
    Topic.GENOMICS: frozenset({"Observation", "DiagnosticReport"}),
    Topic.LABS: frozenset({"Observation", "DiagnosticReport"}),
    Topic.MEASUREMENTS: frozenset({"Observation", "DiagnosticReport"}),
    Topic.DIAGNOSES: frozenset({"Condition"}),
    Topic.THERAPIES: frozenset(codes.MEDICATION_TYPES),
}


@dataclass(slots=True)
class _Answer:
    """What came back for one prefetch key."""

    coverage: Coverage
    gaps: list[str]

    def lower(self, coverage: Coverage, gap: str) -> None:
        self.gaps.append(gap)
        if self.coverage is not Coverage.MISSING:
            self.coverage = coverage


def read_record(
    patient_id: str,
    prefetch: Mapping[str, Any],
    draft_orders: Any,
    selections: list[str] | None,
    as_of: date,
    zone: tzinfo,
    terms: Terms,
    max_entries: int = MAX_ENTRIES,
    fetched: Collection[str] = (),
) -> PatientRecord:
    """Everything that can be read of the patient, with the coverage of every topic.

    `draft_orders` is None on patient-view; `fetched` are the prefetch keys that were not sent but asked for. Raises
    RequestError only if the call is plainly about another patient, OtherPatients if the answers plainly are.
    """
    resources = Resources()
    answers = {key: _take(key, prefetch, resources, max_entries) for key in PREFETCH}
    for key in prefetch:
        if key not in PREFETCH:
            resources.add(prefetch[key], f"/prefetch/{key}", key=key)
    foreign = _drop_foreign(resources, patient_id, answers, fetched)
    genomics = read_genomics(resources, terms, zone)
    diagnoses = read_diagnoses(resources, terms, zone)
    treatments = read_treatments(resources, terms, zone, as_of)
    seen = _seen(answers)
    for gap in genomics.gaps:
        _lower(seen, Topic.GENOMICS, gap)
    if diagnoses.unread:
        _lower(seen, Topic.DIAGNOSES, f"{diagnoses.unread} diagnoses could not be read")
    if treatments.unread:
        _lower(seen, Topic.THERAPIES, f"{treatments.unread} medication entries name no drug that could be read")
    for vague in dict.fromkeys(treatments.vague):
        _lower(seen, Topic.THERAPIES, f"“{vague[:60]}” in the medication history does not say which drug")
    drafts = read_orders(draft_orders, selections, patient_id, terms, zone)
    seen[Topic.ORDERS] = _seen_of(drafts)
    return PatientRecord(
        as_of=as_of,
        patient=read_patient(resources, patient_id, zone) or Demographics(),
        genomics=Genomics.of(genomics.facts),
        tumours=tuple(diagnoses.tumours),
        metastases=tuple(diagnoses.metastases),
        comorbidities=tuple(diagnoses.comorbidities),
        therapies=tuple(treatments.exposures),
        labs=tuple(read_labs(resources, terms, zone)),
        performance=tuple(read_performance(resources, zone)),
        orders=tuple(drafts.orders),
        requested=tuple(read_requested(resources, terms, zone)),
        seen=seen,
        foreign=foreign,
    )


def name_of(key: str, topic: Topic | None = None) -> str:
    """What a prefetch key brings, in the words of sentences; of its first topic unless told."""
    topics = (topic,) if topic is not None else PREFETCH[key].topics
    return {
        "medicationRequests": "medication requests",
        "medicationStatements": "medication statements",
        "medicationAdministrations": "medication administrations",
        "variants": "genetic variants",
        "serviceRequests": "orders of tests",
    }.get(key) or (topics[0].value if topics else key)


def _not_sent(name: str) -> str:
    return f"no {name} {'were' if name.endswith('s') else 'was'} sent"


def _take(key: str, prefetch: Mapping[str, Any], resources: Resources, max_entries: int) -> _Answer:
    """Read one prefetch value into the resources and say how complete it is."""
    name = name_of(key)
    if key not in prefetch:
        return _Answer(Coverage.MISSING, [_not_sent(name)])
    value = prefetch[key]
    if value is None:
        return _Answer(Coverage.COMPLETE, [])
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        return _Answer(Coverage.MISSING, [f"what was sent as {name} could not be read"])
    if value["resourceType"] == "OperationOutcome":
        return _Answer(Coverage.MISSING, [_OUTCOMES.get(_issue_code(value), _OUTCOMES[""]).format(name)])
    answer = _Answer(Coverage.COMPLETE, [])
    before, bad = len(resources.entries), len(resources.unreadable)
    if len(as_list(value.get("entry"))) > max_entries:
        answer.lower(Coverage.PARTIAL, f"more than {max_entries} {name} entries were sent; the rest was not read")
        value = {**value, "entry": as_list(value.get("entry"))[:max_entries]}
    resources.add(value, f"/prefetch/{key}", key=key)
    for entry in resources.entries[before:]:
        if entry.type == "Bundle":
            _check_bundle(entry.resource, answer, name)
        elif entry.type == "OperationOutcome" and _is_error(entry.resource):
            answer.lower(Coverage.PARTIAL, f"the EHR reported an error for some {name}")
    kinds = {entry.type for entry in resources.entries[before:]} - {"Bundle", "OperationOutcome", "Parameters"}
    if kinds and not any(kinds & _KINDS[topic] for topic in PREFETCH[key].topics):
        answer.lower(Coverage.MISSING, _not_sent(name))
    unreadable = len(resources.unreadable) - bad
    if unreadable:
        answer.lower(Coverage.PARTIAL, f"{unreadable} entries of {name} could not be read")
    return answer


# What an OperationOutcome in the place of an answer says, by its issue's code.
_OUTCOMES = {
    "": "the EHR reported an error instead of {}",
    "forbidden": "the EHR did not allow {} to be read",
    "login": "the EHR did not allow {} to be read",
    "expired": "the EHR's permission to read {} had expired",
    "not-supported": "the EHR refused the search for {}",
    "throttled": "the EHR was asked for too much at once to be asked for {}",
    "no-store": "the EHR failed too often and was not asked for {}",
    "transient": "the EHR failed when asked for {}",
    "exception": "the EHR led elsewhere when asked for {}",
    "security": "the EHR's address is not one that may be asked for {}",
    "timeout": "the EHR did not answer in time when asked for {}",
    "structure": "the EHR's answer to the search for {} could not be read",
    "too-long": "the EHR's answer to the search for {} was too large",
    "incomplete": "the search for {} brought nothing, and such a search has not been seen to work on this server",
}


def _issue_code(outcome: Resource) -> str:
    issues = [as_dict(issue) for issue in as_list(outcome.get("issue"))]
    return as_text(issues[0].get("code")) if issues else ""


def _check_bundle(value: Resource, answer: _Answer, name: str) -> None:
    """What a Bundle says of its own completeness; it may be one of several in a batch's answer."""
    links = [as_dict(link) for link in as_list(value.get("link"))]
    if any(as_text(link.get("relation")) == "next" for link in links):
        answer.lower(Coverage.PARTIAL, f"there are further pages of {name} that were not sent")
    if any("{{" in as_text(link.get("url")) for link in links):
        answer.lower(Coverage.MISSING, f"the search for {name} was sent with an unfilled template")
        answer.coverage = Coverage.MISSING
    entries = as_list(value.get("entry"))
    if as_text(value.get("type")) == "batch-response" and any(map(_is_without_answer, entries)):
        answer.lower(Coverage.PARTIAL, f"the EHR reported an error for some {name}")
    matches = {_identity(e, n) for n, e in enumerate(entries) if _mode(e) in ("", "match")}
    total = as_number(value.get("total"))
    if total is not None and total > len(matches):
        answer.lower(Coverage.PARTIAL, f"only {len(matches)} of {total:g} {name} were sent")


def _mode(entry: Any) -> str:
    return as_text(as_dict(as_dict(entry).get("search")).get("mode"))


def _identity(entry: Any, number: int) -> tuple[str, str]:
    """Pages that overlap bring the same resource twice: it counts once."""
    resource = as_dict(as_dict(entry).get("resource"))
    return as_text(resource.get("resourceType")), as_text(resource.get("id")) or f"#{number}"


def _is_without_answer(entry: Any) -> bool:
    """A part of a batch that failed, or that came without what it was to bring."""
    status = as_text(as_dict(as_dict(entry).get("response")).get("status"))
    return not status.startswith("2") or "resource" not in as_dict(entry)


def _is_error(outcome: Resource) -> bool:
    issues = [as_dict(issue) for issue in as_list(outcome.get("issue"))]
    return any(as_text(issue.get("severity")) in ("error", "fatal") for issue in issues) or not issues


def _drop_foreign(resources: Resources, patient_id: str, answers: dict[str, _Answer], fetched: Collection[str]) -> int:
    """Resources of other patients are dropped and counted.

    Raises RequestError for a call sent with another Patient, OtherPatients where who was asked for was plainly ignored.
    """
    own = {f"Patient/{patient_id}"}
    patients = [entry for entry in resources.of_type("Patient") if "/contained/" not in entry.pointer]
    for entry in patients:
        identity = as_text(entry.resource.get("id"))
        if identity == patient_id or not identity:
            own |= {entry.full_url, entry.reference} - {""}
        elif entry.key == "patient":
            raise RequestError([FieldIssue("/prefetch/patient/id", "is not the patient of context.patientId")])
    kept: list[Entry] = []
    foreign: dict[str, list[Entry]] = {}
    for entry in resources.entries:
        if _is_foreign(entry, own, patient_id, resources):
            foreign.setdefault(entry.key, []).append(entry)
        else:
            kept.append(entry)
    resources.entries[:] = kept
    count = len({entry.reference for entries in foreign.values() for entry in entries})
    ignored = _ignoring(foreign, fetched)
    if ignored:
        raise OtherPatients(ignored, count)
    for key, entries in foreign.items():
        if key in answers:
            noun = "entry of another patient was" if len(entries) == 1 else "entries of other patients were"
            answers[key].lower(Coverage.PARTIAL, f"{len(entries)} {noun} left out of {name_of(key)}")
    return count


def _ignoring(foreign: Mapping[str, list[Entry]], fetched: Collection[str]) -> tuple[str, ...]:
    """The keys under which no search for one patient can have brought what came.

    We know what we asked for ourselves, so one stray entry in one answer is all that is borne there. What the EHR sent
    may have been put together by hand: only entries of several other patients tell that nobody was asked for.
    """
    strays = {key: {entry.reference for entry in entries} for key, entries in foreign.items() if key in fetched}
    asked = list(strays) if len(set().union(*strays.values())) > 1 else []
    sent = [key for key, entries in foreign.items() if len(entries) > 2 and len(set(map(_subject, entries))) > 1]
    return tuple(dict.fromkeys([*asked, *sent]))


def _subject(entry: Entry) -> str:
    return as_text(as_dict(entry.resource.get("subject") or entry.resource.get("patient")).get("reference"))


def _is_foreign(entry: Entry, own: set[str], patient_id: str, resources: Resources) -> bool:
    subject = entry.resource.get("subject") or entry.resource.get("patient")
    target = _subject(entry)
    if not target or target in own:
        return False
    if target.startswith("#"):
        contained = resources.resolve(subject, entry)
        identity = as_text(contained.resource.get("id")) if contained is not None else ""
        return contained is not None and contained.type == "Patient" and identity.lstrip("#") not in (patient_id, "")
    parts = target.split("/_history/")[0].rstrip("/").split("/")
    if len(parts) >= 2 and parts[-2] == "Patient":
        return parts[-1] != patient_id
    if target.startswith("urn:"):
        known = resources.resolve(subject, entry)
        return (
            known is not None and known.type == "Patient" and as_text(known.resource.get("id")) not in ("", patient_id)
        )
    return False


def _seen(answers: dict[str, _Answer]) -> dict[Topic, Seen]:
    """The coverage of each topic from the answers that feed it."""
    found: dict[Topic, Seen] = {}
    for topic in Topic:
        parts = [(key, answers[key]) for key, template in PREFETCH.items() if topic in template.topics]
        if not parts:
            continue
        states = {answer.coverage for _, answer in parts}
        gaps = tuple(dict.fromkeys(gap for key, answer in parts for gap in _gaps_of(topic, key, answer)))
        if states == {Coverage.MISSING}:
            told = [gap for gap in gaps if not gap.startswith("no ")]
            found[topic] = Seen(Coverage.MISSING, tuple(dict.fromkeys([topic.not_sent(), *told])))
        else:
            found[topic] = Seen(states.pop() if len(states) == 1 else Coverage.PARTIAL, gaps)
    return found


def _seen_of(drafts: Drafts) -> Seen:
    """Without a single draft for the patient the orders were not sent, whatever else stands in their place."""
    if not drafts.told:
        return Seen(Coverage.MISSING, (Topic.ORDERS.not_sent(),))
    if not drafts.unread:
        return Seen(Coverage.COMPLETE)
    what = "1 draft order names" if drafts.unread == 1 else f"{drafts.unread} draft orders name"
    return Seen(Coverage.PARTIAL, (f"{what} no drug or test that could be read",))


def _gaps_of(topic: Topic, key: str, answer: _Answer) -> list[str]:
    """One search may cover two topics: each is told of its own."""
    return [gap.replace(name_of(key), name_of(key, topic)) for gap in answer.gaps]


def _lower(seen: dict[Topic, Seen], topic: Topic, gap: str) -> None:
    seen[topic] = seen[topic].joined(Seen(Coverage.PARTIAL, (gap,)))


def missing_keys(record: PatientRecord, hook: str) -> tuple[str, ...]:
    """The prefetch keys without which nothing can be said: the 412 case; empty if enough was sent."""
    if hook == "patient-view":
        topics = (Topic.GENOMICS, Topic.DIAGNOSES, Topic.THERAPIES)
        if all(record.of(topic).coverage is Coverage.MISSING for topic in topics):
            return tuple(key for key, template in PREFETCH.items() if set(template.topics) & set(topics))
    return ()
