"""T30: what belongs to one tenant is there for no other, by two walls: the tenant in every query, and PostgreSQL's."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, make_url, text

from cds_targets.errors import SettingsError, StoreUnavailable
from cds_targets.store.database import NOBODYS, SITE, of_tenant
from cds_targets.store.feedback import FeedbackRecord
from cds_targets.store.issued import IssuedCard
from cds_targets.store.keep import purge
from cds_targets.store.migrate import downgrade, upgrade
from cds_targets.store.rates import rates
from cds_targets.store.store import CallRecord, Store
from tests.store.conftest import superuser
from tests.store.ids import uuid_of
from tests.store.servers import programs
from tests.store.test_together import in_threads

SERVICE = "therapy-safety-select"
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
TENANTS = ("north", "south", "")
WALLED = ("issued", "feedback", "comments")
INSERTS = {
    "issued": (
        "INSERT INTO issued (tenant, uuid, service, card, version, kind, indicator, at, knowledge, program, patient, "
        "viewer, content) VALUES ('north', 'c', 's', 'liver', 1, 'k', 'i', 'a', 'k', 'p', 'x', 'y', 'z')"
    ),
    "feedback": (
        "INSERT INTO feedback (tenant, service, uuid, outcome, told_at, received_at, suggestions, commented, digest) "
        "VALUES ('north', 's', 'c', 'overridden', 'a', 'a', '[]', 0, 'd')"
    ),
    "comments": "INSERT INTO comments (feedback, text) VALUES ((SELECT min(id) FROM feedback) + :next, 'said')",
}


def fill(store: Store, tenant: str) -> None:
    """One card with feedback and its comment."""
    card = IssuedCard(uuid_of(f"card of {tenant}"), "liver", 1, "toxicity", "warning", b"said")
    store.record_call(CallRecord("r1", SERVICE, "cards", "ada", "dr-berg", tenant=tenant), [card])
    store.add_feedback([FeedbackRecord(SERVICE, card.uuid, "overridden", AT, comment=f"of {tenant}")], tenant)


def counted(connection: Connection) -> dict[str, int]:
    return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in WALLED}  # noqa: S608


def each(number: int) -> dict[str, int]:
    return dict.fromkeys(WALLED, number)


if programs() is not None:

    @pytest.fixture
    def filled(service: Store) -> Store:
        for tenant in TENANTS:
            fill(service, tenant)
        return service

    def test_t30_operators_can_tell_whether_the_database_binds_the_role_in_use(
        service: Store, owner: Store, server: str, key_file: Path
    ) -> None:
        unbound = Store.open(server, key_file)
        assert [store.parts_tenants() for store in (service, owner, unbound)] == [True, True, False]
        with superuser(server) as connection:
            connection.execute(text("ALTER TABLE comments DISABLE ROW LEVEL SECURITY"))
        assert service.parts_tenants() is False
        unbound.close()

    @pytest.mark.parametrize("role", ["service", "owner"])
    def test_t30_a_transaction_sees_the_rows_of_its_tenant_only_whatever_it_asks(
        filled: Store, owner: Store, role: str
    ) -> None:
        store = filled if role == "service" else owner
        for tenant in TENANTS:
            for way in (store.database.reading, store.database.writing, store.database.snapshot):
                with way(of_tenant(tenant)) as connection:
                    assert counted(connection) == each(1)
                    assert connection.execute(text("SELECT text FROM comments")).scalars().all() == [f"of {tenant}"]
                    assert connection.execute(text("SELECT DISTINCT tenant FROM issued")).scalars().all() == [tenant]

    @pytest.mark.parametrize("role", ["service", "owner"])
    @pytest.mark.parametrize("said", [NOBODYS, "tenant", "tenant/nobody", "/", "north", "*", "SITE", "tenant/north "])
    def test_t30_where_no_tenant_is_said_nothing_is_there(filled: Store, owner: Store, role: str, said: str) -> None:
        database = (filled if role == "service" else owner).database
        for _ in range(3):  # nor is a tenant left over from the transaction before, on the same connection
            with database.reading(of_tenant("")) as connection:
                assert counted(connection) == each(1)
            with database.reading(said) as connection:
                assert counted(connection) == each(0)

    @pytest.mark.parametrize("said", [of_tenant("north"), SITE, ""])
    def test_t30_a_role_that_was_taken_on_is_held_to_the_policies(filled: Store, server: str, said: str) -> None:
        with superuser(server) as connection:
            assert counted(connection) == each(len(TENANTS))
            connection.execute(text("SET LOCAL ROLE service"))
            connection.execute(text("SELECT set_config('cds_targets.rows', :said, true)"), {"said": said})
            assert counted(connection) == each(1 if said == of_tenant("north") else 0)

    @pytest.mark.parametrize("table", WALLED)
    @pytest.mark.parametrize("said", [NOBODYS, of_tenant("south"), of_tenant("")])
    @pytest.mark.parametrize("role", ["service", "owner"])
    def test_t30_no_row_of_another_tenant_can_be_written(
        filled: Store, owner: Store, server: str, table: str, said: str, role: str
    ) -> None:
        database = (filled if role == "service" else owner).database
        with superuser(server) as connection:
            (first,) = connection.execute(text("SELECT min(id) FROM feedback WHERE tenant = 'north'")).scalars()
            connection.execute(text("DELETE FROM comments WHERE feedback = :id"), {"id": first})
        statement = (
            "INSERT INTO comments (feedback, text) VALUES (:id, 'said')" if table == "comments" else INSERTS[table]
        )
        values = {"id": first} if table == "comments" else {}
        with pytest.raises(StoreUnavailable, match="InsufficientPrivilege"), database.writing(said) as connection:
            connection.execute(text(statement), values)
        with database.writing(of_tenant("north")) as connection:
            connection.execute(text(statement), values)

    def test_t30_even_the_owner_changes_and_removes_the_rows_of_its_tenant_only(filled: Store, owner: Store) -> None:
        with owner.database.writing(of_tenant("south")) as connection:
            for change in (
                "UPDATE issued SET card = 'x' WHERE tenant = 'north'",
                "UPDATE feedback SET outcome = 'x' WHERE tenant = 'north'",
                "DELETE FROM issued WHERE tenant = 'north'",
                "DELETE FROM feedback WHERE tenant = 'north'",
                "DELETE FROM comments WHERE text = 'of north'",
            ):
                assert connection.execute(text(change)).rowcount == 0
        with pytest.raises(StoreUnavailable, match="Insuff"), owner.database.writing(of_tenant("south")) as connection:
            connection.execute(text("UPDATE issued SET tenant = 'north'"))
        with owner.database.reading(SITE) as connection:
            assert counted(connection) == each(len(TENANTS))

    def test_t30_only_the_owner_sees_the_site_and_others_are_told_so(filled: Store, owner: Store) -> None:
        assert {name: owner.counts()[name] for name in WALLED} == each(len(TENANTS))
        for ask in (filled.counts, lambda: purge(filled, AT, 365, 30)):
            with pytest.raises(SettingsError, match="only the owner"):
                ask()
        with owner.database.reading(SITE) as connection:
            assert [(rate.shown, rate.overridden) for rate in rates(connection, datetime.now(UTC), 1)] == [(3, 3)]
        later = datetime.now(UTC) + timedelta(days=400)
        gone = purge(owner, later, keep_days=365, comment_days=30)
        assert (gone.cards, gone.feedback, gone.comments) == (3, 3, 3)
        assert filled.verify().problems == ()

    def test_t30_calls_of_several_tenants_at_the_same_time_are_kept_each_with_its_own(service: Store) -> None:
        in_threads(24, lambda number: fill(service, f"tenant-{number % 6}"))
        for number in range(6):
            with service.database.reading(of_tenant(f"tenant-{number}")) as connection:
                found = connection.execute(text("SELECT DISTINCT tenant FROM issued")).scalars().all()
                assert (found, counted(connection)) == ([f"tenant-{number}"], each(1))

    @pytest.mark.parametrize("revision", ["0001", "0002"])
    def test_t30_rows_from_before_the_policies_belong_to_their_tenants_after_them(owner: Store, revision: str) -> None:
        def walls() -> set[tuple[Any, ...]]:
            flags = "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = ANY(:names)"
            with owner.database.reading() as connection:
                return {tuple(row) for row in connection.execute(text(flags), {"names": list(WALLED)})}

        with owner.database.writing() as connection:
            downgrade(connection, revision)
            connection.execute(text(INSERTS["issued"]))
            connection.execute(text(INSERTS["feedback"]))
            connection.execute(text(INSERTS["comments"]), {"next": 0})
        assert walls() == {(name, False, False) for name in WALLED}
        with owner.database.writing() as connection:
            assert counted(connection) == each(1)
            upgrade(connection)
        assert walls() == {(name, True, True) for name in WALLED}
        for said, number in ((NOBODYS, 0), (of_tenant("south"), 0), (of_tenant("north"), 1), (SITE, 1)):
            with owner.database.reading(said) as connection:
                assert counted(connection) == each(number)

    @pytest.mark.parametrize(
        ("command", "codes"), [("store show", (0, 2)), ("cards rates", (0, 2)), ("audit verify", (0, 0))]
    )
    def test_t30_operators_commands_tell_of_every_tenant_as_the_owner_and_refuse_as_the_service(
        filled: Store, owner: Store, key_file: Path, command: str, codes: tuple[int, int]
    ) -> None:
        done = []
        for store in (owner, filled):
            address = store.database.url.set(drivername="postgresql").render_as_string()
            settings = {"CDS_TARGETS_STORE": address, "CDS_TARGETS_KEY_FILE": str(key_file)}
            run = [sys.executable, "-m", "cds_targets", *command.split()]
            done.append(
                subprocess.run(run, env={**os.environ, **settings}, capture_output=True, text=True, check=False)  # noqa: S603
            )
        assert tuple(one.returncode for one in done) == codes
        assert ("only the owner" in done[1].stderr) == (codes[1] == 2)

    def test_t30_the_owners_dump_is_whole_as_the_readme_tells_it_and_fails_otherwise(
        filled: Store, owner: Store
    ) -> None:
        address = make_url(str(owner.database.url)).set(drivername="postgresql").render_as_string()

        def dump(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
            command = [str(programs() / "pg_dump"), *options, "--data-only", address]  # type: ignore[operator]
            return subprocess.run(  # noqa: S603
                command, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False
            )

        refused = dump()
        assert refused.returncode != 0
        assert "row-level security" in refused.stderr
        whole = dump("--enable-row-security", PGOPTIONS="-c cds_targets.rows=site")
        assert whole.returncode == 0
        for tenant in TENANTS:
            assert f"\tof {tenant}\n" in whole.stdout
            assert whole.stdout.count(uuid_of(f"card of {tenant}")) >= 2
