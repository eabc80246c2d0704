"""F15: any card that went out can be made again, and what differs is named."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from cds_targets.advice import Advisor
from cds_targets.cli import main
from cds_targets.library.library import content_files
from cds_targets.settings import Settings
from cds_targets.store.governance import Decision
from cds_targets.store.store import Store
from cds_targets.web.app import create_app
from tests.test_examples import DAY, EXAMPLES, IRIS, TOMAS, advisor, example

VIEW = "targeted-therapies"
CARD = "kras-g12c-nsclc-second-line"
BODY = str(EXAMPLES / IRIS / "patient-view.json")
BY = ("Dr Berg", "a test")
LOAD = Advisor.load


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of the service and of the command, and content that is read once for all tests."""
    monkeypatch.setenv("CDS_TARGETS_STORE", str(tmp_path / "store.db"))
    loaded = advisor()

    def load(settings: Settings) -> Advisor:
        return LOAD(settings) if settings.cards else replace(loaded, settings=settings)

    monkeypatch.setattr(Advisor, "load", load)
    opened = Store.open(str(tmp_path / "store.db"))
    library = loaded.library
    opened.know(library.content_hash, content_files(library.folder))
    return opened


def service(store: Store, settings: Settings | None = None) -> FlaskClient:
    """The service on the example day, by the site's decisions."""
    settings = settings or Settings()
    by = replace(advisor(), settings=settings, policy=lambda: store.policy(False))
    knowledge = by.library.content_hash
    return create_app(settings, by, store, lambda: DAY, by.policy, knowledge=knowledge).test_client()


def told(store: Store, body: Any, name: str = VIEW, settings: Settings | None = None) -> tuple[str, dict[str, Any]]:
    """The number of a call and its answer."""
    answer = service(store, settings).post(f"/cds-services/{name}", json=body)
    return answer.headers["X-Request-ID"], answer.get_json()


def run(*words: str, sent: Any = None) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["replay", *words], input=json.dumps(sent))
    return result.exit_code, result.output


def as_json(*words: str, sent: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("--json", *words, sent=sent)[1])
    return found


def results(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(card["id"], card["result"]) for card in found["cards"]]


def test_f15_a_card_is_made_again_from_the_body_that_the_site_kept(store: Store) -> None:
    _, answer = told(store, example(IRIS, "patient-view"))
    code, text = run(answer["cards"][0]["uuid"], BODY)
    assert code == 0
    assert re.search(rf"^{CARD} \d+: comes out the same$", text, re.MULTILINE)
    assert "judged    as on 2026-11-23" in text
    assert "body      the one that was sent" in text


@pytest.mark.parametrize(
    ("who", "hook", "name"),
    [
        (IRIS, "patient-view", "matching-trials"),
        (IRIS, "order-select", "therapy-safety-select"),
        (IRIS, "order-sign", "therapy-safety-sign"),
        (TOMAS, "patient-view", "treatment-monitoring"),
        (TOMAS, "order-sign", "therapy-safety-sign"),
    ],
)
def test_f15_every_service_gives_the_same_again(store: Store, who: str, hook: str, name: str) -> None:
    request, answer = told(store, example(who, hook), name)
    found = as_json(request, "-", sent=example(who, hook))
    assert found["same"] is True
    assert [card["uuid"] for card in found["cards"]] == [card["uuid"] for card in answer["cards"]]
    assert {card["result"] for card in found["cards"]} <= {"same"}


def test_the_access_token_need_not_be_kept_and_the_order_of_keys_does_not_count(store: Store) -> None:
    access = {"access_token": "secret", "token_type": "Bearer"}
    body = {**example(IRIS, "patient-view"), "fhirServer": "https://ehr.example.org/fhir"}
    request, _ = told(store, {**body, "fhirAuthorization": access})
    assert as_json(request, "-", sent=dict(reversed(body.items())))["body"] == "same"


def test_another_body_of_the_same_patient_is_told_from_the_one_that_was_sent(store: Store) -> None:
    request, _ = told(store, example(IRIS, "patient-view"))
    other = {**example(IRIS, "patient-view"), "fhirServer": "https://ehr.example.org/fhir"}
    code, text = run(request, "-", sent=other)
    assert code == 1
    assert "NOT the one that was sent" in text
    assert re.search(rf"^{CARD} \d+: comes out the same$", text, re.MULTILINE)


