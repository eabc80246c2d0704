"""Discovery: five services, one hook each, templates inside the portable subset."""

from __future__ import annotations

import re

from cds_targets.hooks.services import SERVICES, discovery

READ = re.compile(r"[A-Z][A-Za-z]+/\{\{context\.patientId\}\}")
SEARCH = re.compile(r"[A-Z][A-Za-z]+\?(?P<query>.+)")


def test_the_five_services_are_published_with_one_hook_each() -> None:
    assert {entry["id"]: entry["hook"] for entry in discovery()["services"]} == {
        "targeted-therapies": "patient-view",
        "treatment-monitoring": "patient-view",
        "matching-trials": "patient-view",
        "therapy-safety-select": "order-select",
        "therapy-safety-sign": "order-sign",
    }


def test_every_entry_says_what_it_is_and_needs() -> None:
    for entry in discovery()["services"]:
        assert all(entry[name] for name in ("title", "description", "usageRequirements", "version", "prefetch"))
        assert re.fullmatch(r"[a-z0-9-]{1,64}", entry["id"])
        assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
    assert len(SERVICES) == len(discovery()["services"])


def test_prefetch_stays_in_the_portable_subset() -> None:
    for entry in discovery()["services"]:
        for template in entry["prefetch"].values():
            assert set(re.findall(r"\{\{.*?\}\}", template)) == {"{{context.patientId}}"}
            if READ.fullmatch(template):
                continue
            search = SEARCH.fullmatch(template)
            assert search is not None, template
            parameters = search["query"].split("&")
            names = [parameter.split("=")[0] for parameter in parameters]
            assert len(set(names)) == len(names), f"repeated parameters are collapsed by the sandbox: {template}"
            assert set(names) <= {"patient", "subject", "category", "code", "status", "_count", "_sort", "_include"}, (
                template
            )
            assert not any(":" in name for name in names), f"no modifiers: {template}"
