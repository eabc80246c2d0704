"""The one-pass reader of plain variants never says anything else than the full reader."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.facts.genomic import Source
from cds_targets.fhir.genomics.context import Context
from cds_targets.fhir.genomics.plain import plain_variant
from cds_targets.fhir.genomics.read import VariantReader
from cds_targets.fhir.reading import Resources
from tests.fhir.forms import Rendered, variants
from tests.fhir.observations import (
    ABSENT,
    ALTERNATIVE,
    CODING,
    CONSEQUENCE,
    FRACTION,
    GENOMIC,
    NAME,
    ORIGIN,
    PROTEIN,
    REFERENCE,
    TRANSCRIPT,
    TYPE,
    coded,
    component,
    gene,
    observation,
    terms,
)

HERE = Source("Observation/v1")
KRAS = gene("KRAS", "HGNC:6407")
PANEL = (
    KRAS,
    component(PROTEIN, coded("NP_004976.2:p.Gly12Cys")),
    component(CODING, coded("NM_004985.5:c.34G>T", "NM_004985.5:c.34G>T")),
    component(GENOMIC, coded("NC_000012.12:g.25245351C>A")),
    component(TRANSCRIPT, coded("NM_004985.5")),
    component(ORIGIN, coded("LA6684-0", "Somatic")),
    component(FRACTION, {"value": 0.31, "code": "1"}, "valueQuantity"),
    component(TYPE, coded("SO:1000008", "point_mutation")),
    component(CONSEQUENCE, coded("SO:0001583", "missense_variant")),
    component("53037-8", coded("LA6668-3", "Pathogenic")),
    component(REFERENCE, "C", "valueString"),
    component(ALTERNATIVE, "A", "valueString"),
)
# What may be added to, or put into the place of, a component of a plain variant.
STRANGE = (
    component(TYPE, coded("LA9658-1", "Wild type")),
    component(TYPE, coded("SO:0001742", "copy_number_gain")),
    component(CONSEQUENCE, coded("SO:0001886", "transcript_fusion")),
    component(PROTEIN, coded("p.?")),
    component(PROTEIN, coded("p.=")),
    component(PROTEIN, coded("p.G12D", "p.G12V")),
    component(PROTEIN, coded(" p.G12D ")),
    component(PROTEIN, "p.G12C", "valueString"),
    component(CODING, coded("c.999G>T")),
    component(CODING, coded("c.34_36del")),
    component(CODING, coded("NC_000012.12:25245350:C:A")),
    component(GENOMIC, coded("NM_004985.5:c.34G>T")),
    component(GENOMIC, coded(" NC_000012.12:g.25245351C>A")),
    component(FRACTION, {"value": 31, "unit": "%"}, "valueQuantity"),
    component(FRACTION, {"value": 0.5, "code": "%"}, "valueQuantity"),
    component(FRACTION, {"value": True, "code": "1"}, "valueQuantity"),
    component(FRACTION, coded("0.32")),
    component(ORIGIN, coded(text="somatic")),
    component(REFERENCE, "A", "valueString"),
    component("82155-3", 12),
    component("81302-2", {"low": {"value": 1}, "high": {"value": 9}}, "valueRange"),
    component("21702-6", coded(text="Not detected")),
    component(NAME, coded(text="KRAS amplification")),
    component("95123-6", coded("EML4::ALK")),
    gene("TP53", "HGNC:11998"),
    gene("NRAS", "HGNC:6407"),
    {"code": {"text": "Gene"}, "valueString": "TP53"},
    {"code": coded(PROTEIN)},
    {},
)
BESIDE: tuple[dict[str, Any], ...] = (
    {},
    {"interpretation": [coded("NEG")]},
    {"interpretation": [coded("12645001", "Gene amplification")]},
    {"valueString": "Not detected"},
    {"dataAbsentReason": coded("unknown")},
    {"valueCodeableConcept": coded("LA9633-4", text="Not detected")},
    {"valueCodeableConcept": {"coding": [{"code": ["LA9633-4"]}]}},
    {"note": [{"text": "TP53"}]},
)


def both(resource: dict[str, Any]) -> tuple[Any, list[Any]]:
    """What the one-pass reader says, and what the full reader says."""
    full = VariantReader(terms(), Context(Resources(), UTC)).any_variant(resource, HERE)
    return plain_variant(resource, HERE, terms().genes), full


def test_a_variant_as_panels_write_it_is_plain() -> None:
    plain, full = both(observation(*PANEL))
    assert [plain] == full
    plain, full = both(observation(*PANEL, value=ABSENT))
    assert [plain] == full


@pytest.mark.parametrize("strange", STRANGE, ids=str)
@pytest.mark.parametrize("instead", [False, True])
def test_a_strange_component_changes_nothing_between_the_readers(strange: dict[str, Any], instead: bool) -> None:
    code = str(strange.get("code"))
    kept = [part for part in PANEL if not instead or str(part["code"]["coding"][0]["code"]) not in code]
    plain, full = both(observation(*kept, strange))
    assert plain is None or [plain] == full


@given(st.permutations(PANEL), st.integers(0, len(PANEL)), st.lists(st.sampled_from(STRANGE), max_size=2), st.data())
def test_parts_of_a_panel_in_any_order_are_read_alike(
    parts: list[dict[str, Any]], left: int, strange: list[dict[str, Any]], data: st.DataObject
) -> None:
    resource = observation(*data.draw(st.permutations([*parts[:left], *strange])))
    plain, full = both({**resource, **data.draw(st.sampled_from(BESIDE))})
    assert plain is None or [plain] == full


@given(variants())
def test_every_rendered_form_is_read_alike(rendered: Rendered) -> None:
    plain, full = both(rendered.resource)
    assert plain is None or [plain] == full
