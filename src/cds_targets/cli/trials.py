"""`cds-targets trials`: curated studies and the registry behind them, and matching a patient against both."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_targets.errors import CdsTargetsError, RequestError

if TYPE_CHECKING:
    from cds_targets.library.library import Library
    from cds_targets.settings import Settings
    from cds_targets.trials.ctgov import RegistryRecord
    from cds_targets.trials.registry import Registry
    from cds_targets.trials.study import Study

_SUFFIXES = (".json", ".ndjson", ".jsonl")
_FIELDS = ("title", "status", "phase", "updated", "conditions", "interventions", "minimum_age", "maximum_age", "sex")
_NOT_CHECKED = "Mentioned in the registry, criteria not checked:"


@click.group()
@click.option(
    "--registry",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file that holds imported registry records (default: CDS_TARGETS_REGISTRY, else `registry.sqlite3` in "
    "the user's state folder, where the service looks too).",
)
@click.pass_context
def trials(context: click.Context, registry: Path | None) -> None:
    """Curated studies, the registry, and matching a patient.

    Curated studies are files in cards/trials/, read by people: every criterion is judged. Registry records are
    imported: their free text is never judged, only what it mentions is named. An import never touches curation.
    """
    from cds_targets.settings import PREFIX, usual_registry

    chosen = os.environ.get(f"{PREFIX}REGISTRY")
    context.obj = registry or (Path(chosen) if chosen else usual_registry(os.environ) or Path("registry.sqlite3"))


def _content() -> tuple[Settings, Library, list[Study]]:
    from cds_targets.library.library import content_folder, load_library
    from cds_targets.settings import Settings
    from cds_targets.trials.study import load_studies

    settings = Settings.from_environment(os.environ)
    folder = content_folder(settings.cards)
    return settings, load_library(folder), load_studies(folder / "trials")[0]


def _open(path: Path) -> Registry:
    from cds_targets.trials.registry import Registry

    if not path.exists():
        raise CdsTargetsError(f"{path}: there is no registry yet: `cds-targets trials import` makes one")
    return Registry(path)


@trials.command("import")
@click.argument("sources", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--fetch", "ncts", multiple=True, metavar="NCT", help="Ask ClinicalTrials.gov for this study; repeatable."
)
@click.pass_obj
def import_(registry: Path, sources: tuple[Path, ...], ncts: tuple[str, ...]) -> None:
    """Import API v2 JSON: files, folders, NDJSON, or studies asked for by number.

    One transaction: an import that is broken off leaves the registry as it was. Exit code 1 if a record was refused.
    """
    from rich.console import Console
    from rich.progress import Progress

    from cds_targets.trials.ctgov import fetch, studies_in
    from cds_targets.trials.registry import Registry

    if not sources and not ncts:
        raise click.UsageError("name a file or folder, or a study with --fetch")
    library = _content()[1]
    files = [path for source in sources for path in _files(source)]
    console = Console(stderr=True)
    registry.parent.mkdir(parents=True, exist_ok=True)
    size = sum(path.stat().st_size for path in files)
    with (
        Registry(registry) as target,
        Progress(console=console, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task("importing", total=size + len(ncts))

        def studies() -> Iterator[tuple[str, object]]:
            for path in files:
                yield from studies_in(path, lambda read: progress.advance(task, read))
            for place, value in fetch(ncts):
                yield place, value
                progress.advance(task)

        report = target.import_studies(studies(), library.terms)
    for place, reason in report.refused:
        click.echo(f"cds-targets: {place}: refused: {reason}", err=True)
    for place, note in report.noted:
        click.echo(f"cds-targets: {place}: {note}", err=True)
    click.echo(
        f"{report.imported} imported, {report.unchanged} unchanged, {report.older} older than ours, "
        f"{len(report.refused)} refused"
    )
    if report.refused:
        raise click.exceptions.Exit(1)


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    return sorted(path for path in source.rglob("*") if path.suffix in _SUFFIXES and path.is_file())


@trials.command("list")
@click.option("--all", "everything", is_flag=True, help="Also imported records that nobody curated.")
@click.option("--about", metavar="WORD", help="Only imported records that mention this gene, change, tumour or drug.")
@click.pass_obj
def list_(registry: Path, everything: bool, about: str | None) -> None:
    """List the curated studies, with status and date.

    \b
    Examples: cds-targets trials list --about "KRAS G12C"
              cds-targets trials list --about sotorasib
    """
    from cds_targets.trials.match import status_sentence

    if about is not None:
        with _open(registry) as records:
            for nct, status, updated, title in records.about(about):
                click.echo(f"{nct}  {status} as of {updated}  {title}")
        return
    for study in _content()[2]:
        click.echo(f"{study.nct}  {status_sentence(study):48} {study.short_title or study.title}")
    if everything:
        with _open(registry) as records:
            for nct, status, updated, title in records.summaries():
                click.echo(f"{nct}  {status} as of {updated} (not curated)  {title}")


@trials.command()
@click.argument("nct")
@click.pass_obj
def show(registry: Path, nct: str) -> None:
    """Show one study: its curation and the registry's record."""
    from cds_targets.trials.match import status_sentence

    study = next((s for s in _content()[2] if s.nct == nct.upper()), None)
    record = None
    if registry.exists():
        with _open(registry) as records:
            record = records.record(nct.upper())
    if study is None and record is None:
        raise CdsTargetsError(f"{nct}: neither curated nor imported")
    if study is not None:
        click.echo(f"{study.nct}  {study.title}\n{study.phase}; {study.sponsor}; {status_sentence(study)}\n{study.url}")
        for arm in study.arms:
            click.echo(f"\nArm: {arm.name} ({', '.join(arm.drugs)})")
            for line, exception in arm.lines:
                words = line.model_dump(exclude_none=True, exclude_defaults=True, by_alias=True)
                click.echo(f"  {'not ' if exception else ''}{line.word}: {words}")
        for title, texts in (("Not checked", study.not_checked), ("Notes", study.notes)):
            if texts:
                click.echo(f"\n{title}:\n" + "\n".join(f"  {text}" for text in texts))
    if record is not None:
        sites = len(record.sites)
        click.echo(f"\nRegistry: {record.status} as of {record.updated}; {record.phase}; {sites} sites\n{record.title}")
        click.echo(f"\n{record.criteria}")