def test_what_the_service_fetched_may_be_added_to_the_body(store: Store) -> None:
    whole = example(IRIS, "patient-view")
    prefetch = {key: value for key, value in whole["prefetch"].items() if key not in {"variants", "reports"}}
    request, _ = told(store, {**whole, "prefetch": prefetch})
    found = as_json(request, "-", sent=whole)
    assert (found["body"], found["absent"]) == ("filled", [])
    found = as_json(request, "-", sent={**whole, "prefetch": prefetch})
    assert (found["body"], found["absent"]) == ("same", ["variants", "reports"])
    bare = {key: value for key, value in whole.items() if key != "prefetch"}
    request, answer = told(store, bare)
    assert answer["issue"][0]["code"] == "incomplete"
    assert as_json(request, "-", sent=whole)["body"] == "filled"


def test_a_bundle_of_the_patient_will_do_for_a_chart(store: Store) -> None:
    request, _ = told(store, example(IRIS, "patient-view"))
    found = as_json(request, str(EXAMPLES / IRIS / "patient.json"))
    assert (found["body"], found["same"], results(found)) == ("bundle", True, [(CARD, "same")])


def test_a_bundle_will_not_do_for_an_order(store: Store) -> None:
    request, _ = told(store, example(IRIS, "order-sign"), "therapy-safety-sign")
    code, text = run(request, str(EXAMPLES / IRIS / "patient.json"))
    assert code == 2
    assert "a Bundle holds none" in text


@pytest.mark.parametrize(
    ("which", "body", "says"),
    [
        ("0000000000000000000000000000ffff", BODY, "no card or call of that number on record"),
        ("not-a-number", BODY, "hexadecimal digits"),
        ("REQUEST", str(EXAMPLES / TOMAS / "patient-view.json"), "about another patient"),
        ("REQUEST", "nowhere.json", "nowhere.json: No such file"),
        ("REQUEST", str(EXAMPLES / ".." / "README.md"), "not valid JSON"),
    ],
)
def test_what_cannot_be_judged_again_is_said(store: Store, which: str, body: str, says: str) -> None:
    request, _ = told(store, example(IRIS, "patient-view"))
    code, text = run(which.replace("REQUEST", request), body)
    assert code == 2
    assert says in text
    assert "Traceback" not in text


def test_a_body_that_is_no_call_is_said_by_its_fields(store: Store) -> None:
    request, _ = told(store, example(IRIS, "patient-view"))
    code, text = run(request, "-", sent={"hook": "patient-view"})
    assert code == 2
    assert "hookInstance is required" in text


def test_f15_content_that_changed_is_named_by_its_files_and_the_card_by_its_fields(
    store: Store, tmp_path: Path
) -> None:
    _, answer = told(store, example(IRIS, "patient-view"))
    cards = tmp_path / "cards"
    shutil.copytree(advisor().library.folder, cards)
    changed = cards / "therapy" / f"{CARD}.yaml"
    changed.write_text(changed.read_text("utf-8").replace("is an option", "may be considered"), "utf-8")
    (cards / "notice").mkdir(exist_ok=True)
    uuid = answer["cards"][0]["uuid"]
    found = as_json("--cards", str(cards), uuid, BODY)
    assert found["content"]["files"] == {f"therapy/{CARD}.yaml": "changed"}
    (card,) = found["cards"]
    assert (card["result"], card["fields"], card["then"]) == ("differs", ["summary"], None)
    assert card["now"]["summary"].endswith("may be considered")
    kept = tmp_path / "answer.json"
    kept.write_text(json.dumps(answer), "utf-8")
    code, text = run("--cards", str(cards), "--answer", str(kept), uuid, BODY)
    assert code == 1
    assert f"changed  therapy/{CARD}.yaml" in text
    assert "- KRAS G12C NSCLC after prior systemic therapy: sotorasib or adagrasib is an option" in text
    assert "+ KRAS G12C NSCLC after prior systemic therapy: sotorasib or adagrasib may be considered" in text
    assert run("--answer", str(kept), uuid, BODY)[0] == 0


def test_a_kept_answer_that_was_rewritten_is_refused(store: Store, tmp_path: Path) -> None:
    request, answer = told(store, example(IRIS, "patient-view"))
    answer["cards"][0]["summary"] = "Something else"
    kept = tmp_path / "answer.json"
    kept.write_text(json.dumps(answer), "utf-8")
    code, text = run("--answer", str(kept), request, BODY)
    assert code == 2
    assert "not what went out" in text


