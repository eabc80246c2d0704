"""Hypothesis steady and patient, and the option that rewrites the golden answers (review the diff like code)."""

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew from today's answers")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden answers are to be written anew."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session", autouse=True)
def _own_state_folder() -> Iterator[None]:
    """No test, and no process a test starts, writes into this user's store."""
    before = os.environ.get("XDG_STATE_HOME")
    folder = os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="cds-targets-state-")
    yield
    shutil.rmtree(folder, ignore_errors=True)
    if before is None:
        del os.environ["XDG_STATE_HOME"]
    else:
        os.environ["XDG_STATE_HOME"] = before