@trials.command()
@click.pass_obj
def stale(registry: Path) -> None:
    """List curated studies whose registry record is newer than the curation. Exit code 1 if there are any."""
    found = 0
    studies = _content()[2]
    with _open(registry) as records:
        for study in studies:
            record = records.record(study.nct)
            if record is not None and record.updated > study.status.as_of.isoformat():
                found += 1
                click.echo(
                    f"{study.nct}  curated as {study.status.word} on {study.status.as_of}; "
                    f"the registry says {record.status} on {record.updated}"
                )
    if found:
        raise click.exceptions.Exit(1)


@trials.command()
@click.argument("nct")
@click.pass_obj
def diff(registry: Path, nct: str) -> None:
    """Say what changed between the last two imported versions of a study."""
    with _open(registry) as records:
        new, old = records.record(nct.upper()), records.previous(nct.upper())
    if new is None:
        raise CdsTargetsError(f"{nct}: not imported")
    if old is None:
        click.echo(f"{new.nct}: imported once, as of {new.updated}")
        return
    for line in _changes(old, new):
        click.echo(line)


def _changes(old: RegistryRecord, new: RegistryRecord) -> Iterator[str]:
    import difflib

    for name in _FIELDS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name}: {before} -> {after}"
    if len(old.sites) != len(new.sites):
        yield f"sites: {len(old.sites)} -> {len(new.sites)}"
    lines = difflib.unified_diff(
        old.criteria.splitlines(), new.criteria.splitlines(), "before", "now", lineterm="", n=1
    )
    yield from lines


@trials.command("match")
@click.argument("patient", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Judge as on this day (default: today).")
@click.pass_obj
def match_(registry: Path, patient: Path, as_of: datetime | None) -> None:
    """Match a patient (a FHIR Bundle, or the body of a hook call with its prefetch).

    \b
    Example: cds-targets trials match patient.json --as-of 2026-11-01
    """
    from cds_targets.fhir.reading import decode
    from cds_targets.fhir.record import read_record
    from cds_targets.trials.match import status_sentence
    from cds_targets.trials.offered import offered

    settings, library, studies = _content()
    try:
        prefetch, identity = _prefetch(decode(patient.read_bytes()))
        day = as_of.date() if as_of else datetime.now(settings.zone).date()
        record = read_record(identity, prefetch, None, None, day, settings.zone, library.terms)
    except RequestError as error:
        raise CdsTargetsError(f"{patient}: {'; '.join(issue.message for issue in error.issues)}") from None
    with _open(registry) if registry.exists() else nullcontext() as records:
        found = offered(studies, record, library.terms, records)
    for match in found.matches:
        study = match.study
        certain = match.outcome.value == "met"
        click.echo(f"{'Potential match' if certain else 'Key criteria open'}: {study.nct} {study.short_title}")
        click.echo(f"  {study.phase}; {status_sentence(study)}; arm: {match.arm.name}; {study.url}")
        _say("where", [match.where.sentence] if match.where.sentence else [])
        _say("fits", match.met_points)
        _say("find out", match.open_points)
        _say("not checked", study.not_checked)
    if not found.matches:
        click.echo("No curated study fits what could be read.")
    others = found.mentioned
    if others.total:
        click.echo(f"\n{_NOT_CHECKED}")
    for other in others.studies:
        click.echo(f"  {other.nct} {other.title} ({other.status} as of {other.updated}): {other.sentence}")
        _say("where", [other.where.sentence] if other.where.sentence else [])
    if others.total > len(others.studies):
        click.echo(f"  and {'over ' if others.more else ''}{others.total - len(others.studies)} more")
    _say("not seen", dict.fromkeys(gap for seen in record.seen.values() for gap in seen.gaps))


def _say(what: str, sentences: Iterable[str]) -> None:
    for sentence in sentences:
        click.echo(f"  {what}: {sentence}")


def _prefetch(value: Any) -> tuple[dict[str, Any], str]:
    """The prefetch of a hook body, or of a Bundle with a whole patient; and the patient's id."""
    from cds_targets.fhir.patient_bundle import prefetch_of_bundle

    if isinstance(value, dict) and isinstance(value.get("prefetch"), dict):
        context = value.get("context")
        return value["prefetch"], str(context.get("patientId", "")) if isinstance(context, dict) else ""
    try:
        return prefetch_of_bundle(value)
    except RequestError as error:
        raise CdsTargetsError(f"the file holds no FHIR Bundle of a patient and no hook call: {error}") from None
