"""What the guides say is so: scopes, alarms, files for operators."""

from __future__ import annotations

import re
from pathlib import Path

from cds_targets.fhir.record import PREFETCH

DOCS = Path(__file__).parents[1] / "docs"
EHR = (DOCS / "register-an-ehr.md").read_text("utf-8")


def test_t41_the_scopes_are_those_of_what_is_asked_for_and_no_more() -> None:
    asked = {template.query.split("?")[0].split("/")[0] for template in PREFETCH.values()}
    asked |= {"Medication"} if any("_include" in template.query for template in PREFETCH.values()) else set()
    assert set(re.findall(r"`patient/(\w+)\.read`", EHR)) == asked
    assert {name for name, _ in re.findall(r"`patient/(\w+)\.(rs?)`", EHR)} == asked
