"""The body of a request, bounded before and after decompression."""

from __future__ import annotations

import zlib

from flask import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

_JSON = {"application/json", "application/fhir+json"}


def body_of(request: Request, limit: int) -> bytes:
    """The JSON bytes of the request, at most `limit` of them; raises 400, 413 or 415."""
    if request.mimetype not in _JSON or request.mimetype_params.get("charset", "utf-8").lower() not in {
        "utf-8",
        "utf8",
    }:
        raise UnsupportedMediaType
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise UnsupportedMediaType
    if request.content_length is not None and request.content_length > limit:
        raise RequestEntityTooLarge
    request.max_content_length = limit + 1  # a body without a stated length is cut there, silently
    body = request.get_data(cache=False)
    if len(body) > limit:
        raise RequestEntityTooLarge
    return _unzipped(body, limit) if encoding == "gzip" else body


def _unzipped(body: bytes, limit: int) -> bytes:
    """One gzip member, inflated no further than the limit."""
    inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        plain = inflate.decompress(body, limit + 1)
    except zlib.error:
        raise BadRequest from None
    if len(plain) > limit:
        raise RequestEntityTooLarge
    if not inflate.eof or inflate.unused_data:
        raise BadRequest
    return plain
