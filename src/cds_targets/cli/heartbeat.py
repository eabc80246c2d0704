"""`cds-targets heartbeat`: one call to a running service as a client makes it, for a synthetic patient."""

from __future__ import annotations

import http.client
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import click

from cds_targets.errors import CdsTargetsError

CARD = "kras-g12c-nsclc-second-line"
_CHUNK = 65_536
_MOST_BYTES = 5_000_000
_LIFETIME = 60  # seconds a token is good for
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Beat:
    """What came of one call: whether the card came, and a line that says so."""

    good: bool
    line: str


@click.command()
@click.argument("url")
@click.option("--card", default=CARD, show_default=True, help="The id of the card that must come.")
@click.option("--service", default="targeted-therapies", show_default=True, help="The service that is called.")
@click.option("--call", "call_file", type=click.Path(path_type=Path), help="Another call than the example patient's.")
@click.option("--key", type=click.Path(path_type=Path), help="A private JWK (with kid and alg) to sign the call with.")
@click.option("--issuer", help="The `iss` of the token, as registered with the service; needed with --key.")
@click.option("--audience", metavar="URL", help="The public address of the service, where URL is another.")
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(0.1, 600), help="Seconds in all.")
@click.option("--every", type=click.FloatRange(1, 86_400), help="Call again and again, so many seconds apart.")
@click.pass_context
def heartbeat(
    context: click.Context,
    url: str,
    card: str,
    service: str,
    call_file: Path | None,
    key: Path | None,
    issuer: str | None,
    audience: str | None,
    timeout: float,
    every: float | None,
) -> None:
    """Call a running service for a synthetic patient, and say whether her card comes.

    URL is the base address (what stands before /cds-services). The call goes over the network like an EHR's; the
    patient is the first of examples/ under an id that no EHR has, by which the service knows a heartbeat: it is
    answered and kept in the audit like any other call, and counts as no clinical use. /health/ready and /metrics
    (cds_targets_heartbeat_last_success_seconds) tell when a heartbeat last succeeded, over all workers and hosts.

    Where calls must be signed, register the monitor like an EHR (docs/register-an-ehr.md) with the public part of
    --key. A private CA is named by SSL_CERT_FILE.

    \b
    Prints one line. Exit codes: 0 the card came; 1 it did not, or no good answer; 2 could not run.
    Examples:
      cds-targets heartbeat http://127.0.0.1:8000       # every few minutes, from a timer or a monitor
      cds-targets heartbeat --key monitor.jwk --issuer https://monitor.example.org https://cds.example.org
      cds-targets heartbeat --every 300 http://127.0.0.1:8000 | logger -t cds-heartbeat
    """
    base = _address(url)
    sign = _signer(key, issuer, (audience or url).rstrip("/"), base)
    body = _call(call_file)
    while True:
        beat = _beat(base, service, card, body(), sign(f"/cds-services/{service}"), timeout)
        click.echo(f"{'OK' if beat.good else 'ALARM'} {beat.line}")
        if every is None:
            context.exit(0 if beat.good else 1)
        time.sleep(every)


