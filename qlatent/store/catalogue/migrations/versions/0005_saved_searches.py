"""Add saved searches, which belong to a dataset."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_searches"),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name="fk_saved_searches_dataset_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_saved_searches_dataset_id", "saved_searches", ["dataset_id"])


def downgrade() -> None:
    """Drop the table; the saved searches are lost."""
    op.drop_table("saved_searches")
