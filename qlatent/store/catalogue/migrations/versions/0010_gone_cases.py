"""Add which cases have no item any more, and an index to count what an analyst did."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add column and index; the index on places begins with the column, so that cases that are gone cost nothing."""
    op.add_column("triage_cases", sa.Column("gone", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_index("ix_triage_cases_place", "triage_cases")
    op.create_index("ix_triage_cases_place", "triage_cases", ["queue_id", "gone", "code", "place"])
    op.create_index("ix_triage_events_kind", "triage_events", ["queue_id", "actor", "kind", "time"])


def downgrade() -> None:
    """Drop them; what is gone can be found again."""
    op.drop_index("ix_triage_events_kind", "triage_events")
    op.drop_index("ix_triage_cases_place", "triage_cases")
    op.create_index("ix_triage_cases_place", "triage_cases", ["queue_id", "code", "place"])
    with op.batch_alter_table("triage_cases") as batch:
        batch.drop_column("gone")
