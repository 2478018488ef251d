"""Files in the database: functions on a connection, always by project."""

import secrets
import time
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pleiade.files.errors import InvalidError, NotFoundError
from pleiade.files.nouns import MB, File, Kept
from pleiade.store.files import files, uploads

ARRIVING, HERE, DELETED = "arriving", "processed", "deleted"
ARRIVING_S = 24 * 3600  # what arrives for longer has died
SECOND = 1_000_000
LONGEST_LIST = 10_000

_file = files.c


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What part of a list of files is wanted."""

    limit: int = LONGEST_LIST
    after: str = ""
    descending: bool = True
    purpose: str = ""


def new_id(prefix: str = "file-") -> str:
    """A fresh identifier: 128 random bits."""
    return f"{prefix}{secrets.token_hex(16)}"


def used(connection: sa.Connection, project: str) -> int:
    """Bytes that a project keeps, with those announced of what is on its way."""
    kept = connection.scalar(sa.select(sa.func.sum(_file.bytes)).where(_file.project == project))
    waiting = sa.select(sa.func.sum(uploads.c.bytes)).where(uploads.c.project == project, uploads.c.status == "pending")
    return int(kept or 0) + int(connection.scalar(waiting) or 0)


def check_room(connection: sa.Connection, project: str, more: int, most: int) -> None:
    """Raises InvalidError where `more` bytes make it more than `most` (0 = without a limit)."""
    if not most:
        return
    now = used(connection, project)
    if now + more > most:
        raise InvalidError(
            f"This project keeps {now / MB:.1f} MB of files and may keep {most // MB} MB, so {more / MB:.1f} MB more "
            "do not fit: delete files that are no longer needed, or ask the operator to raise "
            "PLEIADE_PROJECT_UPLOADS_MB.",
            param="file",
            code="space_exhausted",
        )


def reserve(connection: sa.Connection, project: str, identifier: str, object: str, announced: int, most: int) -> None:
    """Note that a file arrives, so that its room is taken and its bytes are found if nobody finishes it.

    Raises InvalidError where there is no room.
    """
    check_room(connection, project, announced, most)
    connection.execute(
        sa.insert(files).values(
            id=identifier,
            project=project,
            created=now(),
            filename="",
            purpose="",
            status=ARRIVING,
            bytes=announced,
            sha256="",
            expires=0,
            objects=[object],
        )
    )


def finish(connection: sa.Connection, kept: Kept, most: int) -> None:
    """The file that `reserve` noted is here. Raises InvalidError where there is no room for it after all."""
    file = kept.file
    connection.execute(sa.update(files).where(_file.id == file.id).values(bytes=0))
    check_room(connection, kept.project, file.bytes, most)
    connection.execute(sa.delete(files).where(_file.id == file.id))
    insert(connection, kept)


def insert(connection: sa.Connection, kept: Kept) -> None:
    """Keep a file whose bytes are there."""
    file = kept.file
    connection.execute(
        sa.insert(files).values(
            id=file.id,
            project=kept.project,
            created=within(file.created_at),
            filename=file.filename,
            purpose=file.purpose,
            status=HERE,
            bytes=file.bytes,
            sha256=file.sha256,
            expires=file.expires_at or 0,
            objects=list(kept.objects),
        )
    )


def find(connection: sa.Connection, project: str, identifier: str) -> Kept:
    """The file of that id. Raises NotFoundError."""
    row = None
    if len(identifier) <= 64 and "\0" not in identifier:
        wanted = _visible(project).where(_file.id == identifier)
        row = connection.execute(wanted).first()
    if row is None:
        raise NotFoundError("File", identifier)
    return _kept(row)


def list_page(connection: sa.Connection, project: str, wanted: Listing) -> tuple[list[File], bool] | None:
    """One page of a project's files, and whether there are more; None where `after` names none of them."""
    query = _visible(project)
    if wanted.purpose:
        query = query.where(_file.purpose == wanted.purpose)
    place = sa.tuple_(_file.created, _file.id)
    if wanted.after:
        known = len(wanted.after) <= 64 and "\0" not in wanted.after
        last = connection.execute(_visible(project).where(_file.id == wanted.after)).first() if known else None
        if last is None:
            return None
        mark = sa.tuple_(sa.literal(last.created), sa.literal(last.id))
        query = query.where(place < mark if wanted.descending else place > mark)
    order = [column.desc() if wanted.descending else column.asc() for column in (_file.created, _file.id)]
    rows = connection.execute(query.order_by(*order).limit(wanted.limit + 1)).all()
    return [_kept(row).file for row in rows[: wanted.limit]], len(rows) > wanted.limit


def delete(connection: sa.Connection, project: str, identifier: str) -> Kept:
    """Hide a file; it is forgotten once its bytes are gone. Raises NotFoundError."""
    kept = find(connection, project, identifier)
    connection.execute(sa.update(files).where(_file.id == identifier).values(status=DELETED, bytes=0))
    return kept


def forget(connection: sa.Connection, identifiers: Sequence[str]) -> None:
    """The bytes of these are gone."""
    connection.execute(sa.delete(files).where(_file.id.in_(identifiers)))


def doomed(connection: sa.Connection, most: int = 500) -> list[tuple[str, tuple[str, ...]]]:
    """Ids and objects of files that are deleted, have expired, or died on their way."""
    at = int(time.time())
    dead = sa.and_(_file.status == ARRIVING, _file.created < (at - ARRIVING_S) * SECOND)
    expired = sa.and_(_file.expires > 0, _file.expires <= at)
    rows = connection.execute(sa.select(files).where(sa.or_(_file.status == DELETED, dead, expired)).limit(most))
    return [(row.id, tuple(row.objects)) for row in rows]


def now() -> int:
    """Unix microseconds."""
    return time.time_ns() // 1000


def within(second: int) -> int:
    """Unix microseconds in that second: the present ones, while it lasts."""
    present = now()
    return present if present // SECOND == second else second * SECOND


def _visible(project: str) -> sa.Select[tuple[object, ...]]:
    alive = sa.or_(_file.expires == 0, _file.expires > int(time.time()))
    return sa.select(files).where(_file.project == project, _file.status == HERE, alive)


def _kept(row: sa.Row[tuple[object, ...]]) -> Kept:
    found = row._mapping
    file = File(
        id=found["id"],
        bytes=found["bytes"],
        created_at=found["created"] // SECOND,
        expires_at=found["expires"] or None,
        filename=found["filename"],
        purpose=found["purpose"],
        status=found["status"],
        sha256=found["sha256"],
    )
    return Kept(file=file, project=found["project"], objects=tuple(found["objects"]))
