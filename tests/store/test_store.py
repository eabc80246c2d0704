"""Calls, feedback and tokens: kept once, for whom they belong to, and with nothing of the patient."""

from __future__ import annotations

import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from cds_targets.errors import SettingsError, StoreUnavailable
from cds_targets.store.database import default_path, url_of
from cds_targets.store.feedback import FeedbackRecord
from cds_targets.store.issued import IssuedCard
from cds_targets.store.keep import backup, purge
from cds_targets.store.store import CallRecord, Store
from cds_targets.store.tables import comments, feedback, issued
from tests.store.ids import uuid_of

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SELECT = "therapy-safety-select"


def card(name: str = "c1", said: str = "check the liver") -> IssuedCard:
    return IssuedCard(uuid_of(name), "liver", 3, "toxicity", "warning", said.encode())


def show(store: Store, *cards: IssuedCard, patient: str = "ada", tenant: str = "", viewer: str = "dr-berg") -> None:
    store.record_call(CallRecord("r1", SELECT, "cards", patient, viewer, "k" * 64, tenant), cards)


def dismissed(name: str = "c1", comment: str | None = None, at: datetime = AT) -> FeedbackRecord:
    return FeedbackRecord(SELECT, uuid_of(name), "overridden", at, comment=comment)


def kept(store: Store, column: object) -> list[object]:
    with store.database.reading() as connection:
        return list(connection.execute(select(column)).scalars())  # type: ignore[call-overload]


def shown(store: Store, patient: str = "ada", viewer: str = "dr-berg", tenant: str = "") -> list[tuple[str, bool]]:
    found = store.shown_since(tenant, patient, viewer, [SELECT], LONG_AGO)
    return [(one.card, one.answered) for one in found]


def test_a_card_that_went_out_is_kept_with_its_version_and_content(store: Store) -> None:
    show(store, card())
    with store.database.reading() as connection:
        (row,) = connection.execute(select(issued)).mappings()
    assert (row["card"], row["version"], row["kind"], row["knowledge"]) == ("liver", 3, "toxicity", "k" * 64)


