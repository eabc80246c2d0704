"""The web door with an advisor that answers what the test wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_targets.hooks.request import HookRequest
from cds_targets.hooks.response import HookResponse
from cds_targets.hooks.services import check_call, service_of
from cds_targets.settings import Settings
from cds_targets.store.store import Store
from cds_targets.web.app import create_app

TODAY = date(2026, 3, 1)


@dataclass
class FixedAdvisor:
    """Checks that the call suits the service, remembers it, and answers with `answer()`."""

    answer: Callable[[], HookResponse] = HookResponse
    calls: list[tuple[str, HookRequest, date]] = field(default_factory=list)
    reasons: frozenset[tuple[str, str]] = frozenset({("https://example.org", "patient-refuses")})

    def advise(self, service_id: str, request: HookRequest, today: date) -> HookResponse:
        check_call(service_of(service_id), request)
        self.calls.append((service_id, request, today))
        return self.answer()

    def studies_for(self, bundle: Any, today: date) -> dict[str, Any]:
        return {"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": []}


@pytest.fixture
def advisor() -> FixedAdvisor:
    return FixedAdvisor()


@pytest.fixture
def store() -> Store:
    return Store.in_memory()


@pytest.fixture
def client(advisor: FixedAdvisor, store: Store) -> FlaskClient:
    return create_app(Settings(), advisor, store, lambda: TODAY).test_client()
