"""`cds-targets heartbeat`: a call as a client makes it, and a line that says whether the card came."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_targets.cli import main
from tests.cli.test_serve import Server, free_port


def beat(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["heartbeat", *arguments])
    return result.exit_code, result.output


@pytest.mark.slow
def test_f21_the_synthetic_patients_card_comes_and_the_service_knows_a_heartbeat(tmp_path: Path) -> None:
    server = Server(tmp_path / "output")
    try:
        url = f"http://127.0.0.1:{server.port}"
        code, line = beat(url)
        assert (code, line.split(" in ")[0]) == (0, "OK targeted-therapies: kras-g12c-nsclc-second-line came")
        code, line = beat("--card", "no-such-card", url)
        assert code == 1
        assert line.startswith("ALARM targeted-therapies: no-such-card did not come, kras-g12c-nsclc-second-line came")
        metrics = server.call("GET", "/metrics")[2].decode()
        assert "cds_targets_heartbeat_last_success_seconds" in metrics
        assert 'service="targeted-therapies",status="200",what="call"' not in metrics
    finally:
        server.stop()


def test_no_answer_is_an_alarm() -> None:
    code, line = beat(f"http://127.0.0.1:{free_port()}")
    assert (code, line) == (1, "ALARM targeted-therapies: no answer (ConnectionRefusedError)\n")


@pytest.mark.parametrize(
    "url", ["cds.example.org", "ftp://cds.example.org", "https://a@cds.example.org", "https://x?y"]
)
def test_what_is_no_base_address_could_not_run(url: str) -> None:
    code, told = beat(url)
    assert code == 2
    assert "base address" in told


def test_a_signed_call_never_leaves_in_plain_text(tmp_path: Path) -> None:
    key = tmp_path / "monitor.jwk"
    key.write_text("{}")
    key.chmod(0o600)
    code, told = beat("--key", str(key), "--issuer", "https://monitor.example.org", "http://cds.example.org")
    assert code == 2
    assert "https only" in told


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "monitor.jwk"
    key.write_text("{}")
    key.chmod(0o644)
    code, told = beat("--key", str(key), "--issuer", "https://monitor.example.org", "https://cds.example.org")
    assert code == 2
    assert "chmod 600" in told
