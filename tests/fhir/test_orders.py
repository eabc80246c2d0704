"""The orders a suggestion places: complete, valid R4, and with nothing in them that was not a reference."""

from __future__ import annotations

from datetime import date

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds_targets.fhir.orders import OrderContext, service_requests
from cds_targets.library.library import content_folder
from cds_targets.terms import load_terms

LABS = load_terms(content_folder() / "terms").labs
DAY = date(2026, 11, 30)


@pytest.mark.parametrize("panel", sorted(LABS.panels))
@pytest.mark.parametrize("schedule", [None, *sorted(LABS.schedules)])
@pytest.mark.parametrize(("hook", "intent"), [("order-sign", "order"), ("order-select", "proposal")])
def test_every_panel_and_series_is_a_complete_draft_order(
    panel: str, schedule: str | None, hook: str, intent: str
) -> None:
    context = OrderContext("p", hook, DAY, "PractitionerRole/r", "MedicationRequest/m", "e1")
    placed = service_requests(LABS.panels[panel], LABS, context, LABS.schedules[schedule] if schedule else None)
    assert placed
    for resource in placed:
        ServiceRequest.model_validate(resource)
        assert resource["status"] == "draft"
        assert resource["intent"] == intent
        assert resource["subject"] == {"reference": "Patient/p"}
        assert resource["requester"] == {"reference": "PractitionerRole/r"}
        assert resource["encounter"] == {"reference": "Encounter/e1"}
        assert resource["supportingInfo"] == [{"reference": "MedicationRequest/m"}]
        assert resource["code"]["text"]
        assert ("occurrenceTiming" in resource) is (schedule is not None)
        assert ("occurrenceDateTime" in resource) is (schedule is None)


def test_a_series_ends_three_calendar_months_on_also_at_the_end_of_a_month() -> None:
    (placed,) = service_requests(
        LABS.panels["liver-panel"], LABS, OrderContext("p", "order-sign", DAY), LABS.schedules["sotorasib-liver"]
    )
    repeat = placed["occurrenceTiming"]["repeat"]
    assert repeat["boundsPeriod"] == {"start": "2026-11-30", "end": "2027-02-28"}
    assert (repeat["frequency"], repeat["period"], repeat["periodUnit"]) == (1, 3, "wk")


@pytest.mark.parametrize(
    "user", [None, "", "Practitioner", "Dr <b>Who</b>", "Practitioner/a b", "https://x/Practitioner/1"]
)
def test_a_user_that_is_no_reference_is_no_requester(user: str | None) -> None:
    (placed,) = service_requests(LABS.panels["cbc"], LABS, OrderContext("p", "order-sign", DAY, user))
    assert "requester" not in placed


@pytest.mark.parametrize(
    ("encounter", "reference"),
    [("e1", "Encounter/e1"), ("Encounter/e1", "Encounter/e1"), ("", None), (None, None), ("e 1", None), ("A/B", None)],
)
def test_an_encounter_is_named_where_its_id_can_be_one(encounter: str | None, reference: str | None) -> None:
    context = OrderContext("p", "order-sign", DAY, encounter=encounter)
    (placed,) = service_requests(LABS.panels["cbc"], LABS, context)
    assert placed.get("encounter") == ({"reference": reference} if reference else None)


@pytest.mark.parametrize(
    ("written", "panel"),
    [
        ("Hepatic function panel", "liver-panel"),
        ("liver function tests", "liver-panel"),
        ("CBC", "cbc"),
        ("CMP", "comprehensive-metabolic-panel"),
        ("Complete blood count with differential", "cbc"),
        ("12-lead ECG", "ecg"),
        ("Lipid panel", None),
        ("", None),
    ],
)
def test_a_panel_that_is_drafted_in_words_is_known(written: str, panel: str | None) -> None:
    assert [name for name, known in LABS.panels.items() if known.named(written)] == ([panel] if panel else [])
