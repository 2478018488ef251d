"""Tables of the gallery: pictures, the objects that hold their bytes, and which picture uses which.

An object may be used by several: the picture that an edit began with is not kept twice. Times are Unix microseconds.
"""

import sqlalchemy as sa

from pleiade.store.tables import metadata

_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts by itself in INTEGER only

pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("number", _number, primary_key=True),  # counts up with every picture: their order
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),  # a user, or the key of a caller who is nobody in particular
    sa.Column("title", sa.String(256), nullable=False),
    sa.Column("words", sa.Text, nullable=False),  # title and prompt as they are searched
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # "generation", "edit", "variation", "outpaint" or "upload"
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("negative_prompt", sa.Text, nullable=False),
    sa.Column("revised_prompt", sa.Text, nullable=False),  # "" = the prompt was used as it was sent
    sa.Column("deployment", sa.String(256), nullable=False),
    sa.Column("model", sa.String(256), nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),  # -1 = not known
    sa.Column("style", sa.String(256), nullable=False),
    sa.Column("quality", sa.String(64), nullable=False),
    sa.Column("size", sa.String(64), nullable=False),  # as it was asked for
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("format", sa.String(8), nullable=False),
    sa.Column("background", sa.String(16), nullable=False),
    sa.Column("parent", sa.String(64), nullable=False),  # the picture that it was made from; "" = none
    sa.Column("step", sa.String(64), nullable=False),  # shared by the pictures of one request
    sa.Column("favourite", sa.Boolean, nullable=False),
    sa.Column("listed", sa.Boolean, nullable=False),  # false: of a temporary chat, in no list
    sa.Column("request", sa.Text, nullable=False),  # that made it, JSON; "" = nothing did
    sa.Index("ix_pictures_project_owner_number", "project", "owner", "number"),
    sa.Index("ix_pictures_parent", "parent"),
)

picture_objects = sa.Table(
    "picture_objects",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),  # the object's name
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False, index=True),  # written before the bytes are: none is lost
    sa.Index("ix_picture_objects_project_owner_sha256", "project", "owner", "sha256"),
)

picture_uses = sa.Table(
    "picture_uses",
    metadata,
    sa.Column("picture", sa.ForeignKey("pictures.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),  # "picture" is its own; else a file of the form that made it
    sa.Column("object", sa.ForeignKey("picture_objects.id"), nullable=False, index=True),
)

PICTURE = "picture"
