"""T30, T32 on PostgreSQL: the role of the service can add to the audit and cannot change it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from cds_targets.errors import StoreUnavailable
from cds_targets.store.feedback import FeedbackRecord
from cds_targets.store.governance import Decision
from cds_targets.store.issued import IssuedCard
from cds_targets.store.store import CallRecord, Store
from tests.store.ids import uuid_of
from tests.store.servers import programs

AT = datetime(2026, 3, 1, tzinfo=UTC)

if programs() is not None:

    def test_the_services_role_can_do_all_that_calls_need(service: Store) -> None:
        card = IssuedCard(uuid_of("c1"), "liver", 1, "toxicity", "warning", b"said")
        service.record_call(CallRecord("r1", "therapy-safety-select", "cards", "ada", "dr-berg"), [card])
        told = FeedbackRecord("therapy-safety-select", card.uuid, "overridden", AT, comment="x")
        assert service.add_feedback([told]) == 1
        assert service.seen_jti("https://ehr.example.org", "t1", 4_000_000_000) is False
        assert service.seen_jti("https://ehr.example.org", "t1", 4_000_000_000) is True
        service.decide("card", "liver", Decision.OFF, "Dr Berg", "a test")
        service.check()
        assert service.verify().problems == ()

    @pytest.mark.parametrize(
        "statement",
        ["UPDATE audit SET event = 'x'", "DELETE FROM audit", "TRUNCATE audit", "DROP TABLE audit"],
    )
    def test_the_services_role_cannot_change_the_audit(service: Store, statement: str) -> None:
        service.note("started", {})
        with pytest.raises(StoreUnavailable, match="InsufficientPrivilege"), service.database.writing() as connection:
            connection.execute(text(statement))
        assert service.verify().rows == 1