def test_t13_nothing_of_the_patient_or_the_user_is_kept(store: Store) -> None:
    show(store, card(said="CANARY said"), patient="CANARY-patient", viewer="CANARY-user")
    store.add_feedback([dismissed()])
    with store.audit_rows() as rows:
        told = str(list(rows))
    for table in ("issued", "feedback", "audit_head", "tokens", "decisions"):
        with store.database.reading() as connection:
            told += str(connection.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608
    assert "CANARY" not in told


def test_an_answer_given_again_is_kept_once(store: Store) -> None:
    show(store, card())
    show(store, card())
    assert kept(store, issued.c.uuid) == [uuid_of("c1")]


def test_feedback_is_kept_once_however_often_it_is_told(store: Store) -> None:
    show(store, card())
    assert store.add_feedback([dismissed(), dismissed()]) == 1
    assert [store.add_feedback([dismissed()]) for _ in range(20)] == [0] * 20
    assert store.add_feedback([dismissed(), dismissed(at=AT + timedelta(seconds=1))]) == 1
    assert len(kept(store, feedback.c.uuid)) == 2


def test_a_comment_is_kept_apart_and_only_with_a_card_of_ours(store: Store) -> None:
    show(store, card())
    store.add_feedback([dismissed(comment="moves away"), dismissed("unknown", comment="somebody else's")])
    assert kept(store, comments.c.text) == ["moves away"]
    assert kept(store, feedback.c.commented) == [1, 1]


def test_feedback_on_an_unknown_card_is_kept_and_answers_nothing(store: Store) -> None:
    assert store.add_feedback([dismissed("never-issued")]) == 1
    show(store, card())
    assert shown(store) == [("liver", False)]


def test_feedback_answers_the_card_it_is_about(store: Store) -> None:
    show(store, card("c1"), card("c2", "another"))
    store.add_feedback([dismissed("c1")])
    assert shown(store) == [("liver", True), ("liver", False)]


def test_feedback_that_came_before_the_card_does_not_answer_it(store: Store) -> None:
    store.add_feedback([dismissed("c1")])
    show(store, card("c1"))
    assert shown(store) == [("liver", False)]


def test_t30_another_tenant_sees_and_answers_nothing(store: Store) -> None:
    show(store, card(), tenant="north")
    assert shown(store, tenant="south") == []
    assert store.add_feedback([dismissed(comment="of the south")], tenant="south") == 1
    assert shown(store, tenant="north") == [("liver", False)]
    assert kept(store, comments.c.text) == []


def test_what_one_user_saw_another_has_not_seen(store: Store) -> None:
    show(store, card(), viewer="dr-berg")
    assert shown(store, viewer="dr-fell") == []


def test_a_uuid_that_stands_for_two_patients_is_answered_for_neither(store: Store) -> None:
    show(store, card(), patient="ada")
    show(store, card(), patient="bea")
    store.add_feedback([dismissed()])
    assert shown(store, "ada") == [("liver", False)]
    assert shown(store, "bea") == [("liver", False)]


def test_t4_a_token_is_fresh_once(store: Store) -> None:
    assert store.seen_jti("https://ehr.example.org", "t1", 4_000_000_000) is False
    assert store.seen_jti("https://ehr.example.org", "t1", 4_000_000_000) is True
    assert store.seen_jti("https://other.example.org", "t1", 4_000_000_000) is False
    assert store.seen_jti("https://ehr.example.org", "old", 1_000) is False
    assert store.forget_tokens() == 1
    assert store.seen_jti("https://ehr.example.org", "t1", 4_000_000_000) is True


def test_what_is_too_old_is_forgotten_and_the_chain_stays_whole(store: Store) -> None:
    show(store, card("old"))
    store.add_feedback([dismissed("old", comment="moves away")])
    later = datetime.now(UTC) + timedelta(days=40)
    gone = purge(store, later, keep_days=365, comment_days=30)
    assert (gone.comments, gone.feedback, gone.cards, gone.audit) == (1, 0, 0, 0)
    gone = purge(store, later + timedelta(days=400), keep_days=365, comment_days=30)
    assert (gone.feedback, gone.cards, gone.audit) == (1, 1, 3)
    show(store, card("new"))
    found = store.verify()
    assert (found.rows, found.problems) == (2, ())


SYSTEM = "http://terminology.hl7.org/x"


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ((SYSTEM, "patient-refuses"), (SYSTEM, "patient-refuses")),
        (("", "patient-refuses"), ("", "patient-refuses")),
        (("", "ada-lovelace"), ("", "other")),
        ((SYSTEM, "ada-lovelace"), ("", "other")),
        (("urn:ada:lovelace", "patient-refuses"), ("", "other")),
        (("", ""), ("", "other")),
        (None, (None, None)),
    ],
)
def test_t13_of_reasons_only_those_that_were_offered_are_kept(
    store: Store, told: tuple[str, str] | None, written: tuple[str | None, str | None]
) -> None:
    record = FeedbackRecord(SELECT, uuid_of("c1"), "overridden", AT, reason=told)
    store.add_feedback([record], offered=frozenset({(SYSTEM, "patient-refuses")}))
    assert (kept(store, feedback.c.reason_system), kept(store, feedback.c.reason_code)) == ([written[0]], [written[1]])


@pytest.mark.parametrize(
    "told",
    ["ada-lovelace", "1815-12-10", "c1", uuid_of("c1") + " ada", "urn:uuid:" + uuid_of("c1"), uuid_of("c1")[:-1], "é"],
)
def test_t13_an_id_that_is_no_uuid_is_kept_as_a_hash_and_counts_once(store: Store, told: str) -> None:
    tell = [FeedbackRecord(SELECT, told, "accepted", AT, (told, uuid_of("s1")))]
    assert [store.add_feedback(tell, tenant) for tenant in ("north", "north", "south")] == [1, 0, 1]
    north, south = kept(store, feedback.c.uuid)
    assert north != south  # nor does a hash tell tenants that they mean the same
    for written in (north, south):
        assert re.fullmatch("[0-9a-f]{32}", str(written))
    expected = {f'["{one}","{uuid_of("s1")}"]' for one in (north, south)}
    assert set(kept(store, feedback.c.suggestions)) == expected


