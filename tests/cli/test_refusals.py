"""T36: what must not run in production does not start: exit code 2, and a line that says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_targets.cli import main
from cds_targets.settings import Settings
from cds_targets.web.app import create_app
from tests.auth.test_calls import FILE
from tests.cli.test_doctor import sound
from tests.web.conftest import FixedAdvisor

Change = Callable[[Path, dict[str, str]], object]


def ehr(old: str, new: str) -> Change:
    return lambda place, environment: (place / "ehrs.yaml").write_text(FILE.replace(old, new))


def setting(name: str, value: str) -> Change:
    return lambda place, environment: environment.update({f"CDS_TARGETS_{name}": value})


def readable(name: str) -> Change:
    def change(place: Path, environment: dict[str, str]) -> None:
        (place / name).write_text("x" * 44)
        (place / name).chmod(0o644)

    return change


def unregistered(place: Path, environment: dict[str, str]) -> None:
    del environment["CDS_TARGETS_EHRS"]


REFUSED: list[tuple[str, Change, str]] = [
    ("open", unregistered, "does not start open"),
    ("no content approved", lambda place, environment: None, "no content is approved"),
    ("a public test issuer", ehr("https://ehr.example.org/issuer", "https://sandbox.cds-hooks.org"), "a test issuer"),
    ("an issuer over http", ehr("https://ehr.example.org/issuer", "http://ehr.example.org"), "without https"),
    ("keys on this machine", ehr("jwks_file: keys.json", "jwks_url: http://127.0.0.1/keys"), "a test issuer"),
    ("keys that are not there", ehr("keys.json", "nowhere.json"), "key file is not there"),
    ("a FHIR server over http", ehr("https://ehr.example.org/fhir", "http://localhost/fhir"), "without https"),
    ("a symmetric algorithm", ehr("    jwks", "    algorithms: [HS256]\n    jwks"), "must be of"),
    ("http outside", setting("PUBLIC_URL", "http://cds.example.org"), "callers need https"),
    ("this machine outside", setting("PUBLIC_URL", "https://localhost"), "names this machine"),
    ("any origin", setting("CORS_ORIGINS", "*"), "exact origins"),
    ("another FHIR server over http", setting("INTERNAL_FHIR_SERVERS", "http://127.0.0.1/fhir"), "without https"),
    ("a misspelt setting", setting("MODUS", "production"), "is not a setting"),
    ("a key that others can read", readable("store.key"), "can be read by others"),
    ("a store that others can read", readable("store.db"), "can be read by others"),
]


@pytest.mark.parametrize(("change", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_t36_production_does_not_start_with(tmp_path: Path, change: Change, says: str) -> None:
    environment = sound(tmp_path)
    change(tmp_path, environment)
    done = CliRunner().invoke(main, ["serve", "--port", "8999"], env=environment)
    assert done.exit_code == 2
    told = [line for line in done.output.splitlines() if says in line]
    assert len(told) == 1
    assert "Traceback" not in done.output
    checked = CliRunner().invoke(main, ["doctor"], env=environment)
    assert checked.exit_code in {1, 2}


def test_t36_debugging_cannot_be_switched_on_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = create_app(Settings(), FixedAdvisor())
    assert (app.debug, app.testing) == (False, False)
