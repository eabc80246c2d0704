"""What is demanded of a call, what is repaired, and that errors name places and never values."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.errors import MissingData, RequestError, UnknownService
from cds_targets.hooks.request import parse_request
from cds_targets.hooks.services import SERVICES, check_call, service_of
from tests.calls import INSTANCE, order_select, patient_view

ACCESS = {"access_token": "secret-token", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs"}
ADA = {"userId": "Practitioner/dr-berg", "patientId": "ada"}

WRONG: list[tuple[dict[str, Any], str]] = [
    (patient_view(hook=...), "hook"),
    (patient_view(hook=7), "hook"),
    (patient_view(hookInstance=...), "hookInstance"),
    (patient_view(hookInstance=""), "hookInstance"),
    (patient_view(hookInstance=None), "hookInstance"),
    (patient_view(context=...), "context"),
    (patient_view(context=[]), "context"),
    (patient_view(context={}), "context.userId"),
    (patient_view(context={"userId": "Practitioner/1"}), "context.patientId"),
    (patient_view(context={**ADA, "patientId": 5}), "context.patientId"),
    (patient_view(context={**ADA, "patientId": ""}), "context.patientId"),
    (patient_view(context={**ADA, "patientId": "Group/ada"}), "context.patientId"),
    (patient_view(context={**ADA, "encounterId": 5}), "context.encounterId"),
    (patient_view(context={**ADA, "draftOrders": "none"}), "context.draftOrders"),
    (patient_view(context={**ADA, "selections": {"a": 1}}), "context.selections"),
    (patient_view(prefetch=[]), "prefetch"),
    (patient_view(prefetch="none"), "prefetch"),
    (patient_view(fhirServer=5), "fhirServer"),
    (patient_view(fhirServer="file:///etc/passwd"), "fhirServer"),
    (patient_view(fhirServer="http://[::1"), "fhirServer"),
    (patient_view(fhirServer=..., fhirAuthorization=ACCESS), "fhirServer"),
    (patient_view(fhirAuthorization="Bearer x"), "fhirAuthorization"),
    (patient_view(fhirAuthorization={**ACCESS, "token_type": "MAC"}), "fhirAuthorization.token_type"),
    (patient_view(fhirAuthorization={"access_token": "x"}), "fhirAuthorization"),
    (patient_view(fhirAuthorization={**ACCESS, "expires_in": "soon"}), "fhirAuthorization.expires_in"),
    (patient_view(fhirAuthorization={**ACCESS, "patient": "someone-else"}), "fhirAuthorization.patient"),
]


@pytest.mark.parametrize(("body", "path"), WRONG)
def test_a_wrong_call_is_refused_with_the_place(body: dict[str, Any], path: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_request(body)
    assert path in [issue.path for issue in refused.value.issues]
    assert "secret-token" not in str(refused.value)


@pytest.mark.parametrize("body", [None, [], "text", 5, True])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(RequestError):
        parse_request(body)


def test_errors_never_repeat_what_was_sent() -> None:
    body = patient_view(context={"userId": 5, "patientId": {"name": "Ada Lovelace"}, "encounterId": ["Ada Lovelace"]})
    with pytest.raises(RequestError) as refused:
        parse_request(body)
    assert "Lovelace" not in str(refused.value)
    assert len(refused.value.issues) == 3


HARMLESS: list[tuple[dict[str, Any], str]] = [
    (patient_view(hookInstance="constant"), "hookInstance is not a UUID"),
    (patient_view(context={**ADA, "userId": "dr-berg"}), "context.userId is not written Type/id"),
    (patient_view(fhirAuthorization={"scope": "patient/*.read"}), "fhirAuthorization holds no access_token"),
    (patient_view(extension="none"), "extension is not an object"),
]


@pytest.mark.parametrize(("body", "note"), HARMLESS)
def test_what_is_wrong_but_harmless_is_noted(body: dict[str, Any], note: str) -> None:
    assert parse_request(body).notes == (note,)


def test_a_call_as_the_specification_wants_it_needs_no_repair() -> None:
    request = parse_request(patient_view(fhirAuthorization={**ACCESS, "subject": "us", "patient": "ada"}))
    assert request.notes == ()
    assert request.hook_instance == INSTANCE
    assert request.context.patient_id == "ada"


def test_fields_nobody_knows_are_ignored() -> None:
    request = parse_request(patient_view(davinci={"x": 1}, context={**ADA, "department": "oncology"}))
    assert request.context.patient_id == "ada"


def test_a_patient_reference_counts_as_its_id() -> None:
    assert parse_request(patient_view(context={**ADA, "patientId": "Patient/ada"})).context.patient_id == "ada"


@pytest.mark.parametrize("prefetch", [None, ..., {}])
def test_no_prefetch_is_an_empty_one(prefetch: Any) -> None:
    assert parse_request(patient_view(prefetch=prefetch)).prefetch == {}


def test_null_in_prefetch_is_kept_apart_from_a_missing_key() -> None:
    assert parse_request(patient_view(prefetch={"conditions": None})).prefetch == {"conditions": None}


def test_one_selection_alone_is_a_list_of_one_and_none_is_not_empty() -> None:
    context = order_select()["context"]
    assert parse_request(order_select(context={**context, "selections": "MedicationRequest/1"})).context.selections == (
        "MedicationRequest/1",
    )
    assert parse_request(order_select(context={**context, "selections": []})).context.selections == ()
    assert parse_request(patient_view()).context.selections is None


def test_the_token_is_never_shown() -> None:
    request = parse_request(patient_view(fhirAuthorization=ACCESS))
    assert "secret-token" not in repr(request) + str(request.model_dump()) + request.model_dump_json()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["hook", "context", "prefetch", "x"]), inner),
    )
)
def test_any_json_is_a_call_or_is_refused(body: Any) -> None:
    with suppress(RequestError):  # any other error fails the test
        parse_request(body)


def test_an_order_service_without_its_orders_lacks_data() -> None:
    bare = parse_request(order_select(context=ADA))
    with pytest.raises(MissingData) as missing:
        check_call(SERVICES["therapy-safety-select"], bare)
    assert missing.value.keys == ("context.draftOrders",)


# The sandbox names the hook of its screen (spec: its quirk Q2); T42 asks that other mismatches are refused.
HOOKS = [
    ("therapy-safety-select", order_select(hook="patient-view"), True),
    ("therapy-safety-sign", order_select(), True),
    ("therapy-safety-select", order_select(hook="appointment-book"), False),
    ("therapy-safety-select", patient_view(), False),
    ("targeted-therapies", order_select(), False),
    ("targeted-therapies", patient_view(hook="PATIENT-VIEW"), False),
]


@pytest.mark.parametrize(("service", "body", "answered"), HOOKS)
def test_t42_hook_mismatch(service: str, body: dict[str, Any], answered: bool) -> None:
    request = parse_request(body)
    if answered:
        check_call(SERVICES[service], request)
    else:
        with pytest.raises(RequestError) as refused:
            check_call(SERVICES[service], request)
        assert [issue.path for issue in refused.value.issues] == ["hook"]


def test_no_other_service_is_known() -> None:
    with pytest.raises(UnknownService):
        service_of("targeted-therapy")
