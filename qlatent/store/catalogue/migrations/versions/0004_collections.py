"""Add collections of items, with their last changes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "collections",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("dataset_version", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("changed", sa.Double(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_collections"),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name="fk_collections_dataset_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_collections_dataset_id", "collections", ["dataset_id"])
    op.create_table(
        "collection_items",
        sa.Column("collection_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("collection_id", "item_id", name="pk_collection_items"),
        _of_a_collection("collection_items"),
    )
    op.create_table(
        "collection_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("collection_id", sa.String(), nullable=False),
        sa.Column("made", sa.Double(), nullable=False),
        sa.Column("added", sa.JSON(), nullable=False),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("name_before", sa.String(), nullable=False),
        sa.Column("name_after", sa.String(), nullable=False),
        sa.Column("undone", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_collection_changes"),
        _of_a_collection("collection_changes"),
    )
    op.create_index("ix_collection_changes_collection_id", "collection_changes", ["collection_id"])


def downgrade() -> None:
    """Drop the tables; the collections are lost."""
    op.drop_table("collection_changes")
    op.drop_table("collection_items")
    op.drop_table("collections")


def _of_a_collection(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["collection_id"], ["collections.id"], name=f"fk_{table}_collection_id", ondelete="CASCADE"
    )
