"""A file, an upload and its parts, as clients see them (wire-contract §12.3)."""

from typing import Literal

import msgspec

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")  # that a client may name
JSONL_PURPOSES = frozenset({"batch", "fine-tune", "evals"})  # whose files are JSON objects, one a line
PURPOSE_MB = {"batch": 200, "fine-tune": 512}  # larger ones could be kept, and never be used
DAY_S = 24 * 3600
MOST_DAYS = 30
LEAST_KEEP_S, MOST_KEEP_S = 3600, MOST_DAYS * DAY_S  # what `expires_after.seconds` may be
MB = 1024 * 1024
PART_MB = 64
UPLOAD_S = 3600  # an upload expires so long after it was created

UploadStatus = Literal["pending", "completed", "cancelled", "expired"]


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file object."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    expires_at: int | None = None
    filename: str
    purpose: str
    status: str = "processed"
    status_details: str | None = None
    sha256: str = ""  # ours: of its bytes


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file, whose it is, and the objects that hold its bytes, in order."""

    file: File
    project: str
    objects: tuple[str, ...]


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that arrives in parts."""

    id: str
    object: Literal["upload"] = "upload"
    bytes: int
    created_at: int
    expires_at: int
    filename: str
    purpose: str
    status: UploadStatus
    file: File | None = None
    mime_type: str = ""


class UploadPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of an upload. Its place is told when the upload is completed."""

    id: str
    object: Literal["upload.part"] = "upload.part"
    created_at: int
    upload_id: str
    bytes: int = 0  # ours


class FileDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that a file is gone."""

    id: str
    object: Literal["file"] = "file"
    deleted: bool = True
