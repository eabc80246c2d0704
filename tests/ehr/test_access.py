"""T21: a token is used for its patient, while it holds, and for what its scopes allow; else nobody is asked."""

from __future__ import annotations

import gc

import pytest

from cds_targets.ehr.scopes import Reach, reach
from cds_targets.errors import RequestError
from cds_targets.fhir.record import PREFETCH
from tests.ehr.asking import answered, call, chart, fetcher, read
from tests.ehr.faulty import running

WHOLE, SOME, NONE = Reach.ALL, Reach.SOME, Reach.NONE


@pytest.mark.parametrize(
    ("scope", "search", "read_one"),
    [
        (None, WHOLE, WHOLE),
        ("", WHOLE, WHOLE),
        ("launch openid fhirUser", WHOLE, WHOLE),
        ("patient/*.read", WHOLE, WHOLE),
        ("user/Observation.read", WHOLE, WHOLE),
        ("system/*.*", WHOLE, WHOLE),
        ("patient/Observation.rs", WHOLE, WHOLE),
        ("patient/Observation.cruds", WHOLE, WHOLE),
        ("patient/Observation.r", NONE, WHOLE),
        ("patient/Observation.s", WHOLE, NONE),
        ("patient/Observation.write", NONE, NONE),
        ("patient/Condition.rs", NONE, NONE),
        ("patient/Condition.rs launch patient/*.rs", WHOLE, WHOLE),
        ("patient/Observation.rs?category=laboratory", SOME, SOME),
        ("patient/Observation.rs?category=laboratory patient/Observation.rs", WHOLE, WHOLE),
        ("patient/Observations.rs", NONE, NONE),
        ("patient/Observation.sr", WHOLE, WHOLE),  # letters out of order are no scope, and say nothing
    ],
)
def test_t21_what_scopes_allow(scope: str | None, search: Reach, read_one: Reach) -> None:
    assert reach(scope, "Observation", search=True) is search
    assert reach(scope, "Observation", search=False) is read_one


def test_t21_a_token_for_another_patient_is_refused() -> None:
    with running(chart) as server:
        with pytest.raises(RequestError, match=r"fhirAuthorization\.patient"):
            call(server, patient="somebody-else")
        assert server.requests == []


@pytest.mark.parametrize("seconds", [0, -5])
def test_t21_a_token_that_has_expired_is_not_used_and_that_is_said(seconds: int) -> None:
    with running(chart) as server:
        told = answered(call(server, "conditions", expires_in=seconds), fetcher(server))
        assert server.requests == []
    missing = [sentence for card in told for sentence in read(card).get("unknown", [])]
    assert "the EHR's permission to read genomic results had expired" in missing


def test_t21_what_the_scopes_leave_out_is_not_asked_for_and_is_named() -> None:
    with running(chart) as server:
        told = answered(call(server, scope="patient/Patient.r patient/Condition.rs"), fetcher(server))
        assert {asked.kind for asked in server.requests} == {"Patient", "Condition"}
    missing = [sentence for card in told for sentence in read(card).get("unknown", [])]
    assert "the EHR did not allow genomic results to be read" in missing


def test_t21_a_narrow_scope_never_makes_a_whole_answer() -> None:
    with running(chart) as server:
        asking = fetcher(server)
        asking.complete(call(server))
        sent = [key for key in PREFETCH if key != "variants"]
        narrow = "patient/Observation.rs?category=vital-signs"
        found = asking.complete(call(server, *sent, scope=narrow))["variants"]
    assert found["entry"][-1]["resource"]["resourceType"] == "OperationOutcome"


def holders(token: str) -> set[str]:
    """The kinds of object that hold the token; a tuple of texts is looked into, for nobody keeps track of it."""
    gc.collect()
    found = set()
    for thing in gc.get_objects():
        for member in gc.get_referents(thing):
            for text in member if type(member) is tuple else (member,):
                if type(text) is str and token in text:
                    found.add(type(thing).__name__)
    return found - {"frame"}  # of this test


def test_t21_no_object_holds_the_token_once_the_call_is_answered() -> None:
    token = "".join(("a-token-of", "-this-test", "-only"))  # in pieces: the constants of this code are no holders
    with running(chart) as server:
        asking = fetcher(server)
        request = call(server, token=token)
        assert len(answered(request, asking)) > 0
        assert {asked.headers["Authorization"] for asked in server.requests} == {f"Bearer {token}"}
        assert holders(token) != set()  # the tests' own server holds it until now
        server.requests.clear()
        del request
    assert holders(token) == set()
