"""A finding rendered in any supported form and read back: gene, change, presence, origin and fraction stay the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cds_targets.facts.genomic import Variant
from tests.fhir.forms import Rendered, concepts, genes, places, variants
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
