"""On PostgreSQL, rows of a tenant are there only for who says which tenant a transaction is for (`store.database`)."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = ("issued", "feedback", "comments")
# Scalar subqueries are evaluated once in a statement. Where nothing was said both are null or false: nothing is there.
_OF_TENANT = "tenant = (SELECT substring(current_setting('cds_targets.rows', true) FROM '^tenant/(.*)$'))"
_OF_SITE = (
    "(SELECT current_setting('cds_targets.rows', true) = 'site' AND pg_has_role(relowner, 'USAGE') "
    "FROM pg_class WHERE oid = '{table}'::regclass)"
)
# As this is read by whoever asks, it sees the feedback that they see.
_OF_FEEDBACK = "EXISTS (SELECT FROM feedback WHERE feedback.id = comments.feedback)"


def upgrade() -> None:
    """Policies of the tables that belong to tenants; their owner is held to them as well."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table in ("issued", "feedback"):
        op.execute(f"CREATE POLICY of_tenant ON {table} USING ({_OF_TENANT})")
        op.execute(f"CREATE POLICY of_site ON {table} USING ({_OF_SITE.format(table=table)})")
    op.execute(f"CREATE POLICY of_feedback ON comments USING ({_OF_FEEDBACK})")


def downgrade() -> None:
    """As it was before: every role sees what it was granted."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP POLICY of_feedback ON comments")
    for table in ("issued", "feedback"):
        op.execute(f"DROP POLICY of_site ON {table}")
        op.execute(f"DROP POLICY of_tenant ON {table}")
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
