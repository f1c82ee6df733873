"""Add how long a class has to answer, and when the rounds that run end."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; classes that are there have no countdown."""
    op.add_column("classes", sa.Column("countdown", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("classes", sa.Column("deadlines", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Drop the columns; rounds that run go on without an end."""
    for name in ("deadlines", "countdown"):
        op.drop_column("classes", name)
