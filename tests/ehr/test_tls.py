"""T37: a FHIR server or key address is asked only behind a certificate that holds; otherwise nothing is sent to it."""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cds_targets.advice import Advisor
from cds_targets.auth.keys import fetched
from cds_targets.ehr.fetcher import Fetcher
from cds_targets.ehr.guarded import FetchError, Server
from cds_targets.errors import SettingsError
from cds_targets.fhir.record import PREFETCH
from cds_targets.settings import Settings
from tests.ehr.asking import call, chart
from tests.ehr.certificates import HOST, Authority
from tests.ehr.faulty import Running, running


@pytest.fixture
def house(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def asked(server: Running, ca: Path | None) -> set[str]:
    """The issue codes (or resource types) that a call to the server ends with."""
    asking = Fetcher([Server(server.base, internal=True, ca=ca)], resolve=lambda host, port: ["127.0.0.1"])
    found = asking.complete(call(server))
    return {value["issue"][0]["code"] if "issue" in value else "answered" for value in found.values()}


def test_t37_a_server_of_the_houses_own_authority_is_asked(house: Authority) -> None:
    with running(chart, house.server(), HOST) as server:
        assert asked(server, house.bundle) == {"answered"}
        assert len(server.requests) == len(PREFETCH)


def old(house: Authority) -> ssl.SSLContext:
    context = house.server()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


WORSE: dict[str, Callable[[Authority], ssl.SSLContext]] = {
    "expired": lambda house: house.server(days=-1),
    "self-signed": lambda house: house.server(self_signed=True),
    "for another host": lambda house: house.server("evil.test"),
    "of another authority": lambda house: Authority(house.folder, "other").server(),
    "TLS 1.1": old,
}


@pytest.mark.parametrize("what", WORSE)
def test_t37_nothing_is_sent_where_the_certificate_does_not_hold(house: Authority, what: str) -> None:
    with running(chart, WORSE[what](house), HOST) as server:
        assert asked(server, house.bundle) == {"transient"}
        assert server.requests == []


def test_t37_without_a_bundle_only_public_authorities_are_believed(house: Authority) -> None:
    with running(chart, house.server(), HOST) as server:
        assert asked(server, None) == {"transient"}
        assert server.requests == []


def test_t37_key_addresses_are_checked_in_the_same_way(house: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    def here(port: int) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with running(lambda exchange: exchange.json({"keys": []}), house.server(), HOST) as server:
        monkeypatch.setattr("cds_targets.ehr.guarded._is_public", lambda address: True)
        monkeypatch.setattr("socket.getaddrinfo", lambda host, port, *rest, **named: here(port))
        with pytest.raises(FetchError):
            fetched(server.base)
        assert server.requests == []
        assert fetched(server.base, house.bundle) == b'{"keys": []}'


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_t37_a_bundle_that_holds_no_certificate_stops_the_start(tmp_path: Path, text: str | None) -> None:
    bundle = tmp_path / "ca.pem"
    if text is not None:
        bundle.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match="CDS_TARGETS_CA_BUNDLE"):
        Advisor.load(Settings(ca_bundle=bundle))
