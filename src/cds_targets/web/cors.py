"""Browser clients: which origins may call, on every answer, preflights and errors included."""

from __future__ import annotations

from flask import Flask, Request, Response, request

from cds_targets.settings import Settings

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}


def install(app: Flask, settings: Settings) -> None:
    """Answer every OPTIONS, known address or not, and say on every answer who may read it.

    Evaluation allows any origin, without credentials. Production allows exactly the listed origins, never `*`.
    """
    allowed = frozenset(settings.cors_origins)

    def origin_for(call: Request) -> str | None:
        if settings.evaluation:
            return "*"
        origin = call.headers.get("Origin")
        return origin if origin in allowed else None

    def preflight() -> Response | None:
        if request.method != "OPTIONS":
            return None
        answer = Response(status=204)
        del answer.headers["Content-Type"]
        return answer

    def mark(response: Response) -> Response:
        origin = origin_for(request)
        if not settings.evaluation:
            response.vary.add("Origin")
        if origin is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "X-Request-ID"
            if request.method == "OPTIONS":
                response.headers.update(_PREFLIGHT)
        return response

    app.before_request(preflight)
    app.after_request(mark)
