"""gunicorn around the application: forked workers, graceful stop, and a reload that keeps what works."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gunicorn.app.base import BaseApplication

from cds_targets.cli.worker import Worker
from cds_targets.errors import CdsTargetsError

THREADS = 16  # they mostly wait: for FHIR servers, and for the disk
STOP_SECONDS = 30  # a worker that is told to stop finishes the calls it has


class Server(BaseApplication):  # type: ignore[misc]
    """Serves what `load()` makes; `ready()` is called once it listens."""

    def __init__(
        self, load: Callable[[], Any], bind: str, workers: int, max_body_bytes: int, ready: Callable[[], None]
    ) -> None:
        self.max_body_bytes = max_body_bytes
        self._load = load
        self._options = {
            "bind": bind,
            "workers": workers,
            "worker_class": Worker,
            "threads": THREADS,
            "preload_app": True,
            "child_exit": _forget,
            "when_ready": lambda arbiter: ready(),
            "graceful_timeout": STOP_SECONDS,
            "timeout": 60,
            "keepalive": 5,
            "loglevel": "warning",
            "control_socket_disable": True,
        }
        super().__init__()
        self._make()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def reload(self) -> None:
        """Load again for the workers to come; what is wrong is logged, and what was loaded before stays."""
        from cds_targets.web.log import log

        super().reload()
        try:
            self._make()
        except (CdsTargetsError, OSError) as error:
            log(logging.ERROR, "reload", outcome="failed, nothing was changed", reason=str(error))
        else:
            log(logging.INFO, "reload", outcome="done")

    def _make(self) -> None:
        """Load, and free the collectors of the workers from looking at what was loaded, which lives as long as they."""
        gc.unfreeze()
        self.callable = self._load()
        gc.collect()
        gc.freeze()


@contextmanager
def shared_metrics() -> Iterator[None]:
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


def _forget(arbiter: object, worker: Any) -> None:
    """What a worker that ended said of its own state no longer holds; what it counted stays."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
