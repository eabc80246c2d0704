"""The server under measurement: `python -m benchmarks.server PORT`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import orjson

from cds_targets.cli.serve import build, run_server
from cds_targets.settings import Settings

BARE, REAL = "/bare", "/cds-services/targeted-therapies"


def application() -> Any:
    """The real application, and beside it a bare Flask application that decodes the body and answers a constant."""
    from flask import Flask, Response, request

    real = build(Settings())
    bare = Flask("bare")

    @bare.post(BARE)
    def constant() -> Response:
        orjson.loads(request.get_data(cache=False))
        return Response(b'{"cards":[]}', content_type="application/json")

    def choose(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        chosen = bare if environ["PATH_INFO"] == BARE else real
        return chosen.wsgi_app(environ, start_response)

    return choose


if __name__ == "__main__":
    run_server(application, f"127.0.0.1:{int(sys.argv[1])}", 1, Settings())
