"""Settings: read from the environment, and refused with a sentence that helps."""

from __future__ import annotations

import pytest

from cds_targets.errors import SettingsError
from cds_targets.settings import Mode, Settings


def test_nothing_set_is_an_open_evaluation_on_this_machine() -> None:
    settings = Settings.from_environment({"PATH": "/bin", "CDS_TARGETS_MODE": ""})
    assert settings == Settings()
    assert settings.evaluation
    assert settings.zone.key == "UTC"


def test_every_value_comes_from_its_variable() -> None:
    settings = Settings.from_environment(
        {
            "CDS_TARGETS_MODE": "production",
            "CDS_TARGETS_PUBLIC_URL": "https://cds.example.org/oncology/",
            "CDS_TARGETS_TIME_ZONE": "Europe/Berlin",
            "CDS_TARGETS_MAX_BODY_BYTES": "2000000",
            "CDS_TARGETS_CORS_ORIGINS": "https://ehr.example.org, https://two.example.org:8443",
        }
    )
    assert settings.mode is Mode.PRODUCTION
    assert settings.public_url == "https://cds.example.org/oncology"
    assert settings.max_body_bytes == 2_000_000
    assert settings.cors_origins == ("https://ehr.example.org", "https://two.example.org:8443")


WRONG = [
    ("CDS_TARGETS_MODE", "prod", "'evaluation' or 'production'"),
    ("CDS_TARGETS_MOOD", "evaluation", "did you mean CDS_TARGETS_MODE"),
    ("CDS_TARGETS_XYZ", "1", "is not a setting"),
    ("CDS_TARGETS_TIME_ZONE", "Mars/Olympus", "IANA time zone"),
    ("CDS_TARGETS_TIME_ZONE", "../../etc/passwd", "IANA time zone"),
    ("CDS_TARGETS_PUBLIC_URL", "cds.example.org", "absolute http(s) address"),
    ("CDS_TARGETS_MAX_BODY_BYTES", "5 MB", "integer"),
    ("CDS_TARGETS_MAX_BODY_BYTES", "10", "greater than or equal to 1000"),
    ("CDS_TARGETS_CORS_ORIGINS", "*", "exact origins"),
    ("CDS_TARGETS_CORS_ORIGINS", "https://ehr.example.org/path", "exact origins"),
]


@pytest.mark.parametrize(("name", "value", "says"), WRONG)
def test_a_wrong_setting_is_refused_with_its_name(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({name: value})
    assert name in str(refused.value)
    assert says in str(refused.value)


def test_production_refuses_to_start_open() -> None:
    with pytest.raises(SettingsError, match="no EHR is registered"):
        Settings(mode=Mode.PRODUCTION).refuse_if_open()
    Settings().refuse_if_open()


@pytest.mark.parametrize(
    "base",
    [
        "http://ehr.example.org/fhir",
        "ehr.example.org",
        "https://x@ehr.example.org/fhir",
        "https://e.org/fhir?x=1",
        "ftp://e",
    ],
)
def test_a_fhir_server_is_registered_by_a_plain_https_address(base: str) -> None:
    with pytest.raises(SettingsError, match="FHIR_SERVERS"):
        Settings.from_environment({"CDS_TARGETS_FHIR_SERVERS": base})


def test_fhir_servers_are_listed_with_commas_and_lose_their_last_slash() -> None:
    listed = "https://a.example.org/fhir/, http://127.0.0.1:8090/fhir"
    assert Settings.from_environment({"CDS_TARGETS_INTERNAL_FHIR_SERVERS": listed}).internal_fhir_servers == (
        "https://a.example.org/fhir",
        "http://127.0.0.1:8090/fhir",
    )
