"""`cds-targets serve`: the service under gunicorn, content loaded once and shared by the workers."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_targets.errors import SettingsError

if TYPE_CHECKING:
    from cds_targets.settings import Settings

THREADS = 16  # they mostly wait: for FHIR servers, and for the disk
STOP_SECONDS = 30  # a worker that is told to stop finishes the calls it has


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback unless told.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
def serve(host: str, port: int, workers: int) -> None:
    """Start the service and print its address.

    Evaluation mode (the default) is open: synthetic patients only. Ctrl-C stops it after the calls it has begun.

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
    if only_approved and not store.policy(only_approved).approved:
        raise SettingsError("production mode does not start: no content is approved (cds-targets cards approve --help)")
    store.know(content.library.content_hash, content_files(content.library.folder))
    policy = PolicyWatch(lambda newest: store.policy_after(newest, only_approved), metrics.decisions_unreadable)
    advisor = replace(content, policy=policy)
    if advisor.fetcher is not None:
        advisor.fetcher.listener = metrics
    store.close()
    return create_app(settings, advisor, store, None, policy, metrics, advisor.library.content_hash)


def run_server(load: Any, bind: str, workers: int, settings: Settings) -> None:
    """Serve what `load()` returns until stopped. `load` runs once, before the workers are forked."""
    from gunicorn.app.base import BaseApplication

    from cds_targets.web.log import to_stderr

    to_stderr()
    with _shared_metrics():
        _run(BaseApplication, load(), bind, workers, settings)


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder in which the workers add up their metrics; it must be named before the metrics are imported."""
    owner = os.getpid()
    folder = tempfile.mkdtemp(prefix="cds-targets-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    try:
        yield
    finally:
        if os.getpid() == owner:
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]
            shutil.rmtree(folder, ignore_errors=True)


def _run(BaseApplication: Any, app: Any, bind: str, workers: int, settings: Settings) -> None:

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in options.items():
                if name in self.cfg.settings:  # older releases of the server know fewer
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return app

    def freeze(server: object, worker: object) -> None:
        """What was loaded lives as long as the worker: the collector need not look at it again."""
        gc.collect()
        gc.freeze()

    def forget(server: object, worker: Any) -> None:
        """What a worker that ended said of its own state no longer holds; what it counted stays."""
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

    options = {
        "bind": bind,
        "workers": workers,
        "worker_class": "gthread",
        "threads": THREADS,
        "preload_app": True,
        "post_fork": freeze,
        "child_exit": forget,
        "when_ready": lambda server: click.echo(greeting(bind, settings)),
        "graceful_timeout": STOP_SECONDS,
        "timeout": 60,
        "keepalive": 5,
        "loglevel": "warning",
        "control_socket_disable": True,
    }
    Server().run()


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
