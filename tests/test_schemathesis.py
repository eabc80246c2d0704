"""Whatever the description allows, the service answers as described: bodies made from openapi.yaml, none a fault."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cds_targets.settings import Settings
from cds_targets.web.app import create_app
from tests.test_examples import DAY, advisor

APP = create_app(Settings(), advisor(), today=lambda: DAY)
SCHEMA = schemathesis.openapi.from_wsgi("/openapi.yaml", APP)
# What a schema cannot say (a text that must itself be JSON, a list that one outcome asks for) may still be refused.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@pytest.mark.slow
@SCHEMA.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_body_the_description_allows_is_answered_as_described(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=CHECKS)
