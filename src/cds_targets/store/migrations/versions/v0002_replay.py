"""What a past answer is judged again by, and the index that finds the newest heartbeat."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_HEARTBEATS = sa.text("event = 'heartbeat'")


def upgrade() -> None:
    """Hashes of each field of a card, the files of the content, the index of heartbeats."""
    op.add_column("issued", sa.Column("fields", sa.Text()))
    op.create_table(
        "knowledge",
        sa.Column("hash", sa.Text(), primary_key=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sqlite_strict=True,
    )
    op.create_index("audit_heartbeats", "audit", ["at"], sqlite_where=_HEARTBEATS, postgresql_where=_HEARTBEATS)


def downgrade() -> None:
    """As it was before; the hashes of fields and the list of files are lost."""
    op.drop_index("audit_heartbeats", "audit")
    op.drop_table("knowledge")
    op.drop_column("issued", "fields")
