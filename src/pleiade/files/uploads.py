"""Uploads in the database: a file announced, its parts in any order, and the file that they become."""

import time
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pleiade.files import records
from pleiade.files.errors import InvalidError, NotFoundError
from pleiade.files.nouns import UPLOAD_S, File, Kept, Upload, UploadPart, UploadStatus
from pleiade.files.records import SECOND, check_room, new_id, now, within
from pleiade.store.files import upload_parts, uploads

FORGOTTEN_S = 7 * 24 * 3600  # an upload that is over stays to be asked about for so long

_upload = uploads.c
_part = upload_parts.c


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An upload, and how long its file shall stay."""

    upload: Upload
    keep: int


class PartBytes(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bytes of a part are."""

    object: str
    bytes: int


def create(connection: sa.Connection, project: str, wanted: Upload, keep: int, most: int) -> Upload:
    """Begin an upload; its room is taken at once. Raises InvalidError where there is none."""
    check_room(connection, project, wanted.bytes, most)
    connection.execute(
        sa.insert(uploads).values(
            id=wanted.id,
            project=project,
            created=within(wanted.created_at),
            expires=wanted.expires_at,
            filename=wanted.filename,
            purpose=wanted.purpose,
            bytes=wanted.bytes,
            mime_type=wanted.mime_type,
            status="pending",
            file="",
            keep=keep,
        )
    )
    return wanted


def new_upload(filename: str, purpose: str, size: int, mime_type: str) -> Upload:
    """An upload as it begins."""
    created = int(time.time())
    return Upload(
        id=new_id("upload_"),
        bytes=size,
        created_at=created,
        expires_at=created + UPLOAD_S,
        filename=filename,
        purpose=purpose,
        status="pending",
        mime_type=mime_type,
    )


def find(connection: sa.Connection, project: str, identifier: str) -> Found:
    """The upload of that id. Raises NotFoundError."""
    row = None
    if len(identifier) <= 64 and "\0" not in identifier:
        row = connection.execute(sa.select(uploads).where(_upload.project == project, _upload.id == identifier)).first()
    if row is None:
        raise NotFoundError("Upload", identifier)
    status: UploadStatus = "expired" if row.status == "pending" and row.expires <= time.time() else row.status
    file = _file_of(connection, project, row.file)
    upload = Upload(
        id=row.id,
        bytes=row.bytes,
        created_at=row.created // SECOND,
        expires_at=row.expires,
        filename=row.filename,
        purpose=row.purpose,
        status=status,
        file=file,
        mime_type=row.mime_type,
    )
    return Found(upload=upload, keep=row.keep)


def find_pending(connection: sa.Connection, project: str, identifier: str) -> Found:
    """The same, if parts may still come. Raises NotFoundError, InvalidError."""
    found = find(connection, project, identifier)
    if found.upload.status != "pending":
        raise InvalidError(
            f"Upload {identifier} is {found.upload.status}: begin another one.", code=f"upload_{found.upload.status}"
        )
    return found


def add_part(connection: sa.Connection, project: str, upload: str, part: UploadPart, object: str) -> UploadPart:
    """Keep a part. Raises NotFoundError, InvalidError: the upload is over, or its parts are too much."""
    found = find_pending(connection, project, upload)
    there = connection.scalar(sa.select(sa.func.sum(_part.bytes)).where(_part.upload == upload))
    if int(there or 0) + part.bytes > 2 * found.upload.bytes:  # parts may be sent twice where a connection broke
        raise InvalidError(
            f"The parts of this upload are more than twice the {found.upload.bytes} bytes that were announced: cancel "
            "it and begin another one.",
            param="data",
            code="upload_too_large",
        )
    connection.execute(
        sa.insert(upload_parts).values(id=part.id, upload=upload, created=now(), bytes=part.bytes, object=object)
    )
    return part


