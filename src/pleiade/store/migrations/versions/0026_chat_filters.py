"""What the filter found in an answer of Chat."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add the column; answers from before are as if no filter had looked at them."""
    op.add_column("chat_messages", sa.Column("filters", sa.Text, nullable=False, server_default=""))
