"""The application: routes, errors, origins, headers and the log put together. Only here is the clock read."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from flask import Flask, Response, current_app, g, request

from cds_targets.auth.ehrs import load_ehrs
from cds_targets.auth.keys import fetched
from cds_targets.auth.selfcheck import refuse_unsafe
from cds_targets.auth.verify import Verifier
from cds_targets.settings import Settings
from cds_targets.store.governance import Policy, everything_shown
from cds_targets.store.store import Store
from cds_targets.web import authentication, cors, problems
from cds_targets.web.home import STYLE
from cds_targets.web.journal import Journal
from cds_targets.web.log import log
from cds_targets.web.metrics import Metrics
from cds_targets.web.operations import operations_blueprint
from cds_targets.web.routes import Advises, Parts, blueprint
from cds_targets.web.studies import studies_blueprint

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def create_app(
    settings: Settings,
    advisor: Advises,
    store: Store | None = None,
    today: Callable[[], date] | None = None,
    policy: Callable[[], Policy] = everything_shown,
    metrics: Metrics | None = None,
    knowledge: str = "",
) -> Flask:
    """The WSGI application; raises SettingsError where it must not start.

    Without a store, one in memory. `today` is for tests: the calendar day in the site's time zone otherwise.
    `knowledge` is the hash of the loaded content.
    """
    ehrs = load_ehrs(settings.ehrs)
    refuse_unsafe(settings, ehrs)
    zone = settings.zone

    def day() -> date:
        return datetime.now(zone).date()

    app = Flask("cds_targets", static_folder=None)
    app.debug = False  # whatever FLASK_DEBUG says
    app.url_map.strict_slashes = False
    app.wsgi_app = _single_slashes(app.wsgi_app)  # type: ignore[method-assign, assignment]
    app.before_request(_begin)
    app.after_request(_end)
    cors.install(app, settings)
    problems.install(app)
    metrics = metrics or Metrics()
    app.extensions["cds-metrics"] = metrics
    store = store or Store.in_memory()
    if ehrs:
        fetch = partial(fetched, ca=settings.ca_bundle)
        verifier = Verifier(ehrs, settings.public_url, store.seen_jti, fetch)
        authentication.install(app, verifier, store)
    journal = Journal(settings, store, metrics, policy, knowledge, advisor.reasons)
    app.register_blueprint(blueprint(Parts(settings, advisor, journal, today or day)))
    app.register_blueprint(operations_blueprint(journal))
    app.register_blueprint(studies_blueprint(settings, advisor, today or day))
    return app


def _single_slashes(inner: WSGIApplication) -> WSGIApplication:
    """Clients whose base address ends in a slash call `//cds-services` or `/cds-services//id`."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = re.sub("/{2,}", "/", environ.get("PATH_INFO", ""))
        return inner(environ, start_response)

    return application


def _begin() -> None:
    g.request_id = uuid4().hex
    g.started = time.perf_counter()


def _end(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-ID"] = g.request_id
    seconds = time.perf_counter() - g.started
    if "service" in g:
        current_app.extensions["cds-metrics"].called(g.service, g.get("what", "call"), response.status_code, seconds)
    log(
        logging.INFO,
        "answered",
        request=g.request_id,
        method=request.method if request.method in {"GET", "HEAD", "POST", "OPTIONS"} else "other",
        service=g.get("service", ""),
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        **g.get("facts", {}),
    )
    return response
