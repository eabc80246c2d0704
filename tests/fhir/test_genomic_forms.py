"""A finding rendered in any supported form and read back: gene, change, presence, origin and fraction stay the same.

Small variants by protein change, by coding change, and by every place of every hotspot codon; copy number; fusions.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cds_targets.facts.genomic import CopyNumber, Fusion, Variant
from tests.fhir.forms import (
    Allele,
    Rendered,
    alleles,
    concepts,
    copy_numbers,
    fusions,
    genes,
    places,
    variants,
)
from tests.fhir.observations import CODING, coded, observation, read


@given(variants(), st.data())
def test_what_was_rendered_is_read_back(rendered: Rendered, data: st.DataObject) -> None:
    (fact,) = read(data.draw(places(rendered.resource)))
    assert isinstance(fact, Variant)
    assert fact.protein is not None
    assert (fact.gene, fact.protein.text) == (rendered.gene, rendered.protein)
    assert (fact.presence.value, fact.origin.value) == (rendered.presence, rendered.origin)
    assert fact.vaf == rendered.vaf or abs((fact.vaf or 0) - (rendered.vaf or 0)) < 1e-9


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


@given(alleles(), st.data())
def test_an_allele_of_a_hotspot_is_read_by_its_coding_change_and_by_its_place(
    allele: Allele, data: st.DataObject
) -> None:
    (fact,) = read(data.draw(places(allele.resource)))
    assert isinstance(fact, Variant)
    assert (fact.gene, fact.protein and fact.protein.text) == (allele.gene, allele.protein)
    assert fact.presence.value == "present"


@given(copy_numbers(), st.data())
def test_a_copy_number_is_read_back(rendered: tuple[str, str, str, dict[str, object]], data: st.DataObject) -> None:
    symbol, call, presence, resource = rendered
    (fact,) = read(data.draw(places(resource)))
    assert isinstance(fact, CopyNumber)
    assert (fact.gene, fact.call.value, fact.presence.value) == (symbol, call, presence)


@given(fusions(), st.data())
def test_a_fusion_is_read_back(rendered: tuple[tuple[str, str], str, dict[str, object]], data: st.DataObject) -> None:
    partners, presence, resource = rendered
    (fact,) = read(data.draw(places(resource)))
    assert isinstance(fact, Fusion)
    assert (fact.genes, fact.presence.value) == (partners, presence)
