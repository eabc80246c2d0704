"""`cds-targets read`: one line per finding, and nothing that was there goes unnamed."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.cli.read import read, read_value
from tests.fhir.observations import (
    ABSENT,
    FRACTION,
    ORIGIN,
    PROTEIN,
    coded,
    component,
    gene,
    observation,
    terms,
)

ANNA = observation(
    gene("KRAS", "HGNC:6407"),
    component(PROTEIN, "NP_004976.2:p.(Gly12Cys)"),
    component("48004-6", "NM_004985.5:c.34G>T"),
    component(ORIGIN, coded("LA6684-0")),
    component(FRACTION, 0.31),
    effectiveDateTime="2026-02-03",
)


def run(tmp_path: Path, *contents: Any, flags: tuple[str, ...] = ("--json",)) -> Result:
    """The command over files of these contents (bytes as they are, anything else as JSON)."""
    paths = []
    for index, content in enumerate(contents):
        path = tmp_path / f"{index}.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        paths.append(str(path))
    return CliRunner().invoke(read, [*flags, *paths])


def test_a_variant_is_one_json_line_with_the_published_fields(tmp_path: Path) -> None:
    done = run(tmp_path, ANNA)
    assert done.exit_code == 0
    line = json.loads(done.stdout)
    assert line == {
        "file": str(tmp_path / "0.json"),
        "source": "Observation/v1",
        "pointer": "",
        "gene": "KRAS",
        "protein": "G12C",
        "cdna": "c.34G>T",
        "kind": "snv",
        "presence": "present",
        "origin": "somatic",
        "vaf": 0.31,
        "copy_number": None,
        "value": None,
        "status": "final",
        "date": "2026-02-03",
        "specimen": "unknown",
        "written": "NP_004976.2:p.(Gly12Cys)",
        "notes": [],
    }


def test_a_bundle_names_each_resource_by_its_pointer(tmp_path: Path) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": ANNA}, {"resource": {**ANNA, "id": ""}}]}
    lines = [json.loads(line) for line in run(tmp_path, bundle).stdout.splitlines()]
    assert [(line["source"], line["pointer"]) for line in lines] == [
        ("Observation/v1", "/entry/0/resource"),
        ("/entry/1/resource", "/entry/1/resource"),
    ]


def test_an_explicit_negative_has_its_own_kind(tmp_path: Path) -> None:
    line = json.loads(run(tmp_path, observation(gene("KRAS"), value=ABSENT)).stdout)
    assert (line["kind"], line["presence"]) == ("wildtype/absent", "absent")


def test_what_is_not_understood_is_a_line_with_its_reason(tmp_path: Path) -> None:
    odd = observation(gene("CYP2D6"), code=coded("84413-4"), value=coded("", "*1/*4"))
    line = json.loads(run(tmp_path, odd).stdout)
    assert (line["kind"], line["presence"], line["gene"]) == ("other", "unknown", "CYP2D6")
    assert line["notes"]


def test_entries_that_are_no_resource_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    done = run(tmp_path, {"resourceType": "Bundle", "entry": [{"resource": 7}, {"resource": ANNA}]})
    assert done.exit_code == 1
    assert json.loads(done.stdout)["gene"] == "KRAS"
    assert "/entry/0/resource is no FHIR resource" in done.stderr


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,"a":2}', b"[1", b"\xff", b'"text"', b"[]", b"null", b"7"])
def test_a_file_that_is_no_fhir_is_said_to_be_so(tmp_path: Path, body: bytes) -> None:
    done = run(tmp_path, body)
    assert done.exit_code == 1
    assert "0.json" in done.stderr
    assert done.stdout == ""


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    done = CliRunner().invoke(read, [str(tmp_path / "none.json")])
    assert done.exit_code == 2
    assert "cannot be read" in done.stderr


def test_without_json_the_findings_are_a_table(tmp_path: Path) -> None:
    done = run(tmp_path, ANNA, {"resourceType": "Patient"}, flags=())
    assert done.exit_code == 0
    assert "KRAS" in done.stdout
    assert "no genomic finding" in done.stdout


def test_the_table_obeys_no_control_characters(tmp_path: Path) -> None:
    done = run(tmp_path, observation(gene("KRAS"), component(PROTEIN, coded(text="\x1b[31mred"))), flags=())
    assert "\x1b" not in done.stdout


def test_resources_of_an_operations_answer_are_read(tmp_path: Path) -> None:
    answer = {"resourceType": "Parameters", "parameter": [{"name": "v", "part": [{"resource": ANNA}]}]}
    assert json.loads(run(tmp_path, answer).stdout)["pointer"] == "/parameter/0/part/0/resource"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from([
    "code", "coding", "component", "valueCodeableConcept", "valueString", "valueQuantity", "value", "system",
    "display", "text", "interpretation", "status", "extension", "url", "specimen", "derivedFrom", "note",
    "meta",
])  # fmt: skip
WORDS = st.sampled_from([
    "69548-6", "48018-6", "48005-3", "48004-6", "82155-3", "81258-6", "53041-0", "94076-7", "KRAS", "LA9633-4",
    "p.G12C", "c.34G>T", "final", "observation-geneticsGene", "five-prime-gene", "81252-9", "51958-7",
    "HGNC:6407",
])  # fmt: skip
SHAPED = st.recursive(
    WORDS | JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(KEYS, SHAPED, max_size=8))
def test_no_observation_however_misshapen_breaks_the_reader(resource: dict[str, Any]) -> None:
    for shape in (resource, {**resource, "code": {"coding": [{"code": "69548-6"}]}}):
        done = read_value({"resourceType": "Observation", **shape}, "x", terms(), UTC)
        for line in done.findings:
            json.dumps(line)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["DiagnosticReport", "Specimen", "Observation", "Bundle"]),
            st.dictionaries(
                st.sampled_from(
                    [
                        "id",
                        "result",
                        "status",
                        "contained",
                        "specimen",
                        "hasMember",
                        "derivedFrom",
                        "meta",
                        "type",
                        "code",
                    ]
                ),
                SHAPED | st.just([{"reference": "Observation/v1"}]) | st.just("v1"),
                max_size=6,
            ),
        ),
        max_size=4,
    )
)
def test_no_report_however_misshapen_breaks_the_reader(shapes: list[tuple[str, dict[str, Any]]]) -> None:
    others = [{"resource": {"resourceType": kind, **shape}} for kind, shape in shapes]
    bundle = {"resourceType": "Bundle", "entry": [*others, {"resource": ANNA}]}
    lines = read_value(bundle, "x", terms(), UTC).findings
    assert any(line["gene"] == "KRAS" or "entered in error" in str(line["notes"]) for line in lines)


@given(JSON)
def test_no_json_breaks_the_reader(value: Any) -> None:
    done = read_value(value, "x", terms(), UTC)
    assert done.findings or done.unreadable or isinstance(value, dict)


def test_a_number_of_repeats_is_neither_a_single_base_change_nor_an_indel(tmp_path: Path) -> None:
    expansion = observation(gene("FMR1", "HGNC:3775"), component("48004-6", "NM_002024.6:c.-128_-69GGC[10]"))
    assert json.loads(run(tmp_path, expansion).stdout)["kind"] == "other"
