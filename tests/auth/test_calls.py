"""Signed calls over HTTP: discovery, calls and feedback; a refusal is a bare 401, its reason only in the audit."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_targets.auth import ehrs, selfcheck
from cds_targets.auth.ehrs import load_ehrs
from cds_targets.errors import SettingsError
from cds_targets.settings import Mode, Settings
from cds_targets.store.store import Store
from cds_targets.web.app import create_app
from tests.auth.signing import CALLED, ISSUER, PUBLIC, Signer, key_set
from tests.calls import patient_view
from tests.web.conftest import FixedAdvisor

EPIC = Signer("k1")
FILE = """
ehrs:
  - name: main
    issuer: https://ehr.example.org/issuer
    jwks_file: keys.json
    fhir_server: https://ehr.example.org/fhir
"""


@pytest.fixture
def registered(tmp_path: Path) -> Path:
    (tmp_path / "ehrs.yaml").write_text(FILE)
    (tmp_path / "keys.json").write_bytes(key_set(EPIC))
    return tmp_path / "ehrs.yaml"


@pytest.fixture
def store() -> Store:
    return Store.in_memory()


@pytest.fixture
def advisor() -> FixedAdvisor:
    return FixedAdvisor()


@pytest.fixture
def client(registered: Path, store: Store, advisor: FixedAdvisor) -> FlaskClient:
    return create_app(Settings(ehrs=registered, public_url=PUBLIC), advisor, store).test_client()


def signed(path: str, jti: str = "one", **claims: Any) -> dict[str, str]:
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": PUBLIC + path, "iat": now, "exp": now + 200, "jti": jti}
    token = EPIC.token({"jku": ...}, **{**usual, **claims})
    return {"Authorization": f"Bearer {token}"}


def test_a_signed_call_is_answered_on_every_address(client: FlaskClient) -> None:
    feedback = f"{CALLED}/feedback"
    assert client.get("/cds-services", headers=signed("/cds-services", "a")).status_code == 200
    assert client.post(CALLED, json=patient_view(), headers=signed(CALLED, "b")).status_code == 200
    assert client.post(feedback, json={"feedback": []}, headers=signed(feedback, "c")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/cds-services"), ("POST", CALLED), ("POST", f"{CALLED}/feedback"), ("POST", "/getClinicalTrial")],
)
def test_an_unsigned_call_is_refused_before_its_body_is_read(
    client: FlaskClient, advisor: FixedAdvisor, method: str, path: str
) -> None:
    answer = client.open(path, method=method, data=b"\xff", content_type="application/json")
    assert (answer.status_code, answer.data) == (401, b"")
    assert advisor.calls == []


def test_t8_every_refusal_looks_the_same(client: FlaskClient) -> None:
    tried = [
        {},
        {"Authorization": "Bearer x"},
        signed("/cds-services/other"),
        signed(CALLED, iss="https://evil.example"),
        signed(CALLED, exp=5),
        {"Authorization": f"Bearer {Signer('k1').token()}"},
    ]
    seen = set()
    for headers in tried:
        answer = client.post(CALLED, json=patient_view(), headers=headers)
        seen.add(
            (answer.status_code, answer.data, answer.headers["WWW-Authenticate"], answer.headers["Content-Length"])
        )
    assert seen == {(401, b"", "Bearer", "0")}


def test_t8_the_reason_stands_in_the_audit_and_the_token_nowhere(
    client: FlaskClient, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    headers = signed("/cds-services/other")
    with caplog.at_level(logging.DEBUG):
        client.post(CALLED, json=patient_view(), headers=headers)
    with store.audit_rows() as rows:
        told = json.dumps(list(rows), default=str)
    assert "audience is another address" in told
    token = headers["Authorization"].split()[1]
    assert token not in told + caplog.text
    assert token.split(".")[2] not in told + caplog.text


def test_t2_forwarded_hosts_change_nothing(client: FlaskClient) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Host": "evil.example"}
    claimed = signed(CALLED, aud="http://evil.example" + CALLED)
    assert client.post(CALLED, json=patient_view(), headers={**claimed, **forged}).status_code == 401
    assert client.post(CALLED, json=patient_view(), headers={**signed(CALLED), **forged}).status_code == 200


def test_t4_a_token_used_before_is_refused(client: FlaskClient) -> None:
    headers = signed(CALLED)
    assert client.post(CALLED, json=patient_view(), headers=headers).status_code == 200
    assert client.post(CALLED, json=patient_view(), headers=headers).status_code == 401


def test_a_browser_reads_the_refusal_and_needs_no_token_for_its_preflight(client: FlaskClient) -> None:
    origin = {"Origin": "http://sandbox.example.org"}
    preflight = client.options(CALLED, headers={**origin, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204
    refused = client.post(CALLED, json=patient_view(), headers=origin)
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] in ("*", origin["Origin"])


def test_pages_for_people_and_operators_need_no_token(client: FlaskClient) -> None:
    for path in ("/", "/openapi.yaml", "/health/live"):
        assert client.get(path).status_code == 200


def test_the_fhir_server_of_another_ehr_is_not_asked(client: FlaskClient, advisor: FixedAdvisor) -> None:
    for jti, server in (("a", "https://ehr.example.org/fhir"), ("b", "https://other.example.org/fhir")):
        client.post(CALLED, json=patient_view(fhirServer=server), headers=signed(CALLED, jti))
    assert [call.fhir_server for _, call, _ in advisor.calls] == ["https://ehr.example.org/fhir", None]


# --- The registration file, and what may start ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ehrs: []", "at least 1"),
        ("nothing: 1", "ehrs"),
        (FILE.replace("jwks_file: keys.json", "jwks_url: http://ehr.example.org/keys"), "https"),
        (FILE.replace("jwks_file: keys.json", ""), "jwks_url or jwks_file"),
        (FILE + "    algorithms: [HS256]\n", "must be of"),
        (FILE + "    max_lifetime: 100000\n", "3600"),
        (FILE + "    secret: x\n", "secret"),
        (FILE + FILE.split("ehrs:")[1], "stands twice"),
        (FILE + FILE.split("ehrs:")[1].replace("main", "other"), "tenant of its own"),
        (FILE + "    tenant: a\n" + FILE.split("ehrs:")[1].replace("main", "other"), "tenant of its own"),
        (FILE + "    audiences: ['']\n", "must not be empty"),
        ("ehrs: [", "YAML"),
    ],
)
def test_a_registration_that_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "ehrs.yaml").write_text(text)
    with pytest.raises(SettingsError, match=said):
        load_ehrs(tmp_path / "ehrs.yaml")


def production(registered: Path, **changes: Any) -> Settings:
    whole = {"mode": Mode.PRODUCTION, "ehrs": registered, "public_url": PUBLIC, **changes}
    return Settings.model_validate(whole)


def test_production_starts_when_nothing_is_wrong(registered: Path) -> None:
    assert create_app(production(registered), FixedAdvisor())


@pytest.mark.parametrize("addition", ["jwks_url: http://127.0.0.1/keys", "issuer: https://sandbox.cds-hooks.org"])
def test_t7_test_issuers_do_not_start_in_production(registered: Path, addition: str) -> None:
    name = addition.split(":")[0]
    old = "jwks_file: keys.json" if name == "jwks_url" else "issuer: https://ehr.example.org/issuer"
    registered.write_text(FILE.replace(old, addition))
    with pytest.raises(SettingsError, match="test issuer"):
        create_app(production(registered), FixedAdvisor())


def test_t36_what_is_open_or_readable_by_others_does_not_start_in_production(registered: Path, tmp_path: Path) -> None:
    key = tmp_path / "store.key"
    key.write_text("x")
    key.chmod(0o644)
    wrong = [
        production(registered, ehrs=None),
        production(registered, public_url="http://cds.example.org"),
        production(registered, public_url="https://localhost"),
        production(registered, key_file=key),
        production(registered, internal_fhir_servers=("http://127.0.0.1:1/fhir",)),
    ]
    for settings in wrong:
        with pytest.raises(SettingsError):
            create_app(settings, FixedAdvisor())
    key.chmod(0o600)
    assert selfcheck.problems(production(registered, key_file=key), load_ehrs(registered)) == []


def test_the_guide_registers_as_the_program_reads(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "register-an-ehr.md").read_text("utf-8")
    blocks = [part.split("```")[0] for part in guide.split("```yaml\n")[1:]]
    assert blocks
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block)
        assert load_ehrs(path)
    assert all(f"`{name}`" in guide for name in ehrs.Ehr.model_fields)
