"""Datasets, imports, runs and heads."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the four tables."""
    op.create_table(
        "datasets",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("modalities", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_datasets"),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("source_name", sa.String(), nullable=False),
        sa.Column("source_hash", sa.String(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("refusals_path", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name="fk_imports_dataset_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_imports_dataset_id", "imports", ["dataset_id"])
    op.create_index("ix_imports_source_hash", "imports", ["source_hash"])
    op.create_table(
        "runs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=True),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("queue_state", sa.String(), nullable=False),
        sa.Column("claimed", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name="fk_runs_dataset_id", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_runs_queue_state", "runs", ["queue_state"])
    op.create_table(
        "heads",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_heads"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_heads_run_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name="fk_heads_dataset_id", ondelete="SET NULL"
        ),
    )


def downgrade() -> None:
    """Drop the four tables."""
    for table in ("heads", "runs", "imports", "datasets"):
        op.drop_table(table)
