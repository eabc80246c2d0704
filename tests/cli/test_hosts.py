"""Two running services that share a store: processes on one file, hosts on one PostgreSQL; every call is signed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from cds_targets.cli import main
from cds_targets.cli.audit import open_store
from cds_targets.store.governance import REFRESH_SECONDS, Decision
from cds_targets.store.tables import feedback
from tests.auth.signing import PUBLIC, Signer, key_set
from tests.cli.test_serve import Server
from tests.cli.test_serve_store import CARD, JSON, VIEW
from tests.store.servers import postgresql, programs
from tests.test_examples import IRIS, example

pytestmark = pytest.mark.slow
EHR, MONITOR = Signer("k1"), Signer("m1")
REGISTERED = """
ehrs:
  - {name: main, issuer: "https://ehr.example.org/issuer", jwks_file: keys.json}
  - {name: monitor, issuer: "https://monitor.example.org", jwks_file: monitor.json}
"""
BACKENDS = ["one file", *(["one PostgreSQL"] if programs() is not None else [])]


@pytest.fixture(scope="module", params=BACKENDS)
def hosts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    place = tmp_path_factory.mktemp("hosts")
    (place / "ehrs.yaml").write_text(REGISTERED)
    (place / "keys.json").write_bytes(key_set(EHR))
    (place / "monitor.json").write_bytes(key_set(MONITOR))
    with pytest.MonkeyPatch.context() as environment:
        if request.param == "one file":
            yield from started(environment, place, str(place / "store.db"))
        else:
            with postgresql() as address:
                yield from started(environment, place, address)


def started(environment: pytest.MonkeyPatch, place: Path, store: str) -> Iterator[tuple[Server, Server]]:
    environment.setenv("CDS_TARGETS_EHRS", str(place / "ehrs.yaml"))
    environment.setenv("CDS_TARGETS_PUBLIC_URL", PUBLIC)
    environment.setenv("CDS_TARGETS_STORE", store)
    environment.setenv("CDS_TARGETS_KEY_FILE", str(place / "site.key"))
    servers = Server(place / "one"), Server(place / "two")
    yield servers
    for server in servers:
        server.stop()


def token(jti: str, path: str = VIEW) -> str:
    now = int(time.time())
    claims = {"iss": "https://ehr.example.org/issuer", "aud": PUBLIC + path, "iat": now, "exp": now + 200, "jti": jti}
    return EHR.token({"jku": ...}, **claims)


def post(server: Server, body: Any, bearer: str, path: str = VIEW) -> tuple[int, str]:
    status, _, told = server.call("POST", path, json.dumps(body), Authorization=f"Bearer {bearer}", **JSON)
    return status, told.decode()


def test_t4_a_token_is_accepted_once_over_all_workers_of_all_hosts(
    hosts: tuple[Server, Server], capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = [token(f"once-{number}") for number in range(25)]
    tries = [(host, one) for one in tokens for host in (*hosts, *hosts)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda each: post(each[0], example(IRIS, "patient-view"), each[1])[0], tries))
    assert Counter(statuses) == {200: len(tokens), 401: len(tries) - len(tokens)}
    with capsys.disabled():
        print(f"\n  replays over two hosts tried {len(tries) - len(tokens)}, accepted 0")


def test_f18_a_card_switched_off_is_shown_by_no_host_within_seconds(hosts: tuple[Server, Server]) -> None:
    def shown() -> bool:
        return any(
            CARD in post(host, example(IRIS, "patient-view"), token(str(time.monotonic_ns())))[1] for host in hosts
        )

    assert shown()
    off = [sys.executable, "-m", "cds_targets", "cards", "off", CARD, "--by", "Dr Berg", "--reason", "a test"]
    subprocess.run(off, check=True)  # noqa: S603
    time.sleep(REFRESH_SECONDS)  # from then on every worker asks anew
    assert not any(shown() for _ in range(10))
    store = open_store()
    store.decide("card", CARD, Decision.ON, "Dr Berg", "a test")
    store.close()
    time.sleep(REFRESH_SECONDS)
    assert shown()


TOLD = "a5e0c9b2-6a2f-4c65-9a53-6f1d1a9f7c10"


def test_t31_feedback_told_to_both_hosts_is_kept_once(hosts: tuple[Server, Server]) -> None:
    path = VIEW + "/feedback"
    item = {"card": TOLD, "outcome": "overridden", "outcomeTimestamp": "2026-03-01T09:30:00Z"}
    tries = [(host, token(f"feedback-{number}-{host.port}", path)) for number in range(10) for host in hosts]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: post(each[0], {"feedback": [item]}, each[1], path), tries))
    assert {status for status, _ in answers} == {200}
    assert sum(json.loads(told)["new"] for _, told in answers) == 1
    store = open_store()
    with store.database.reading() as connection:
        kept = list(connection.execute(select(feedback.c.uuid).where(feedback.c.uuid == TOLD)))
    assert len(kept) == 1
    assert store.verify().problems == ()
    store.close()


def test_f21_a_signed_heartbeat_is_let_in_and_an_unsigned_one_is_an_alarm(
    hosts: tuple[Server, Server], tmp_path: Path
) -> None:
    key = tmp_path / "monitor.jwk"
    private = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(MONITOR.private))
    key.write_text(json.dumps({**private, "kid": "m1", "alg": "ES384"}))
    key.chmod(0o600)
    signed = ["--key", str(key), "--issuer", "https://monitor.example.org", "--audience", PUBLIC]
    for host in hosts:
        url = f"http://127.0.0.1:{host.port}"
        done = CliRunner().invoke(main, ["heartbeat", *signed, url])
        assert (done.exit_code, done.output.split(" in ")[0]) == (0, f"OK targeted-therapies: {CARD} came")
        done = CliRunner().invoke(main, ["heartbeat", url])
        assert (done.exit_code, done.output.split(" in ")[0]) == (1, "ALARM targeted-therapies: answered 401")
        stranger = [*signed[:3], "https://stranger.example.org", *signed[4:]]
        assert CliRunner().invoke(main, ["heartbeat", *stranger, url]).exit_code == 1
        assert b"cds_targets_heartbeat_last_success_seconds" in host.call("GET", "/metrics")[2]
