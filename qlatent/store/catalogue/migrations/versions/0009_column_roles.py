"""Add what the columns of a dataset mean."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; null where nobody has said it, so that it is guessed."""
    op.add_column("datasets", sa.Column("roles", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Drop the column; roles that were changed by hand are lost."""
    op.drop_column("datasets", "roles")
