"""The bytes of pictures, as the database knows them: reserved before they are written, counted, shared, let go.

A row is there before its bytes and until they are gone, so whoever dies in between leaves nothing that is not found.
"""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pleiade.products.pictures.nouns import Blob
from pleiade.products.records import space
from pleiade.products.records.rows import SECOND, Owner, now, of
from pleiade.store.pictures import picture_objects, picture_uses

_ABANDONED_S = 3600  # after which bytes that nothing uses were left by somebody who died
_AT_ONCE = 500


def reserve(connection: sa.Connection, owner: Owner, blobs: Sequence[Blob], most_bytes: int) -> list[Blob]:
    """Room for `blobs`, at once; as given back, some name the object that has the same bytes already.

    Raises InvalidError where the project may keep no more.
    """
    shared = [_known(connection, owner, blob) for blob in blobs]
    new = [after for before, after in zip(blobs, shared, strict=True) if before.object == after.object]
    space.check(connection, owner.project, sum(blob.bytes for blob in new), most_bytes)
    if new:
        connection.execute(
            sa.insert(picture_objects),
            [
                {
                    "id": blob.object,
                    "project": owner.project,
                    "owner": owner.id,
                    "sha256": blob.sha256,
                    "bytes": blob.bytes,
                    "created": now(),
                }
                for blob in new
            ],
        )
    return shared


def use(connection: sa.Connection, picture: str, blobs: Sequence[Blob]) -> None:
    """Say that `picture` uses those."""
    rows = [{"picture": picture, "name": blob.name, "object": blob.object} for blob in blobs]
    connection.execute(sa.insert(picture_uses), rows)


def forget(connection: sa.Connection, names: Sequence[str]) -> None:
    """Forget objects whose bytes are gone; those that are used meanwhile stay."""
    connection.execute(sa.delete(picture_objects).where(picture_objects.c.id.in_(names), _unused()))


def abandoned(connection: sa.Connection) -> list[str]:
    """Objects that somebody reserved, or let go of, and died."""
    query = sa.select(picture_objects.c.id).where(picture_objects.c.created < now() - _ABANDONED_S * SECOND, _unused())
    return list(connection.scalars(query.limit(_AT_ONCE)))


def _known(connection: sa.Connection, owner: Owner, blob: Blob) -> Blob:
    """`blob` in the object that holds the same bytes and is used; itself where there is none."""
    query = (
        sa.select(picture_objects.c.id)
        .join(picture_uses, picture_uses.c.object == picture_objects.c.id)
        .where(of(owner, picture_objects), picture_objects.c.sha256 == blob.sha256)
        .limit(1)
    )
    name = connection.scalar(query)
    return blob if name is None else msgspec.structs.replace(blob, object=name)


def _unused() -> sa.ColumnElement[bool]:
    return sa.not_(sa.exists().where(picture_uses.c.object == picture_objects.c.id))
