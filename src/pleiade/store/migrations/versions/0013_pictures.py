"""The gallery: pictures, the objects that hold their bytes, and which picture uses which."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables of the gallery."""
    op.create_table(
        "pictures",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("title", sa.String(256), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("negative_prompt", sa.Text, nullable=False),
        sa.Column("revised_prompt", sa.Text, nullable=False),
        sa.Column("deployment", sa.String(256), nullable=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("style", sa.String(256), nullable=False),
        sa.Column("quality", sa.String(64), nullable=False),
        sa.Column("size", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("format", sa.String(8), nullable=False),
        sa.Column("background", sa.String(16), nullable=False),
        sa.Column("parent", sa.String(64), nullable=False),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("favourite", sa.Boolean, nullable=False),
        sa.Column("listed", sa.Boolean, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_pictures"),
        sa.UniqueConstraint("id", name="uq_pictures_id"),
    )
    op.create_index("ix_pictures_project_owner_number", "pictures", ["project", "owner", "number"])
    op.create_index("ix_pictures_parent", "pictures", ["parent"])
    op.create_table(
        "picture_objects",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_picture_objects"),
    )
    op.create_index("ix_picture_objects_created", "picture_objects", ["created"])
    op.create_index("ix_picture_objects_project_owner_sha256", "picture_objects", ["project", "owner", "sha256"])
    op.create_table(
        "picture_uses",
        sa.Column("picture", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("object", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("picture", "name", name="pk_picture_uses"),
        sa.ForeignKeyConstraint(
            ["picture"], ["pictures.id"], name="fk_picture_uses_picture_pictures", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["object"], ["picture_objects.id"], name="fk_picture_uses_object_picture_objects"),
    )
    op.create_index("ix_picture_uses_object", "picture_uses", ["object"])
