"""openapi.yaml and the code hold each other: routes, models, and every sample request and answer."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from pydantic import BaseModel

from cds_targets import __version__, yaml_source
from cds_targets.advice import Advisor
from cds_targets.hooks import feedback, request, response
from cds_targets.hooks.services import SERVICES, discovery
from cds_targets.settings import Settings
from cds_targets.web.app import create_app
from tests.calls import order_select, patient_view
from tests.charts import BODIES
from tests.web.conftest import FixedAdvisor

ROOT = Path(__file__).parents[1]
MODELS: dict[str, type[BaseModel]] = {
    "HookRequest": request.HookRequest,
    "FhirAuthorization": request.FhirAuthorization,
    "Context": request.Context,
    "HookResponse": response.HookResponse,
    "Card": response.Card,
    "Source": response.Source,
    "Coding": response.Coding,
    "OverrideReason": response.OverrideReason,
    "Suggestion": response.Suggestion,
    "Action": response.Action,
    "Link": response.Link,
    "CardExtensions": response.CardExtensions,
    "CardExtension": response.CardExtension,
    "Strength": response.Strength,
    "Regulatory": response.Regulatory,
    "Because": response.Because,
    "CitedEvidence": response.CitedEvidence,
    "Feedback": feedback.Feedback,
    "FeedbackItem": feedback.FeedbackItem,
    "AcceptedSuggestion": feedback.AcceptedSuggestion,
    "FeedbackReason": feedback.OverrideReason,
    "ReasonCoding": feedback.ReasonCoding,
}
# What the answer always carries although the model has a default for it.
ALWAYS_SENT = {"HookResponse": {"cards"}, "Link": {"type"}}


@cache
def described() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(yaml_source.read(ROOT / "openapi.yaml").data))
    return document


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({**described(), "$ref": f"#/components/schemas/{name}"})


def test_the_description_is_valid_openapi() -> None:
    validate(described())
    assert described()["info"]["version"] == __version__


def test_every_route_is_described_and_every_description_has_a_route() -> None:
    app = create_app(Settings(), FixedAdvisor())
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower(), rule.endpoint.split(".")[-1])
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {
        (path, method, operation["operationId"])
        for path, operations in described()["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    }
    assert routes == told


def test_the_services_are_those_described() -> None:
    assert described()["components"]["parameters"]["ServiceId"]["schema"]["enum"] == list(SERVICES)
    validator("Discovery").validate(discovery())


def simplified(schema: Any, definitions: dict[str, Any]) -> Any:
    """What two ways of writing one schema have in common: types, words, limits; references followed one level."""
    options = [part for part in schema.get("anyOf", []) if part != {"type": "null"}]
    if options:
        return simplified({**options[0], **{k: v for k, v in schema.items() if k != "anyOf"}}, definitions)
    if "$ref" in schema:
        target = definitions[schema["$ref"].rsplit("/", 1)[-1]]
        return "object" if target.get("type") == "object" else simplified(target, definitions)
    kept = ("type", "enum", "pattern", "minLength", "maxLength", "minimum", "minItems", "maxItems")
    found = {key: schema[key] for key in kept if key in schema}
    if isinstance(found.get("type"), list):
        found["type"] = found["type"][0]  # the usual one first; what is taken for it or for absent follows
    if found == {"type": "object"}:
        return "object"
    if "items" in schema:
        found["items"] = simplified(schema["items"], definitions)
    return found


@pytest.mark.parametrize("name", MODELS)
def test_a_model_and_its_description_agree(name: str) -> None:
    mode = "serialization" if MODELS[name].__module__.endswith("response") else "validation"
    model = MODELS[name].model_json_schema(by_alias=True, mode=mode)  # type: ignore[arg-type]
    told = described()["components"]["schemas"][name]
    assert set(told["properties"]) == set(model["properties"])
    assert set(told.get("required", [])) == set(model.get("required", [])) | ALWAYS_SENT.get(name, set())
    for field, schema in model["properties"].items():
        ours = simplified(schema, model.get("$defs", {}))
        theirs = simplified(told["properties"][field], described()["components"]["schemas"])
        assert ours == theirs, field


def test_every_schema_is_held_to_a_model_or_used_by_an_answer() -> None:
    schemas = set(described()["components"]["schemas"])
    answers = {"Discovery", "Service", "FeedbackTaken", "Alive", "Ready", "OperationOutcome", "Issue", "Kind"}
    answers |= {"PatientData", "StudySearchset"}
    assert schemas == set(MODELS) | answers


def test_the_published_extension_schema_is_the_described_one() -> None:
    client = create_app(Settings(), FixedAdvisor()).test_client()
    published = client.get("/schemas/card-extension.json").get_json()
    told = described()["components"]["schemas"]
    assert set(published["properties"]) == set(told["CardExtension"]["properties"])
    assert published["required"] == told["CardExtension"]["required"]
    assert published["$defs"]["Kind"]["enum"] == told["Kind"]["enum"]


SAMPLES = [patient_view(), order_select()]


@pytest.mark.parametrize("sample", SAMPLES)
def test_sample_calls_are_described(sample: dict[str, Any]) -> None:
    validator("HookRequest").validate(sample)


ANSWERS = [
    ("GET", "/cds-services", None, 200, "Discovery"),
    ("POST", "/cds-services/targeted-therapies", patient_view(), 200, "HookResponse"),
    ("POST", "/cds-services/targeted-therapies", {}, 400, "OperationOutcome"),
    ("POST", "/cds-services/nothing", {}, 404, "OperationOutcome"),
    ("POST", "/cds-services/therapy-safety-sign", patient_view(hook="order-sign"), 412, "OperationOutcome"),
    ("POST", "/cds-services/targeted-therapies/feedback", {"feedback": []}, 200, "FeedbackTaken"),
    ("GET", "/health/live", None, 200, "Alive"),
    ("GET", "/health/ready", None, 200, "Ready"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "name"), ANSWERS)
def test_answers_are_described(method: str, path: str, body: Any, status: int, name: str) -> None:
    client = create_app(Settings(), FixedAdvisor()).test_client()
    answer = client.open(path, method=method, json=body) if body is not None else client.open(path, method=method)
    assert answer.status_code == status
    validator(name).validate(answer.get_json())


def test_an_error_is_valid_fhir() -> None:
    client = create_app(Settings(), FixedAdvisor()).test_client()
    answer = client.post("/cds-services/targeted-therapies", json={})
    assert get_fhir_model_class("OperationOutcome").model_validate(answer.get_json())


def examples(kind: str) -> list[Any]:
    """Every JSON object in `examples/` that has the key."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "examples").rglob("*.json"))]
    return [value for value in found if kind in value]


def test_every_example_is_described() -> None:
    for call in examples("hookInstance"):
        validator("HookRequest").validate(call)
    for answer in examples("cards"):
        validator("HookResponse").validate(answer)


@pytest.mark.parametrize("service", BODIES)
def test_what_the_shipped_content_answers_is_described(service: str) -> None:
    client = create_app(Settings(), Advisor.load(Settings()), today=lambda: date(2026, 3, 1)).test_client()
    answer = client.post(f"/cds-services/{service}", json=BODIES[service])
    assert answer.status_code == 200
    validator("HookResponse").validate(answer.get_json())
    for card in answer.get_json()["cards"]:
        for suggestion in card.get("suggestions", []):
            for action in suggestion["actions"]:
                assert get_fhir_model_class(action["resource"]["resourceType"]).model_validate(action["resource"])
