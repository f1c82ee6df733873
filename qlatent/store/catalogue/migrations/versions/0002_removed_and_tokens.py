"""Add removal times, so that removals can be undone, and tokens, so that a form starts a run only once."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_REMOVABLE = ("datasets", "runs", "heads")


def upgrade() -> None:
    """Add the removal times and the run's token."""
    for table in _REMOVABLE:
        op.add_column(table, sa.Column("removed", sa.Double(), nullable=True))
    op.add_column("runs", sa.Column("token", sa.String(), nullable=True))
    op.create_index("ix_runs_token", "runs", ["token"], unique=True)


def downgrade() -> None:
    """Drop both columns; removed records reappear."""
    op.drop_index("ix_runs_token", "runs")
    op.drop_column("runs", "token")
    for table in _REMOVABLE:
        op.drop_column(table, "removed")
