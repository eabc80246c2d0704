"""`cds-targets serve`: the service under gunicorn, content loaded once and shared by the workers."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_targets.errors import SettingsError

if TYPE_CHECKING:
    from cds_targets.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback unless told.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
def serve(host: str, port: int, workers: int) -> None:
    """Start the service and print its address.

    Evaluation mode (the default) is open: synthetic patients only. Ctrl-C (SIGTERM) stops it after the calls it has
    begun. SIGHUP reads content and registered EHRs again, without losing a call; if they are wrong, the log says why
    and what was read before stays in use. Settings are read at the start only.

    \b
    Example:
      cds-targets serve --port 8080 --workers 4
      CDS_TARGETS_TIME_ZONE=Europe/Berlin cds-targets serve
    """
    from cds_targets.auth.ehrs import load_ehrs
    from cds_targets.auth.selfcheck import refuse_unsafe
    from cds_targets.settings import Settings

    settings = Settings.from_environment(os.environ)
    refuse_unsafe(settings, load_ehrs(settings.ehrs))
    _refuse_taken_port(host, port)
    run_server(lambda: build(settings), f"{_bracketed(host)}:{port}", workers, settings)


def build(settings: Settings) -> Any:
    """The WSGI application with the content loaded; raises ContentError or SettingsError.

    No connection to the store is open afterwards, so that workers may be forked.
    """
    from cds_targets.advice import Advisor
    from cds_targets.library.library import content_files
    from cds_targets.store.governance import PolicyWatch
    from cds_targets.store.store import Store
    from cds_targets.web.app import create_app
    from cds_targets.web.metrics import Metrics

    content = Advisor.load(settings)
    store = Store.open(settings.store, settings.key_file)
    metrics = Metrics()
    only_approved = not settings.evaluation
    if only_approved and not store.policy(only_approved).approves(content.contents):
        raise SettingsError(
            "production mode does not start: no content is approved as it is now (cds-targets cards approve --help)"
        )
    store.know(content.library.content_hash, content_files(content.library.folder))
    policy = PolicyWatch(lambda newest: store.policy_after(newest, only_approved), metrics.decisions_unreadable)
    advisor = replace(content, policy=policy)
    if advisor.fetcher is not None:
        advisor.fetcher.listener = metrics
    store.close()
    return create_app(settings, advisor, store, None, policy, metrics, advisor.library.content_hash)


def run_server(load: Callable[[], Any], bind: str, workers: int, settings: Settings) -> None:
    """Serve what `load()` returns until stopped; it runs before the workers are forked, and again at every SIGHUP."""
    from cds_targets.cli.server import Server, shared_metrics
    from cds_targets.web.log import to_stderr

    to_stderr()
    with shared_metrics():
        Server(load, bind, workers, settings.max_body_bytes, lambda: click.echo(greeting(bind, settings))).run()


def greeting(bind: str, settings: Settings) -> str:
    """What is printed once the service answers: where it is, and a call to try."""
    address = f"http://{bind}"
    lines = [f"cds-targets answers at {address}  (CDS Hooks discovery: {address}/cds-services)"]
    if settings.evaluation:
        lines.append("Evaluation mode: open, draft content, synthetic patients only. Not clinically reviewed.")
    example = example_call()
    if example is not None:
        here = Path.cwd()
        shown = example.relative_to(here) if example.is_relative_to(here) else example
        target = f"{address}/cds-services/targeted-therapies"
        lines.append(f"Try it:\n  curl -s -H 'Content-Type: application/json' --data-binary @{shown} {target}")
    return "\n".join(lines)


def example_call() -> Path | None:
    """The patient-view call of the first example patient: packaged, or in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_examples", package.parents[1] / "examples"):
        calls = [path for path in folder.rglob("*.json") if "patient-view" in path.name]
        if calls:
            return min(calls, key=lambda path: ("nsclc" not in str(path.relative_to(folder)), path))
    return None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise SettingsError(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