def test_f15_a_call_is_judged_by_the_decisions_of_its_moment(store: Store) -> None:
    shown, _ = told(store, example(IRIS, "patient-view"))
    store.decide("card", CARD, Decision.SHADOW, *BY)
    shadow, answer = told(store, example(IRIS, "patient-view"))
    assert CARD not in json.dumps(answer)
    store.decide("card", CARD, Decision.OFF, *BY)
    for request in (shown, shadow):
        found = as_json(request, BODY)
        assert found["same"] is True
    assert (CARD, "unrecorded") in results(found)


def test_a_service_in_shadow_or_off_comes_out_as_it_did(store: Store) -> None:
    store.decide("service", VIEW, Decision.SHADOW, *BY)
    shadow, _ = told(store, example(IRIS, "patient-view"))
    store.decide("service", VIEW, Decision.OFF, *BY)
    off, _ = told(store, example(IRIS, "patient-view"))
    found = as_json(shadow, BODY)
    assert (found["outcome"], found["same"]) == ({"then": "shadow", "now": "shadow"}, True)
    assert run(off, BODY)[0] == 0
    assert "The call ends as it did: off." in run(off, BODY)[1]


def test_a_call_that_lacked_data_lacks_them_again(store: Store) -> None:
    body = {**example(IRIS, "order-sign"), "context": {"userId": "Practitioner/a", "patientId": IRIS}}
    request, _ = told(store, body, "therapy-safety-sign")
    found = as_json(request, "-", sent=body)
    assert (found["outcome"]["now"], found["same"]) == ("missing-data", True)


def test_what_was_left_out_as_a_repeat_comes_out_when_judged_again(store: Store) -> None:
    body = example(TOMAS, "order-select")
    told(store, body, "therapy-safety-select")
    client = service(store)
    item = {"card": "", "outcome": "overridden", "outcomeTimestamp": "2026-03-01T09:30:00Z"}
    answer = client.post("/cds-services/therapy-safety-select", json=body).get_json()
    feedback = [{**item, "card": card["uuid"]} for card in answer["cards"]]
    client.post("/cds-services/therapy-safety-select/feedback", json={"feedback": feedback})
    request, second = told(store, body, "therapy-safety-select")
    assert len(second["cards"]) < len(answer["cards"])
    assert as_json(request, "-", sent=body)["same"] is True


def test_the_settings_of_then_are_used_and_the_difference_is_said(store: Store) -> None:
    body = example(TOMAS, "order-sign")
    request, answer = told(store, body, "therapy-safety-sign", Settings(max_cards=1))
    found = as_json(request, "-", sent=body)
    assert found["same"] is True
    assert found["settings"] == {"max_cards": {"then": 1, "now": 5}}
    assert "max_cards was 1 and is 5" in run(request, "-", sent=body)[1]
    assert len(found["cards"]) == len(answer["cards"])


def test_a_client_with_one_constant_hookinstance_is_served_as_well(store: Store) -> None:
    whole = example(IRIS, "patient-view")
    less = {**whole, "prefetch": {k: v for k, v in whole["prefetch"].items() if k != "conditions"}}
    _, first = told(store, whole)
    told(store, less)
    told(store, whole)
    uuid = first["cards"][0]["uuid"]
    assert as_json(uuid, BODY)["same"] is True


def test_a_row_of_the_first_version_is_judged_with_what_it_has(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Store.record_call

    def first_version(self: Store, call: Any, cards: Any = ()) -> None:
        old = replace(call, day=None, body="", sent=(), settings={})
        kept(self, old, [replace(card, fields={}) for card in cards])

    monkeypatch.setattr(Store, "record_call", first_version)
    request, _ = told(store, example(IRIS, "patient-view"))
    found = as_json(request, BODY)
    assert found["body"] == "unrecorded"
    assert found["cards"][0]["result"] in {"same", "differs"}  # the day is that of the row, not the example's
    assert found["cards"][0]["fields"] in ([], ["content"])


def test_the_help_teaches_what_to_keep_and_what_the_codes_mean() -> None:
    text = CliRunner().invoke(main, ["replay", "--help"]).output
    for words in ("Exit codes: 0 the same", "No FHIR server is", "git worktree", "as the site kept it"):
        assert words in " ".join(text.split())
