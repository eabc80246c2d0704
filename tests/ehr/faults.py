"""Every way in which a search fails here: nothing usable comes (`TOTAL`), or only some of it does (`PARTIAL`).

A fault is given the exchange and the whole answer that a good server would give.
"""

from __future__ import annotations

import copy
import gzip
import json
import socket
import time
from collections.abc import Callable
from typing import Any

from tests.ehr.faulty import Exchange

Fault = Callable[[Exchange, Any], None]
_OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}
_REMARK = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "not-supported"}]}
_EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}
_HTML = b"<!doctype html><title>Log in</title><form action='/login'></form>"


def _status(status: int, **headers: str) -> Fault:
    return lambda exchange, whole: exchange.send(status, json.dumps(_OUTCOME).encode(), **headers)


def _body(body: bytes, **headers: str) -> Fault:
    return lambda exchange, whole: exchange.send(200, body, **headers)


def _json(value: Any) -> Fault:
    return lambda exchange, whole: exchange.json(value)


def _raw(exchange: Exchange, data: bytes) -> None:
    exchange.handler.wfile.write(data)
    exchange.handler.wfile.flush()


def _half_closed(exchange: Exchange, whole: Any) -> None:
    _raw(exchange, b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{")
    exchange.handler.connection.shutdown(socket.SHUT_WR)
    time.sleep(0.5)
    exchange.reset()


def _reset_within(exchange: Exchange, whole: Any) -> None:
    text = json.dumps(whole).encode()
    _raw(exchange, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text[: len(text) // 2])
    exchange.reset()


def _cut(exchange: Exchange, whole: Any) -> None:
    """Half of the JSON, and no length that would give it away."""
    text = json.dumps(whole).encode()
    _raw(exchange, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + text[: len(text) // 2])
    exchange.handler.close_connection = True


def _late(exchange: Exchange, whole: Any) -> None:
    time.sleep(0.6)
    exchange.json(whole)


def _drip(exchange: Exchange, whole: Any) -> None:
    exchange.drip(json.dumps(whole).encode().ljust(1_000), 0.002)


def _somebody_else(exchange: Exchange, whole: Any) -> None:
    exchange.json(_about_another(whole))


def _everybody(exchange: Exchange, whole: Any) -> None:
    if whole["resourceType"] != "Bundle":
        return exchange.json(_about_another(whole))
    entries = [*_entries(whole), *_entries(_about_another(whole, "a")), *_entries(_about_another(whole, "b"))]
    return exchange.json({**whole, "entry": entries, "total": len(entries)})


TOTAL: dict[str, Fault] = {
    "closed without a word": lambda exchange, whole: exchange.reset(),
    "reset within the body": _reset_within,
    "half-closed": _half_closed,
    "too late": _late,
    "drip": _drip,
    **{str(status): _status(status) for status in (400, 401, 403, 404, 410, 429, 500, 502, 503, 504)},
    "204": lambda exchange, whole: exchange.send(204, b""),
    "a redirect": lambda exchange, whole: exchange.send(302, b"", Location="https://ehr.example.org/login"),
    "a redirect to itself": lambda exchange, whole: exchange.send(307, b"", Location=exchange.handler.path),
    "a page for people": _body(_HTML, Content_Type="text/html"),
    "a page for people called FHIR": _body(_HTML, Content_Type="application/fhir+json"),
    "garbage": _body(bytes(range(256)) * 8, Content_Type="application/fhir+json"),
    "no HTTP": lambda exchange, whole: _raw(exchange, b"SSH-2.0-OpenSSH_9.2\r\n"),
    "nothing in the body": _body(b""),
    "JSON cut short": _cut,
    "two JSON texts": lambda exchange, whole: exchange.send(200, json.dumps(whole).encode() * 2),
    "JSON that is no resource": _json({"hello": 1}),
    "a JSON list": _json([_EMPTY]),
    "JSON null": _json(None),
    "JSON with NaN": _body(b'{"resourceType": "Bundle", "total": NaN}'),
    "a key twice": _body(b'{"resourceType": "Bundle", "type": "searchset", "entry": [1], "entry": []}'),
    "nested too deep": _body(b'{"resourceType": "Bundle", "entry": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"),
    "not UTF-8": lambda exchange, whole: exchange.send(200, json.dumps(whole).encode("utf-16")),
    "too large": _body(b" " * 11_000_000),
    "a gzip bomb": _body(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"),
    "OperationOutcome with 200": _json(_OUTCOME),
    "another resource": _json({"resourceType": "Basic", "id": "x"}),
    "nothing found": _json(_EMPTY),
    "nothing found, without a total": _json({"resourceType": "Bundle", "type": "searchset"}),
    "nothing found, with a remark": _json({**_EMPTY, "entry": [{"search": {"mode": "outcome"}, "resource": _REMARK}]}),
    "a batch that was refused": _json(
        {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": {"status": "403"}}]}
    ),
    "records of somebody else": _somebody_else,
    "records of everybody": _everybody,
}


def _some(**changes: Any) -> Fault:
    """Half of the entries, and what the Bundle says beside them."""
    return lambda exchange, whole: exchange.json({**_half(whole), **changes})


def _further(link: str) -> Fault:
    return _some(link=[{"relation": "next", "url": link}])


def _then(fault: Fault) -> Fault:
    """Half of the entries and a link to a second page, which fails."""

    def answer(exchange: Exchange, whole: Any) -> None:
        if "page" in exchange.query:
            return fault(exchange, whole)
        link = [{"relation": "next", "url": f"{exchange.handler.path}&page=2"}]
        return exchange.json({**_half(whole), "link": link})

    return answer


def _loop(exchange: Exchange, whole: Any) -> None:
    link = [{"relation": "next", "url": exchange.handler.path}]
    exchange.json({**_half(whole), "link": link})


def _same_again(exchange: Exchange, whole: Any) -> None:
    """Every further page is the first one, until the total is reached."""
    page = int(exchange.query.get("page", ["0"])[0])
    link = [{"relation": "next", "url": f"{exchange.handler.path.split('&page')[0]}&page={page + 1}"}]
    told = {**_half(whole), "total": len(_entries(whole)) + 1}
    exchange.json({**told, "link": link} if page < 3 else told)


def _with_entry(entry: Any) -> Fault:
    return lambda exchange, whole: exchange.json({**_half(whole), "entry": [*_entries(_half(whole)), entry]})


def _batch(part: dict[str, Any]) -> Fault:
    def answer(exchange: Exchange, whole: Any) -> None:
        read = {"response": {"status": "200"}, "resource": _half(whole)}
        exchange.json({"resourceType": "Bundle", "type": "batch-response", "entry": [read, part]})

    return answer


PARTIAL: dict[str, Fault] = {
    "fewer than the total": lambda exchange, whole: exchange.json({**_half(whole), "total": len(_entries(whole)) + 1}),
    "the next page on another host": _further("https://evil.example/fhir/Observation?page=2"),
    "the next page beside the base": _further("/elsewhere/Observation?page=2"),
    "the next page in a file": _further("file:///etc/passwd"),
    "the next page is this one": _loop,
    "every page is the first": _same_again,
    "the next page resets": _then(lambda exchange, whole: exchange.reset()),
    "the next page 403": _then(_status(403)),
    "the next page 500": _then(_status(500)),
    "the next page too late": _then(_late),
    "the next page cut": _then(_cut),
    "the next page is for people": _then(TOTAL["a page for people"]),
    "the next page an OperationOutcome": _then(_json(_OUTCOME)),
    "an OperationOutcome among the entries": _with_entry({"resource": _OUTCOME}),
    "an entry that is null": _with_entry(None),
    "an entry without a resource": _with_entry({"fullUrl": "urn:x"}),
    "an entry that is no resource": _with_entry({"resource": {"id": "x"}}),
    "a batch with a refusal": _batch({"response": {"status": "403", "outcome": _OUTCOME}}),
    "a batch with an error resource": _batch({"response": {"status": "500"}, "resource": _OUTCOME}),
    "a batch with a part that is not whole": _batch(
        {"response": {"status": "200"}, "resource": {**_EMPTY, "total": 3}}
    ),
}


SLOW = {"too late", "drip", "half-closed", "the next page too late"}


def _entries(value: Any) -> list[Any]:
    found: list[Any] = value.get("entry", [])
    return found


def _half(whole: Any) -> Any:
    entries = _entries(whole)
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries[: len(entries) // 2]}


def _about_another(value: Any, who: str = "somebody-else") -> Any:
    """The same answer about another patient, with ids of its own."""
    changed = copy.deepcopy(value)
    for resource in [changed, *(entry["resource"] for entry in _entries(changed))]:
        if resource["resourceType"] == "Patient":
            resource["id"] = who
        elif "id" in resource:
            resource["id"] = f"{resource['id']}-{who}"
        for field in ("subject", "patient"):
            if field in resource:
                resource[field] = {"reference": f"Patient/{who}"}
    return changed
