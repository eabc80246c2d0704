"""A finding rendered in any supported form and read back: gene, change, presence, origin and fraction stay the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cds_targets.facts.genomic import Variant
from tests.fhir.observations import CODING, FRACTION, GENE, ORIGIN, PROTEIN, coded, component, observation, read, terms

THREE = {
    "A": "Ala", "R": "Arg", "N": "Asn", "D": "Asp", "C": "Cys", "Q": "Gln", "E": "Glu", "G": "Gly", "H": "His",
    "I": "Ile", "L": "Leu", "K": "Lys", "M": "Met", "F": "Phe", "P": "Pro", "S": "Ser", "T": "Thr", "W": "Trp",
    "Y": "Tyr", "V": "Val",
}  # fmt: skip
HGNC_URIS = (
    "http://www.genenames.org/geneId", "http://www.genenames.org", "https://www.genenames.org/",
    "https://www.genenames.org", "http://www.genenames.org/", "https://www.genenames.org/geneId",
)  # fmt: skip
PRESENT = (
    {"valueCodeableConcept": coded("LA9633-4", "present", "http://loinc.org")},
    {"valueCodeableConcept": coded("52101004", "Present (qualifier value)", "http://snomed.info/sct")},
    {"valueCodeableConcept": coded(text="Present")},
    {"valueString": "Detected"},
    {"valueBoolean": True},
    {"interpretation": [coded("POS")]},
    {"interpretation": coded("10828004", "Positive")},
    {},
)
ABSENT = (
    {"valueCodeableConcept": coded("LA9634-2", "Absent", "http://loinc.org")},
    {"valueCodeableConcept": coded("2667000", "Absent (qualifier value)", "http://snomed.info/sct")},
    {"valueCodeableConcept": coded(text="Not detected")},
    {"valueString": "not found"},
    {"valueBoolean": False},
    {"interpretation": [coded("NEG")]},
)
ORIGINS: dict[str, tuple[dict[str, Any], ...]] = {
    "somatic": (coded("LA6684-0", "Somatic"), coded(text="somatic"), coded("", "Somatic")),
    "germline": (coded("LA6683-2", "Germline"), coded(text="Germline"), coded("", "germline")),
    "unknown": (),
}
residues = st.sampled_from(sorted(THREE))


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, str]:
    """A protein change in its short form, and one of the ways to write it."""
    first, last = draw(residues), draw(residues)
    position = draw(st.integers(2, 3000))
    end = position + draw(st.integers(1, 20))
    stop = draw(st.sampled_from(["Ter", "*"]))
    short, long = draw(
        st.sampled_from(
            [
                (f"{first}{position}{last}", f"{THREE[first]}{position}{THREE[last]}"),
                (f"{first}{position}*", f"{THREE[first]}{position}{stop}"),
                (f"{first}{position}del", f"{THREE[first]}{position}del"),
                (f"{first}{position}_{last}{end}del", f"{THREE[first]}{position}_{THREE[last]}{end}del"),
                (f"{first}{position}_{last}{end}dup", f"{THREE[first]}{position}_{THREE[last]}{end}dup"),
                (f"{first}{position}{last}fs*{end}", f"{THREE[first]}{position}{THREE[last]}fs{stop}{end}"),
                (f"{first}{position}fs", f"{THREE[first]}{position}fs"),
            ]
        ).filter(lambda pair: not pair[0].startswith(f"{first}{position}{first}"))
    )
    form = draw(st.sampled_from(["p.{long}", "p.({long})", "NP_000001.2:p.{long}", "p.{short}", "{short}"]))
    return short, form.format(short=short, long=long)


@st.composite
def concepts(draw: st.DrawFn, written: str, system: str = "") -> dict[str, Any]:
    """A value[x] that says `written` as code, display, text or plain string."""
    return draw(
        st.sampled_from(
            [
                {"valueCodeableConcept": coded(written, system=system)},
                {"valueCodeableConcept": coded(written, written, system)},
                {"valueCodeableConcept": coded("", written, system)},
                {"valueCodeableConcept": coded(text=written)},
                {"valueString": written},
            ]
        )
    )


@st.composite
def genes(draw: st.DrawFn, symbol: str) -> dict[str, Any]:
    """A gene component by id, symbol, or both, in one of the spellings of its code system."""
    known = terms().genes.by_symbol[symbol]
    identity = (known.hgnc or "").removeprefix("HGNC:")
    uri = draw(st.sampled_from(HGNC_URIS))
    value = draw(
        st.sampled_from(
            [
                coded(f"HGNC:{identity}", symbol, uri),
                coded(f"HGNC:{identity}", system=uri),
                coded(identity, symbol, uri),
                coded(identity, system=uri),
                coded(symbol, f"HGNC:{identity}", uri),
                coded("", symbol, uri),
                coded(symbol, symbol),
                coded(text=symbol),
            ]
        )
    )
    return component(GENE, value)


def fractions(vaf: float) -> st.SearchStrategy[dict[str, Any]]:
    """A fraction as such or as a percentage of at least one."""
    percent = round(vaf * 100, 6)
    forms = [{"value": vaf, "code": "1", "system": "http://unitsofmeasure.org"}, {"value": vaf}]
    if percent >= 1:
        forms += [{"value": percent, "unit": "%"}, {"value": percent, "unit": "percent"}]
    return st.sampled_from(forms)


def places(resource: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The resource as it is, in a Bundle, contained in a report, or among the answers of an operation."""
    return st.sampled_from(
        [
            resource,
            {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:v", "resource": resource}]},
            {"resourceType": "DiagnosticReport", "status": "final", "contained": [{**resource, "id": "v"}]},
            {"resourceType": "Parameters", "parameter": [{"name": "variant", "resource": resource}]},
        ]
    )


@given(st.data(), st.sampled_from(["KRAS", "NRAS", "TP53", "STK11", "KEAP1", "BRAF", "EGFR", "MET", "ERBB2"]))
def test_what_was_rendered_is_read_back(data: st.DataObject, symbol: str) -> None:
    short, written = data.draw(changes())
    absent = data.draw(st.booleans())
    origin = data.draw(st.sampled_from(sorted(ORIGINS)))
    vaf = data.draw(st.none() | st.integers(1, 1000).map(lambda n: n / 1000))
    parts = [data.draw(genes(symbol)), {"code": coded(PROTEIN), **data.draw(concepts(written))}]
    if ORIGINS[origin]:
        parts.append(component(ORIGIN, data.draw(st.sampled_from(ORIGINS[origin]))))
    if vaf is not None:
        parts.append(component(FRACTION, data.draw(fractions(vaf)), "valueQuantity"))
    said = data.draw(st.sampled_from(ABSENT if absent else PRESENT))
    resource = observation(*data.draw(st.permutations(parts)), value=None, **said)
    (fact,) = read(data.draw(places(resource)))
    assert isinstance(fact, Variant)
    assert fact.protein is not None
    assert (fact.gene, fact.protein.text) == (symbol, short)
    assert (fact.presence.value, fact.origin.value) == ("absent" if absent else "present", origin)
    assert fact.vaf is None if vaf is None else abs((fact.vaf or 0) - vaf) < 1e-9


@given(
    st.sampled_from(["KRAS", "TP53", "STK11"]),
    st.integers(1, 3000),
    st.sampled_from(["A>G", "C>T", "del", "dup", "delinsTT", "+1G>A", "-2A>G", "_{end}del", "_{end}insACG"]),
    st.sampled_from(["c.{}", "NM_000001.3:c.{}", "c.({})", "NM_000001.3(X1):c.{}"]),
    st.data(),
)
def test_a_coding_change_is_read_back(symbol: str, first: int, what: str, form: str, data: st.DataObject) -> None:
    bare = f"{first}{what.format(end=first + 1)}"
    part = {"code": coded(CODING), **data.draw(concepts(form.format(bare)))}
    (fact,) = read(observation(data.draw(genes(symbol)), part))
    assert isinstance(fact, Variant)
    assert (fact.gene, fact.cdna) == (symbol, f"c.{bare}")
