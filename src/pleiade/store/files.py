"""Tables of the files that programs bring and fetch, and of uploads in parts that become such files.

Times are Unix seconds, but for `created`, which orders listings: microseconds.
"""

import sqlalchemy as sa

from pleiade.store.tables import metadata

files = sa.Table(
    "files",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),  # microseconds
    sa.Column("filename", sa.String(255), nullable=False),
    sa.Column("purpose", sa.String(32), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),  # "arriving", then "processed"; "deleted" until its bytes are
    sa.Column("bytes", sa.BigInteger, nullable=False),  # while it arrives: as announced
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),  # 0 = never
    sa.Column("objects", sa.JSON, nullable=False),  # names of those that hold its bytes, in order
    sa.Index("ix_files_project_created", "project", "created"),
    sa.Index("ix_files_status", "status"),
)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("project", sa.String(64), nullable=False, index=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("filename", sa.String(255), nullable=False),
    sa.Column("purpose", sa.String(32), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),  # as announced
    sa.Column("mime_type", sa.String(255), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),  # pending, completed, cancelled, expired
    sa.Column("file", sa.String(64), nullable=False),  # what it became; "" = nothing yet
    sa.Column("keep", sa.BigInteger, nullable=False),  # seconds that the file shall stay; 0 = as its purpose has it
    sa.Index("ix_uploads_status_expires", "status", "expires"),
)

upload_parts = sa.Table(
    "upload_parts",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("upload", sa.ForeignKey("uploads.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("object", sa.String(64), nullable=False),
)
