"""Variants written in every supported form, as strategies: what is to be read, and one way to say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.fhir.observations import FRACTION, GENE, ORIGIN, PROTEIN, coded, component, observation, terms

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


SYMBOLS = ("KRAS", "NRAS", "TP53", "STK11", "KEAP1", "BRAF", "EGFR", "MET", "ERBB2")


@dataclass(frozen=True)
class Rendered:
    """A variant and the Observation that says it."""

    gene: str
    protein: str
    presence: str
    origin: str
    vaf: float | None
    resource: dict[str, Any]


@st.composite
def variants(draw: st.DrawFn) -> Rendered:
    """A variant with gene, protein change, presence, and perhaps origin and allele fraction, in any form."""
    symbol = draw(st.sampled_from(SYMBOLS))
    short, written = draw(changes())
    absent = draw(st.booleans())
    origin = draw(st.sampled_from(sorted(ORIGINS)))
    vaf = draw(st.none() | st.integers(1, 1000).map(lambda n: n / 1000))
    parts = [draw(genes(symbol)), {"code": coded(PROTEIN), **draw(concepts(written))}]
    if ORIGINS[origin]:
        parts.append(component(ORIGIN, draw(st.sampled_from(ORIGINS[origin]))))
    if vaf is not None:
        parts.append(component(FRACTION, draw(fractions(vaf)), "valueQuantity"))
    said = draw(st.sampled_from(ABSENT if absent else PRESENT))
    resource = observation(*draw(st.permutations(parts)), value=None, **said)
    return Rendered(symbol, short, "absent" if absent else "present", origin, vaf, resource)


@dataclass(frozen=True)
class Allele:
    """A single base exchanged in a hotspot codon, and an Observation that says it in one of its ways."""

    gene: str
    protein: str
    resource: dict[str, Any]


PLACED = sorted(
    (gene, int(number), *written.split())
    for gene, hotspot in terms().hotspots.by_gene.items()
    for number, written in hotspot.codons.items()
    if " " in written
)
CHROMOSOMES = {where: accession for accession, where in terms().hotspots._sequences.items()}
TABLE = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"


def amino_acid(codon: str) -> str:
    """By the standard genetic code."""
    first, second, third = ("TCAG".index(base) for base in codon)
    return TABLE[16 * first + 4 * second + third]


@st.composite
def alleles(draw: st.DrawFn) -> Allele:
    """A change of one placed base, by coding change, `g.`, SPDI, or coordinates counted from 0 or 1."""
    gene, number, codon, *starts = draw(st.sampled_from(PLACED))
    offset = draw(st.sampled_from([i for i, base in enumerate(codon) if base.isupper()]))
    before = codon[offset]
    after = draw(st.sampled_from(sorted(set("ACGT") - {before})))
    new, old = amino_acid((codon[:offset] + after + codon[offset + 1 :]).upper()), amino_acid(codon.upper())
    protein = f"{old}{number}{'=' if new == old else new}"
    hotspot = terms().hotspots.by_gene[gene]
    assembly = draw(st.integers(0, 1))
    forward = hotspot.strand == "+"
    position = int(starts[assembly]) + (offset if forward else -offset)
    accession = CHROMOSOMES[f"{('GRCh37', 'GRCh38')[assembly]} {hotspot.chromosome}"]
    reference, alternative = ((b if forward else "TGCA"["ACGT".index(b)]) for b in (before, after))
    zero = draw(st.booleans())
    coding = f"c.{3 * (number - 1) + 1 + offset}{before}>{after}"
    named = any((gene, place) for place in hotspot.positions if f" {hotspot.chromosome}:{position} " in place)
    forms: list[list[dict[str, Any]]] = [
        [component("48004-6", coded(f"{hotspot.transcripts[0]}.1:{coding}"))],
        [draw(genes(gene)), component("48004-6", coded(coding))],
    ]
    if not named:  # what is named by its position may be known by the name of another isoform
        forms += [
            [component("81290-9", coded(f"{accession}:g.{position}{reference}>{alternative}"))],
            [component("81252-9", coded(f"{accession}:{position - 1}:{reference}:{alternative}"))],
            [
                component("48013-7", coded(accession)),
                component("81254-5", {"low": {"value": position - zero}}, "valueRange"),
                component("92822-6", coded("LA30100-4" if zero else "LA30102-0")),
                component("69547-8", reference, "valueString"),
                component("69551-0", alternative, "valueString"),
            ],
        ]
    return Allele(gene, protein, observation(*draw(st.sampled_from(forms))))


CALLS = {
    "amplification": ("amplification", "Amplifikation", "high-level gain", "gene amplification"),
    "gain": ("low-level gain",),
    "loss": ("copy number loss", "heterozygous deletion", "single copy loss"),
    "deletion": ("homozygous deletion", "deep deletion", "biallelic loss"),
}


@st.composite
def copy_numbers(draw: st.DrawFn) -> tuple[str, str, str, dict[str, Any]]:
    """A copy-number call in words, in the slots where it stands."""
    symbol = draw(st.sampled_from(SYMBOLS))
    call = draw(st.sampled_from(sorted(CALLS)))
    words = draw(st.sampled_from(CALLS[call]))
    absent = draw(st.booleans())
    slot = draw(st.sampled_from(["48019-4", "81252-9", "type"]))
    parts = draw(st.permutations([draw(genes(symbol)), {"code": coded(slot), **draw(concepts(words))}]))
    said = draw(st.sampled_from(ABSENT if absent else PRESENT))
    return symbol, call, "absent" if absent else "present", observation(*parts, value=None, **said)


@st.composite
def fusions(draw: st.DrawFn) -> tuple[tuple[str, str], str, dict[str, Any]]:
    """A fusion of two genes, in each of the ways to join them."""
    first, second = draw(st.sampled_from([("EML4", "ALK"), ("CD74", "ROS1"), ("KIF5B", "RET"), ("ETV6", "NTRK3")]))
    sign = draw(st.sampled_from(["::", "-", "–", "--"]))
    absent = draw(st.booleans())
    pair = f"{first}{sign}{second}"
    parts = draw(
        st.sampled_from(
            [
                [{"code": coded("95123-6"), **draw(concepts(pair))}],
                [{"code": coded("81252-9"), **draw(concepts(f"{pair} fusion"))}],
                [{"code": coded("81252-9"), **draw(concepts(pair))}],
                [component(GENE, coded(text=pair))],
                [draw(genes(first)), draw(genes(second)), component("48019-4", coded(text="gene fusion"))],
                [component("five-prime-gene", coded("", first)), component("three-prime-gene", coded("", second))],
            ]
        )
    )
    said = draw(st.sampled_from(ABSENT if absent else PRESENT))
    return (first, second), "absent" if absent else "present", observation(*parts, value=None, **said)
