"""Drugs: each agent of the review is known, with what it aims at and where it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from cds_targets.terms import load_terms
from cds_targets.terms.drugs import Status

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "knowledge" / "review-facts.jsonl"
DRUGS = load_terms(ROOT / "cards" / "terms").drugs
TARGETED = sorted(
    {name for group in ("RAS-targeted", "MDM2-targeted", "PCNA-targeted") for name in DRUGS.members(group)}
)


@pytest.mark.parametrize("name", TARGETED)
def test_a_targeted_drug_says_its_target_its_mechanism_and_where_it_stands(name: str) -> None:
    drug = DRUGS.by_name[name]
    assert drug.target
    assert drug.mechanism
    assert drug.status
    assert all(status.source and status.date for status in drug.status)


@pytest.mark.skipif(not SHARED.is_file(), reason="the facts of the review are not here")
def test_every_agent_of_the_review_is_known_with_its_status() -> None:
    facts = [json.loads(line) for line in SHARED.read_text("utf-8").splitlines()]
    agents = {fact["id"]: fact["agent"] for fact in facts if fact["kind"] == "agent"}
    assert len(agents) == 105
    named = {row: DRUGS.in_text(agent) for row, agent in agents.items()}
    unnamed = {agents[row] for row, drugs in named.items() if not drugs}
    assert unnamed == {"statins; zoledronic acid; allosteric FPPS inhibitors"}
    assert {drug for drugs in named.values() for drug in drugs if not DRUGS.by_name[drug].status} == set()


def test_a_status_is_one_line_with_its_jurisdiction_and_date() -> None:
    given = Status(agency="EMA", status="conditional", what="NSCLC", date="2022-01-06", source="EMA")
    assert given.sentence == "EMA: conditional approval, NSCLC (2022-01-06)"
    assert Status(status="preclinical", date="2025-09", source="x").sentence == "preclinical only (2025-09)"


@pytest.mark.parametrize("wrong", [{"status": "promising"}, {"date": "last year"}, {"date": None}, {"source": None}])
def test_a_status_that_cannot_be_checked_is_refused(wrong: dict[str, str | None]) -> None:
    with pytest.raises(ValidationError):
        Status.model_validate({"status": "approved", "date": "2025", "source": "x"} | wrong)