def list_parts(connection: sa.Connection, project: str, upload: str) -> list[UploadPart]:
    """What has arrived, so that who lost a connection sends the rest. Raises NotFoundError."""
    find(connection, project, upload)
    rows = connection.execute(sa.select(upload_parts).where(_part.upload == upload).order_by(_part.created, _part.id))
    return [UploadPart(id=row.id, created_at=row.created // SECOND, upload_id=upload, bytes=row.bytes) for row in rows]


def chosen_parts(
    connection: sa.Connection, project: str, upload: str, part_ids: Sequence[str]
) -> tuple[Found, list[PartBytes]]:
    """The upload, and its parts in the order told. Raises NotFoundError, InvalidError."""
    found = find_pending(connection, project, upload)
    rows = connection.execute(sa.select(upload_parts).where(_part.upload == upload)).all()
    known = {row.id: PartBytes(object=row.object, bytes=row.bytes) for row in rows}
    if len(set(part_ids)) != len(part_ids):
        raise InvalidError("Invalid 'part_ids': a part is named twice.", param="part_ids", code="invalid_value")
    for index, part in enumerate(part_ids):
        if part not in known:
            raise InvalidError(
                f"Invalid 'part_ids[{index}]': this upload has no part {part[:100]!a}.",
                param="part_ids",
                code="invalid_value",
            )
    parts = [known[part] for part in part_ids]
    size = sum(part.bytes for part in parts)
    if size != found.upload.bytes:
        raise InvalidError(
            f"The parts have {size} bytes together, and {found.upload.bytes} were announced: send what is missing, or "
            "name the parts in 'part_ids' that belong to the file.",
            param="part_ids",
            code="upload_size_mismatch",
        )
    return found, parts


def complete(connection: sa.Connection, kept: Kept, upload: str) -> list[str]:
    """The upload is `kept` from now on; gives the objects of parts that do not belong to it.

    Raises InvalidError where somebody else completed or cancelled it meanwhile.
    """
    found = find_pending(connection, kept.project, upload)
    done = connection.execute(
        sa.update(uploads)
        .where(_upload.id == upload, _upload.status == "pending")
        .values(status="completed", file=kept.file.id)
    )
    if not done.rowcount:
        raise InvalidError(f"Upload {found.upload.id} is over: begin another one.", code="upload_completed")
    left = connection.execute(
        sa.select(_part.object).where(_part.upload == upload, _part.object.not_in(kept.objects))
    ).scalars()
    spare = list(left)
    connection.execute(sa.delete(upload_parts).where(_part.upload == upload))
    records.insert(connection, kept)
    return spare


def cancel(connection: sa.Connection, project: str, upload: str) -> tuple[Upload, list[str]]:
    """No parts may come any more; gives the objects of those that did. Raises NotFoundError, InvalidError."""
    found = find_pending(connection, project, upload)
    connection.execute(sa.update(uploads).where(_upload.id == upload).values(status="cancelled"))
    return msgspec.structs.replace(found.upload, status="cancelled"), objects_of(connection, upload)


def objects_of(connection: sa.Connection, upload: str) -> list[str]:
    """Objects of the parts of an upload."""
    return list(connection.execute(sa.select(_part.object).where(_part.upload == upload)).scalars())


def over(connection: sa.Connection, most: int = 100) -> list[str]:
    """Uploads that are not completed and never will be, and that parts are left of."""
    expired = sa.and_(_upload.status == "pending", _upload.expires <= int(time.time()))
    left = sa.exists().where(_part.upload == _upload.id)
    ended = sa.and_(_upload.status.in_(("cancelled", "expired")), left)
    return list(connection.execute(sa.select(_upload.id).where(sa.or_(expired, ended)).limit(most)).scalars())


def clear(connection: sa.Connection, upload: str) -> None:
    """The bytes of the parts of an upload that is over are gone."""
    connection.execute(sa.delete(upload_parts).where(_part.upload == upload))
    connection.execute(
        sa.update(uploads).where(_upload.id == upload, _upload.status == "pending").values(status="expired")
    )


def forget_old(connection: sa.Connection) -> None:
    """Forget uploads that were over long ago."""
    before = (int(time.time()) - FORGOTTEN_S) * SECOND
    connection.execute(sa.delete(uploads).where(_upload.status != "pending", _upload.created < before))


def _file_of(connection: sa.Connection, project: str, identifier: str) -> File | None:
    if not identifier:
        return None
    try:
        return records.find(connection, project, identifier).file
    except NotFoundError:
        return None  # it was deleted since
