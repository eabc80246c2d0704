"""Every published file: no exception, no entry lost, every genomic Observation answered for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest

from cds_targets.cli.read import read_file
from cds_targets.facts.genomic import Source
from cds_targets.facts.protein import ProteinChangeError, parse_protein
from cds_targets.fhir.genomics.context import Context
from cds_targets.fhir.genomics.plain import plain_variant
from cds_targets.fhir.genomics.read import VariantReader
from cds_targets.fhir.reading import Resources
from tests.corpus.place import CORPUS, files
from tests.fhir.observations import terms

pytestmark = pytest.mark.skipif(CORPUS is None, reason="../shared/corpus is not there")
ANSWERED_FOR = {"69548-6", "55233-1", "53041-0", "84413-4", "84414-2", "94076-7", "81695-9", "51968-6"}


def observations(value: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every Observation of a file with its pointer, found without the program's help."""
    if isinstance(value, dict):
        if value.get("resourceType") == "Observation":
            yield pointer, value
        for key, inner in value.items():
            yield from observations(inner, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from observations(inner, f"{pointer}/{index}")


@pytest.mark.parametrize("folder", ["labelled", "unlabelled"])
def test_every_genomic_observation_of_every_file_is_answered_for(folder: str) -> None:
    lost = []
    for path in files(folder):
        done = read_file(path, terms(), UTC)
        assert not any("malformed" in sentence for sentence in done.unreadable), path.name
        answered = {line["pointer"] for line in done.findings}
        for pointer, resource in observations(json.loads(path.read_bytes())):
            code = resource.get("code")
            given = code.get("coding", ()) if isinstance(code, dict) else ()
            if {coding.get("code") for coding in given} & ANSWERED_FOR and pointer not in answered:
                lost.append((path.name, pointer))
    assert not lost


def test_only_one_entry_of_all_is_no_resource_and_it_is_named() -> None:
    named = {
        path.name: sentences
        for folder in ("labelled", "unlabelled")
        for path in files(folder)
        if (sentences := read_file(path, terms(), UTC).unreadable)
    }
    assert named == {"ctm-service__patient_data_empty-cgv.json": ["/entry/0/resource is no FHIR resource"]}


def test_every_protein_change_of_public_tables_is_read_or_refused_with_a_reason() -> None:
    assert CORPUS is not None
    table = (CORPUS / "protein_changes.tsv").read_text(encoding="utf-8").splitlines()[1:]
    refused = {}
    for row in table:
        written = row.split("\t")[1]
        try:
            assert parse_protein(written).text, written
        except ProteinChangeError as error:
            refused[written] = str(error)
    assert len(table) > 35_000
    assert len(refused) < 20, refused
    assert all(refused.values())


def test_plain_variants_of_every_file_are_read_as_the_full_reader_reads_them() -> None:
    place = Source("Observation/v1")
    full = VariantReader(terms(), Context(Resources(), UTC))
    plain = 0
    for folder in ("labelled", "unlabelled"):
        for path in files(folder):
            for _, resource in observations(json.loads(path.read_bytes())):
                found = plain_variant(resource, place, terms().genes)
                assert found is None or [found] == full.any_variant(resource, place), path.name
                plain += found is not None
    assert plain
