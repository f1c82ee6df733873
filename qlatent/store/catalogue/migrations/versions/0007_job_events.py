"""Add the events of hardware jobs, and budgets of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "job_events",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("job", "number", name="pk_job_events"),
    )
    op.create_index("ix_job_events_kind", "job_events", ["kind"])
    op.create_table(
        "budgets",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("changed", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_budgets"),
    )


def downgrade() -> None:
    """Drop the tables; what happened to jobs, and the budgets, are lost."""
    op.drop_table("budgets")
    op.drop_index("ix_job_events_kind", table_name="job_events")
    op.drop_table("job_events")
