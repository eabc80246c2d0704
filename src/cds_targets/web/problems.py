"""Every answer that is not a success: an OperationOutcome that names places and never values."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from pathlib import Path

import orjson
from flask import Flask, Response, current_app, g
from werkzeug.exceptions import HTTPException

from cds_targets.errors import FieldIssue, MissingData, RequestError, StoreUnavailable, SwitchedOff, UnknownService
from cds_targets.web.log import log

# Status -> (code of http://hl7.org/fhir/issue-type, sentence).
_PLAIN = {
    400: ("invalid", "the request cannot be read"),
    404: ("not-found", "there is nothing at this address"),
    405: ("not-supported", "this address does not answer that method"),
    413: ("too-long", "the body is larger than this service accepts"),
    415: ("not-supported", "send application/json in UTF-8, plain or gzip"),
}


def outcome(status: int, code: str, issues: Sequence[FieldIssue]) -> Response:
    """An OperationOutcome with one error per issue; `expression` says where."""
    told = [
        {
            "severity": "error",
            "code": code,
            "diagnostics": f"{issue.path}: {issue.message}" if issue.path else issue.message,
            **({"expression": [issue.path]} if issue.path else {}),
        }
        for issue in issues
    ]
    body = orjson.dumps({"resourceType": "OperationOutcome", "issue": told})
    return Response(body, status, content_type="application/json")


def plain(status: int) -> Response:
    """The answer of a status that needs no details."""
    code, sentence = _PLAIN.get(status, ("processing", "the request cannot be answered"))
    return outcome(status, code, [FieldIssue("", sentence)])


def install(app: Flask) -> None:
    """Turn every exception into its answer."""
    app.register_error_handler(RequestError, _wrong_request)
    app.register_error_handler(UnknownService, _no_such_service)
    app.register_error_handler(MissingData, _missing_data)
    app.register_error_handler(StoreUnavailable, _not_kept)
    app.register_error_handler(SwitchedOff, _switched_off)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)


def _wrong_request(error: RequestError) -> Response:
    return outcome(400, "invalid", error.issues)


def _no_such_service(error: UnknownService) -> Response:
    return outcome(404, "not-found", [FieldIssue("", "there is no service of this id; see /cds-services")])


def _missing_data(error: MissingData) -> Response:
    named = f"{error.sentence} (needed: {', '.join(error.keys)})"
    return outcome(412, "incomplete", [FieldIssue("", named)])


def _not_kept(error: StoreUnavailable) -> Response:
    """What cannot be kept is not answered: a caller must not believe that it was."""
    log(logging.ERROR, "store", request=g.get("request_id", ""), reason=str(error))
    current_app.extensions["cds-metrics"].store_failed()
    sentence = f"the service cannot keep its records; nothing was judged or taken. Reference: {g.get('request_id', '')}"
    return _unavailable("transient", sentence)


def _switched_off(error: SwitchedOff) -> Response:
    return _unavailable("processing", str(error))


def _unavailable(code: str, sentence: str) -> Response:
    answer = outcome(503, code, [FieldIssue("", sentence)])
    answer.headers["Retry-After"] = "5"
    return answer


def _http(error: HTTPException) -> Response:
    answer = plain(error.code or 500)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _fault(error: Exception) -> Response:
    """A bug: the caller gets a reference number; the log gets the kind and the places, never the message or locals."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    log(logging.ERROR, "fault", request=g.get("request_id", ""), kind=type(error).__name__, places=places)
    sentence = f"the service failed; nothing was judged. Reference: {g.get('request_id', 'none')}"
    return outcome(500, "exception", [FieldIssue("", sentence)])
