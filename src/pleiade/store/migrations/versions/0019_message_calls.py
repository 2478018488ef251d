"""Messages of Chat: the pictures that were made for them, and the functions that their model called."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Messages so far have none."""
    op.add_column("chat_messages", sa.Column("calls", sa.Text, nullable=False, server_default=""))