def _address(url: str) -> SplitResult:
    parts = urlsplit(url.rstrip("/").removesuffix("/cds-services"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise CdsTargetsError("URL must be a base address such as https://cds.example.org")
    return parts


def _call(file: Path | None) -> Any:
    """Makes the body of a call: each has a hookInstance of its own, and is about the patient of heartbeats."""
    from uuid import uuid4

    import orjson

    from cds_targets.cli.call import read_call
    from cds_targets.cli.serve import example_call
    from cds_targets.web.journal import HEARTBEAT_PATIENT

    path = file or example_call()
    if path is None:
        raise CdsTargetsError("the example patients are not installed: name a call with --call")
    patient = read_call(path).context.patient_id
    told = _renamed(orjson.loads(path.read_bytes()), patient, HEARTBEAT_PATIENT)
    return lambda: orjson.dumps({**told, "hookInstance": str(uuid4())})


def _renamed(value: Any, old: str, new: str) -> Any:
    """A call about the patient under another id, wherever her id or a reference to her stands."""
    if isinstance(value, dict):
        return {key: _renamed(part, old, new) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, old, new) for part in value]
    if isinstance(value, str) and (value == old or value.endswith(f"Patient/{old}")):
        return value.removesuffix(old) + new
    return value


def _signer(key: Path | None, issuer: str | None, audience: str, base: SplitResult) -> Any:
    """Makes the headers that sign a call to a path; raises CdsTargetsError."""
    if key is None:
        return lambda path: {}
    import jwt
    import orjson

    if issuer is None:
        raise CdsTargetsError("--key needs --issuer, the name under which the monitor is registered")
    if base.scheme != "https" and base.hostname not in _LOOPBACK:
        raise CdsTargetsError("a signed call goes over https only (http on loopback)")
    try:
        if key.stat().st_mode & 0o077:
            raise CdsTargetsError(f"{key} can be read by other users: chmod 600 it")
        told = orjson.loads(key.read_bytes())
        algorithm, kid, private = told["alg"], told["kid"], jwt.PyJWK.from_dict(told).key
        jwt.encode({}, private, algorithm=algorithm)
    except OSError as error:
        raise CdsTargetsError(f"{key}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
        raise CdsTargetsError(f"{key} is no private JWK with kid and alg") from None

    def headers(path: str) -> dict[str, str]:
        from uuid import uuid4

        now = int(time.time())
        claims = {"iss": issuer, "aud": f"{audience}{path}", "iat": now, "exp": now + _LIFETIME, "jti": str(uuid4())}
        token = jwt.encode(claims, private, algorithm=algorithm, headers={"kid": kid, "typ": "JWT"})
        return {"Authorization": f"Bearer {token}"}

    return headers


def _beat(base: SplitResult, service: str, card: str, body: bytes, headers: dict[str, str], timeout: float) -> Beat:
    started = time.monotonic()
    try:
        status, answer = _post(base, f"{base.path}/cds-services/{service}", body, headers, timeout)
    except (TimeoutError, ssl.SSLError, OSError, http.client.HTTPException) as error:
        if isinstance(error, TimeoutError):
            return Beat(False, f"{service}: no answer within {timeout:g} s")
        return Beat(False, f"{service}: no answer ({type(error).__name__})")
    took = f"{(time.monotonic() - started) * 1000:.0f} ms"
    if status != 200:
        return Beat(False, f"{service}: answered {status} in {took}")
    ids = _ids(answer)
    if ids is None:
        return Beat(False, f"{service}: answered what is no CDS Hooks answer in {took}")
    if card not in ids:
        came = f"{', '.join(ids)} came" if ids else "no card came"
        return Beat(False, f"{service}: {card} did not come, {came} in {took}")
    return Beat(True, f"{service}: {card} came in {took}")


def _post(base: SplitResult, path: str, body: bytes, headers: dict[str, str], timeout: float) -> tuple[int, bytes]:
    """Status and body. No redirect is followed and no proxy used; raises TimeoutError when the time is up."""
    deadline = time.monotonic() + timeout
    host, port = base.hostname or "", base.port
    if base.scheme == "https":
        tls = ssl.create_default_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, timeout=timeout, context=tls)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.connect()
        socket = connection.sock
        connection.request("POST", path, body, {"Content-Type": "application/json", "Connection": "close", **headers})
        answer = connection.getresponse()
        parts: list[bytes] = []
        while sum(map(len, parts)) < _MOST_BYTES:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            socket.settimeout(left)
            part = answer.read1(_CHUNK)
            if not part:
                break
            parts.append(part)
        return answer.status, b"".join(parts)
    finally:
        connection.close()


def _ids(body: bytes) -> list[str] | None:
    """The ids of the cards of an answer, None if it is none."""
    import orjson

    from cds_targets.hooks.response import EXTENSION

    try:
        return [str(card["extension"][EXTENSION]["id"]) for card in orjson.loads(body)["cards"]]
    except (ValueError, KeyError, TypeError):
        return None
