"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SQLITE_GUARDS = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit "
    "WHEN OLD.seq > coalesce((SELECT since_seq FROM audit_head), 0) "
    "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
)
_POSTGRESQL_GUARDS = (
    "CREATE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_OP = 'DELETE' AND OLD.seq <= coalesce((SELECT since_seq FROM audit_head), 0) THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION 'audit is append-only'; END $$",
    "CREATE TRIGGER audit_guard BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_guard()",
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_guard()",
)


def upgrade() -> None:
    """From nothing to the first tables."""
    op.create_table(
        "audit",
        sa.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
        _text("at"),
        _text("event"),
        _text("tenant"),
        _text("facts"),
        _text("prev"),
        _text("hash"),
        sqlite_strict=True,
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("seq", _NUMBER, nullable=False),
        _text("hash"),
        sa.Column("since_seq", _NUMBER, nullable=False),
        _text("since_hash"),
        _text("mac"),
        sqlite_strict=True,
    )
    op.create_table(
        "issued",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        *[_text(name) for name in ("tenant", "uuid", "service", "card")],
        sa.Column("version", sa.Integer(), nullable=False),
        *[_text(n) for n in ("kind", "indicator", "at", "knowledge", "program", "patient", "viewer", "content")],
        sa.UniqueConstraint("tenant", "uuid", "patient", "content", name="issued_once"),
        sqlite_strict=True,
    )
    op.create_index("issued_of_patient", "issued", ["tenant", "patient", "at"])
    op.create_index("issued_at", "issued", ["at"])
    op.create_table(
        "feedback",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        *[_text(n) for n in ("tenant", "service", "uuid", "outcome", "told_at", "received_at", "suggestions")],
        sa.Column("reason_system", sa.Text()),
        sa.Column("reason_code", sa.Text()),
        sa.Column("commented", sa.Integer(), nullable=False),
        _text("digest"),
        sa.UniqueConstraint("tenant", "digest", name="feedback_once"),
        sqlite_strict=True,
    )
    op.create_index("feedback_on_card", "feedback", ["tenant", "uuid"])
    op.create_table(
        "comments",
        sa.Column(
            "feedback", _NUMBER, sa.ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
        ),
        _text("text"),
        sqlite_strict=True,
    )
    op.create_table(
        "tokens",
        sa.Column("issuer", sa.Text(), primary_key=True),
        sa.Column("jti", sa.Text(), primary_key=True),
        sa.Column("expires", _NUMBER, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("tokens_expire", "tokens", ["expires"])
    op.create_table(
        "decisions",
        sa.Column("seq", _NUMBER, primary_key=True, autoincrement=True),
        *[_text(name) for name in ("at", "kind", "subject", "decision")],
        sa.Column("version", sa.Integer()),
        sa.Column("content", sa.Text()),
        _text("decided_by"),
        _text("reason"),
        sqlite_strict=True,
    )
    for statement in _SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL_GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Back to nothing."""
    for table in ("decisions", "tokens", "comments", "feedback", "issued", "audit_head"):
        op.drop_table(table)
    op.drop_table("audit")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_guard()")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)
