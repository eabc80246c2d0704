"""F15-F18: switches and approvals, and how a running service follows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_targets.cli.serve import build
from cds_targets.errors import StoreUnavailable
from cds_targets.settings import Settings
from cds_targets.store import governance
from cds_targets.store.governance import Decision, Policy, PolicyWatch, Showing, Subject
from cds_targets.store.store import Store

BY = ("Dr Berg", "wrong threshold")
HASH = "a" * 64


def test_nobody_decided_anything_means_everything_is_shown(store: Store) -> None:
    policy = store.policy(only_approved=False)
    assert policy.showing("liver", 1, HASH) is Showing.SHOWN
    assert policy.service("matching-trials") is Showing.SHOWN
    assert not policy.decides


@pytest.mark.parametrize("kind", ["card", "service"])
def test_the_newest_switch_holds(store: Store, kind: Subject) -> None:
    def now() -> Showing:
        policy = store.policy(only_approved=False)
        return policy.showing("liver", 1, HASH) if kind == "card" else policy.service("liver")

    for decision, showing in (
        (Decision.OFF, Showing.OFF),
        (Decision.SHADOW, Showing.SHADOW),
        (Decision.ON, Showing.SHOWN),
    ):
        store.decide(kind, "liver", decision, *BY)
        assert now() is showing


def test_an_approval_holds_for_one_version_and_one_content(store: Store) -> None:
    store.decide("card", "liver", Decision.APPROVED, *BY, version=2, content=HASH)
    policy = store.policy(only_approved=True)
    assert policy.showing("liver", 2, HASH) is Showing.SHOWN
    assert policy.showing("liver", 1, HASH) is Showing.SHADOW
    assert policy.showing("liver", 2, "b" * 64) is Showing.SHADOW
    store.decide("card", "liver", Decision.OFF, *BY)
    assert store.policy(only_approved=True).showing("liver", 2, HASH) is Showing.OFF
    store.decide("card", "liver", Decision.ON, *BY)
    store.decide("card", "liver", Decision.WITHDRAWN, *BY, version=2, content=HASH)
    assert store.policy(only_approved=True).showing("liver", 2, HASH) is Showing.SHADOW


def test_f15_content_that_changed_since_its_approval_counts_as_not_approved() -> None:
    policy = Policy(approved=frozenset({("a", 1, "x"), ("b", 1, "y")}), only_approved=True)
    assert policy.approves({"a": "x", "b": "y", "c": "z"}) == 2
    assert policy.approves({"a": "x2", "b": "y2"}) == 0


def test_every_decision_is_in_the_audit(store: Store) -> None:
    store.decide("card", "liver", Decision.OFF, *BY)
    with store.audit_rows() as rows:
        (row,) = rows
    assert row["event"] == "decision"
    assert row["facts"]["by"], row["facts"]["reason"] == BY


def test_f18_a_watch_follows_and_keeps_the_last_known_state(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    alarms: list[bool] = []
    moment = [100.0]
    broken = [False]

    def read(newest: int) -> tuple[int, Policy] | None:
        if broken[0]:
            raise StoreUnavailable("gone")
        return store.policy_after(newest, False)

    monkeypatch.setattr(governance.time, "monotonic", lambda: moment[0])
    watch = PolicyWatch(read, alarms.append)
    assert watch().service("matching-trials") is Showing.SHOWN
    store.decide("service", "matching-trials", Decision.OFF, *BY)
    assert watch().service("matching-trials") is Showing.SHOWN
    moment[0] += governance.REFRESH_SECONDS
    assert watch().service("matching-trials") is Showing.OFF
    broken[0] = True
    moment[0] += governance.REFRESH_SECONDS
    assert watch().service("matching-trials") is Showing.OFF
    assert alarms == [False, False, True]


def test_a_watch_that_could_never_read_lets_nothing_through() -> None:
    def read(newest: int) -> tuple[int, Policy] | None:
        raise StoreUnavailable("gone")

    with pytest.raises(StoreUnavailable):
        PolicyWatch(read, lambda unreadable: None)()


def test_a_started_service_holds_no_connection_before_its_workers_are_forked(
    tmp_path: Path,
) -> None:
    place = tmp_path / "store.db"
    app = build(Settings(store=str(place)))
    assert not [link for link in Path("/proc/self/fd").iterdir() if str(link.resolve()).startswith(str(place))]
    assert app.test_client().get("/health/ready").status_code == 200
    assert [link for link in Path("/proc/self/fd").iterdir() if str(link.resolve()).startswith(str(place))]