def test_the_id_of_a_card_is_kept_as_it_was_told(store: Store) -> None:
    names = [uuid_of("c1"), uuid_of("c2").upper()]
    store.add_feedback([FeedbackRecord(SELECT, name, "overridden", AT) for name in names])
    assert sorted(map(str, kept(store, feedback.c.uuid))) == sorted(names)


def test_another_key_file_is_refused_before_anything_is_written(address: str, key_file: Path, tmp_path: Path) -> None:
    store = Store.open(address, key_file)
    store.note("started", {})
    with pytest.raises(SettingsError, match="not the one this store was written with"):
        Store.open(address, tmp_path / "other.key")
    assert store.verify().problems == ()
    store.close()


def test_the_file_is_for_this_user_only(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "store.db"
    store = Store.open(str(place))
    show(store, card())
    for path in (place, place.with_suffix(".key"), place.with_name("store.db-wal")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    place.chmod(0o644)
    Store.open(str(place))
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    store.close()


def test_a_backup_is_whole_and_private(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store.db"))
    show(store, card())
    copy = tmp_path / "copy.db"
    backup(store, copy)
    store.close()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    restored = Store.open(str(copy), tmp_path / "store.key")
    assert shown(restored) == [("liver", False)]
    assert restored.verify().problems == ()
    restored.close()
    with pytest.raises(SettingsError, match="cannot be written"):
        backup(store, copy)


def test_a_place_that_cannot_be_written_is_said_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    for chosen, says in (
        (str(tmp_path / "file" / "store.db"), "CDS_TARGETS_STORE"),
        ("/proc/cds-targets/store.db", "CDS_TARGETS_STORE"),
        ("mysql://somewhere/db", "a file or a postgresql:// address"),
        ("postgresql://db.example.org/cds", "CDS_TARGETS_KEY_FILE"),
    ):
        with pytest.raises(SettingsError, match=says):
            Store.open(chosen)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    place.write_bytes(b"not a database" * 1_000)
    with pytest.raises(SettingsError, match="SQLITE_NOTADB"):
        Store.open(str(place))
    assert place.read_bytes().startswith(b"not a database")


def test_t12_the_password_of_the_store_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        Store.open("postgresql://cds:CANARY@127.0.0.1:9/cds", tmp_path / "site.key")
    assert "CANARY" not in str(refused.value)
    assert "127.0.0.1:9" in str(refused.value)


@pytest.mark.parametrize(("secret", "mode", "says"), [("short", 0o600, "too short"), ("x" * 64, 0o644, "other users")])
def test_t36_a_key_that_is_weak_or_public_is_refused(tmp_path: Path, secret: str, mode: int, says: str) -> None:
    key = tmp_path / "site.key"
    key.write_text(secret, "utf-8")
    key.chmod(mode)
    with pytest.raises(SettingsError, match=says):
        Store.open(str(tmp_path / "store.db"), key)


def test_the_default_place_is_the_users_state_folder() -> None:
    assert default_path({"XDG_STATE_HOME": "/var/state"}) == Path("/var/state/cds-targets/store.db")
    assert default_path({}) == Path.home() / ".local/state/cds-targets/store.db"
    assert url_of(None).database == str(default_path())


def test_no_connection_is_held_after_opening(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store.db"))
    held = [path.resolve() for path in Path("/proc/self/fd").iterdir()]  # what other tests left open is not meant
    assert not [path for path in held if path.is_relative_to(tmp_path)]
    store.close()


def _show_many(store: Store) -> None:
    for number in range(1_000):
        show(store, card(f"c{number}"))


def test_a_full_disk_is_an_error_and_keeps_nothing_by_half(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store.db"))
    with store.database.writing() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StoreUnavailable, match="SQLITE_FULL"):
        _show_many(store)
    with store.audit_rows() as rows:
        answered = sum(row["event"] == "call" for row in rows)
    assert len(kept(store, issued.c.uuid)) == answered
    assert store.verify().problems == ()
    store.close()
