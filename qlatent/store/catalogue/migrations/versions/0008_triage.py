"""Add queues of cases, their events and analysts, and owners of runs and collections."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and columns."""
    op.create_table(
        "triage_queues",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("order", sa.String(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("removed", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_triage_queues"),
    )
    op.create_table(
        "triage_cases",
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("place", sa.Double(), nullable=False),
        sa.Column("draw", sa.Double(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("lease", sa.String(), nullable=False),
        sa.Column("lease_by", sa.String(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["triage_queues.id"], name="fk_triage_cases_queue_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("queue_id", "item_id", name="pk_triage_cases"),
    )
    op.create_index("ix_triage_cases_place", "triage_cases", ["queue_id", "code", "place"])
    op.create_index("ix_triage_cases_draw", "triage_cases", ["queue_id", "draw"])
    op.create_index("ix_triage_cases_lease", "triage_cases", ["queue_id", "lease_by"])
    op.create_table(
        "triage_skips",
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("analyst", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["triage_queues.id"], name="fk_triage_skips_queue_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("queue_id", "item_id", "analyst", name="pk_triage_skips"),
    )
    op.create_table(
        "triage_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_triage_events"),
    )
    op.create_index("ix_triage_events_queue_id", "triage_events", ["queue_id", "id"])
    op.create_index("ix_triage_events_actor", "triage_events", ["queue_id", "actor", "id"])
    op.create_index("ix_triage_events_undoes", "triage_events", ["undoes"])
    op.create_table(
        "triage_event_items",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["triage_events.id"], name="fk_triage_event_items_event_id"),
        sa.PrimaryKeyConstraint("event_id", "item_id", name="pk_triage_event_items"),
    )
    op.create_index("ix_triage_event_items_item_id", "triage_event_items", ["item_id", "event_id"])
    op.create_table(
        "analysts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_analysts"),
    )
    for table in ("runs", "collections"):
        op.add_column(table, sa.Column("owner", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop the tables and columns; decisions and owners are lost."""
    for table in ("collections", "runs"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("owner")
    op.drop_table("analysts")
    op.drop_table("triage_event_items")
    op.drop_table("triage_events")
    op.drop_table("triage_skips")
    op.drop_table("triage_cases")
    op.drop_table("triage_queues")
