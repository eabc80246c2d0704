"""`cds-targets read`: what the readers make of FHIR files, one line per genomic finding."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from cds_targets.errors import RequestError
from cds_targets.facts.coding_change import CodingKind, find_coding
from cds_targets.facts.genomic import (
    Biomarker,
    CopyNumber,
    CopyNumberCall,
    Fusion,
    GenomicFact,
    Presence,
    Tested,
    Uninterpreted,
    Variant,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from cds_targets.terms import Terms

MAX_BYTES = 200_000_000
_KIND_OF_MARKER = {"MSI": "msi", "TMB": "tmb", "HRD": "other", "BRCAness": "other"}
_KIND_OF_CALL = {
    CopyNumberCall.AMPLIFICATION: "cnv-amplification",
    CopyNumberCall.LOSS: "cnv-deletion",
    CopyNumberCall.DELETION: "cnv-deletion",
}
_COLUMNS = ("source", "gene", "finding", "kind", "presence", "origin", "VAF", "value", "notes")


@dataclass(frozen=True, slots=True)
class FileRead:
    """What one file gave: a line per finding, and a sentence for everything that could not be read."""

    findings: list[dict[str, Any]] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON line per finding instead of a table.")
def read(files: tuple[Path, ...], as_json: bool) -> None:
    """Read the tumour genomics of FHIR files (resources or Bundles in JSON).

    \b
    Each finding says where it stands (file, source, pointer), gene, protein and coding change, kind, presence
    (present, absent, unknown), origin, vaf, copy_number, value, status and notes. Whatever was there but not
    understood is a finding too, with presence unknown and the reason among its notes.

    \b
    Kinds: snv, indel, cnv-amplification, cnv-deletion, fusion, wildtype/absent, region-studied, msi, tmb,
    expression, other.

    \b
    Exit codes: 0 all read, 1 something could not be read (named on standard error), 2 a file cannot be opened.
    Examples:
      cds-targets read report.json
      cds-targets read --json bundles/*.json | jq -c 'select(.gene == "KRAS")'
    """
    from cds_targets.library.library import content_folder
    from cds_targets.settings import Settings
    from cds_targets.terms import load_terms

    settings = Settings.from_environment(os.environ)
    terms = load_terms(content_folder(settings.cards) / "terms")
    everything = [path for given in files for path in _expanded(given)]
    unreadable = 0
    for path in everything:
        done = read_file(path, terms, settings.zone)
        if as_json:
            for finding in done.findings:
                click.echo(orjson.dumps(finding).decode())
        else:
            _print_table(path, done)
        for sentence in done.unreadable:
            click.echo(f"cds-targets: {path}: {sentence}", err=True)
        unreadable += len(done.unreadable)
    if unreadable:
        raise click.exceptions.Exit(1)


def read_file(path: Path, terms: Terms, zone: tzinfo) -> FileRead:
    """Read one file; raises click.ClickException (exit code 2) if it cannot be opened."""
    from cds_targets.fhir.reading import decode

    try:
        if path.stat().st_size > MAX_BYTES:
            raise _cannot(f"{path}: is larger than {MAX_BYTES:,} bytes")
        body = path.read_bytes()
    except OSError as error:
        raise _cannot(f"{path}: cannot be read: {error.strerror}") from None
    try:
        value = decode(body.removeprefix(b"\xef\xbb\xbf"))
    except RequestError as error:
        return FileRead(unreadable=[issue.message.replace("the body", "the file") for issue in error.issues])
    return read_value(value, str(path), terms, zone)


def read_value(value: Any, file: str, terms: Terms, zone: tzinfo) -> FileRead:
    """Read one decoded resource or Bundle."""
    from cds_targets.fhir.genomics import read_genomics
    from cds_targets.fhir.reading import Resources

    resources = Resources()
    resources.add(value)
    done = read_genomics(resources, terms, zone)
    unreadable = [f"{pointer or 'the file'} is no FHIR resource" for pointer in resources.unreadable]
    return FileRead([line for fact in done.facts for line in _lines(fact, file)], [*unreadable, *done.gaps])


def _lines(fact: GenomicFact, file: str) -> Iterator[dict[str, Any]]:
    """The finding as the fields of its JSON line."""
    source = fact.source
    yield {
        "file": file,
        "source": source.reference,
        "pointer": source.pointer,
        "gene": "::".join(fact.genes) if isinstance(fact, Fusion) else fact.gene,
        "protein": _protein(fact),
        "cdna": fact.cdna if isinstance(fact, Variant) else None,
        "kind": kind_of(fact),
        "presence": _presence(fact).value,
        "origin": getattr(fact, "origin", None) or "unknown",
        "vaf": fact.vaf if isinstance(fact, Variant | CopyNumber) else None,
        "copy_number": fact.copies if isinstance(fact, CopyNumber) else None,
        "value": _value(fact),
        "status": source.status.value,
        "date": str(source.when) if source.when else None,
        "specimen": source.specimen.value,
        "written": fact.written,
        "notes": [*([fact.why] if isinstance(fact, Uninterpreted) else []), *fact.notes],
    }


def _protein(fact: GenomicFact) -> str | None:
    """The protein change where one is stated; "no change" and "unknown" (`p.=`, `p.?`) name none."""
    if not isinstance(fact, Variant) or fact.protein is None or fact.protein.position is None:
        return None
    return fact.protein.text


def kind_of(fact: GenomicFact) -> str:
    """The kind of finding in the words of the JSON lines."""
    if isinstance(fact, Tested):
        return "wildtype/absent" if fact.found_nothing else "region-studied"
    if isinstance(fact, Biomarker):
        return _KIND_OF_MARKER.get(fact.marker, "expression")
    if fact.presence is Presence.ABSENT:
        return "wildtype/absent"
    if isinstance(fact, Uninterpreted):
        return "other"
    if isinstance(fact, Fusion):
        return "fusion"
    if isinstance(fact, CopyNumber):
        return _KIND_OF_CALL.get(fact.call, "other")
    if fact.structural or _is_repeat(fact):
        return "other"
    if fact.indel:
        return "indel"
    return "snv" if fact.protein or fact.cdna or fact.genomic else "other"


def _is_repeat(variant: Variant) -> bool:
    """Whether the coding change is a number of repeats."""
    coding = find_coding(variant.cdna) if variant.cdna else None
    return coding is not None and coding.kind is CodingKind.REPEAT


def _presence(fact: GenomicFact) -> Presence:
    if isinstance(fact, Tested):
        return Presence.ABSENT if fact.found_nothing else Presence.UNKNOWN
    return fact.presence


def _value(fact: GenomicFact) -> str | float | None:
    if isinstance(fact, CopyNumber):
        return fact.call.value
    if not isinstance(fact, Biomarker):
        return None
    return fact.value if fact.value is not None and fact.marker != "MSI" else fact.call or fact.value


class _CannotRun(click.ClickException):
    exit_code = 2


def _expanded(given: Path) -> list[Path]:
    """A folder stands for the JSON files in it."""
    return sorted(given.glob("*.json")) if given.is_dir() else [given]


def _cannot(message: str) -> click.ClickException:
    return _CannotRun(message)


def _print_table(path: Path, done: FileRead) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*_COLUMNS, title=escape(_plain(str(path))), title_justify="left")
    for line in done.findings:
        change = " ".join(part for part in (line["protein"], line["cdna"]) if part)
        vaf = f"{line['vaf'] * 100:.3g} %" if line["vaf"] is not None else ""
        copies = f"{line['copy_number']:g} copies" if line["copy_number"] is not None else ""
        value = " ".join(str(part) for part in (line["value"], copies) if part not in (None, ""))
        cells = (
            line["source"], line["gene"] or "", change or line["written"][:60], line["kind"], line["presence"],
            line["origin"], vaf, value, "; ".join(line["notes"]),
        )  # fmt: skip
        table.add_row(*(escape(_plain(str(cell))) for cell in cells))
    if not done.findings:
        click.echo(f"{_plain(str(path))}: no genomic finding")
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 160)
    console.print(table)


def _plain(text: str) -> str:
    """Without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() else "�" for c in text)
