"""Add the run index, which is filled from the run folders, and rename the kind of retrieval evaluations."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_EARLIER, _KIND = "retrieval", "retrieval_evaluation"


def upgrade() -> None:
    """Create the index, and rename a kind of run."""
    op.create_table(
        "run_index",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("head", sa.String(), nullable=True),
        sa.Column("part_of", sa.String(), nullable=False),
        sa.Column("status", sa.JSON(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("training_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_run_index"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_index_run_id", ondelete="CASCADE"),
    )
    _rename(_EARLIER, _KIND)


def downgrade() -> None:
    """Drop the index, and restore the earlier name."""
    op.drop_table("run_index")
    _rename(_KIND, _EARLIER)


def _rename(before: str, after: str) -> None:
    runs = sa.table("runs", sa.column("kind", sa.String()))
    op.execute(runs.update().where(runs.c.kind == before).values(kind=after))
