"""Pictures in the database: functions on a connection, always by owner."""

from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.products.pictures.nouns import Made, Picture, PictureRequest
from pleiade.products.records.errors import NotFoundError
from pleiade.products.records.rows import SECOND, Owner, encoded, new_id, now, of, possible
from pleiade.products.records.words import words_of
from pleiade.store.pictures import PICTURE, picture_objects, picture_uses, pictures

WHAT = "Picture"
_WORDS = 16  # of a search; more only make it slow


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Which pictures are wanted, newest first."""

    limit: int = 20
    after: str = ""  # id of the last one that the caller has
    q: str = ""
    favourite: bool | None = None  # None = whether or not
    kind: str = ""
    step: str = ""
    parent: str = ""


def insert(connection: sa.Connection, owner: Owner, made: Made, request: PictureRequest | None = None) -> Picture:
    """A new picture; what it uses is said by `objects.use`. Raises NotFoundError for a parent that is not there."""
    if made.parent:
        find(connection, owner, made.parent)
    identifier = new_id("pic")
    connection.execute(
        sa.insert(pictures).values(
            id=identifier,
            project=owner.project,
            owner=owner.id,
            created=now(),
            words=_searched(made.title, made.prompt),
            favourite=False,
            request=encoded(request),
            **msgspec.structs.asdict(made),
        )
    )
    return find(connection, owner, identifier)


def find(connection: sa.Connection, owner: Owner, identifier: str) -> Picture:
    """The picture of that id. Raises NotFoundError."""
    return _picture(_row(connection, owner, identifier))


def find_request(connection: sa.Connection, owner: Owner, identifier: str) -> PictureRequest:
    """The request that made a picture. Raises NotFoundError where none did."""
    row = _row(connection, owner, identifier)
    if not row.request:
        raise NotFoundError("Request for the picture", identifier)
    return msgspec.json.decode(row.request, type=PictureRequest)


def find_object(connection: sa.Connection, owner: Owner, identifier: str) -> tuple[Picture, str]:
    """The picture of that id, and the object that holds its bytes. Raises NotFoundError."""
    found = find(connection, owner, identifier)
    name = connection.scalar(
        sa.select(picture_uses.c.object).where(picture_uses.c.picture == identifier, picture_uses.c.name == PICTURE)
    )
    return found, name or ""


def with_bytes(connection: sa.Connection, owner: Owner, sha256: str) -> str:
    """The newest picture whose own bytes have that hash; "" where there is none."""
    query = (
        sa.select(pictures.c.id)
        .join(picture_uses, picture_uses.c.picture == pictures.c.id)
        .join(picture_objects, picture_objects.c.id == picture_uses.c.object)
        .where(of(owner, picture_objects), picture_objects.c.sha256 == sha256, picture_uses.c.name == PICTURE)
        .order_by(pictures.c.number.desc())
        .limit(1)
    )
    return connection.scalar(query) or ""


def list_page(connection: sa.Connection, owner: Owner, wanted: Listing) -> tuple[list[Picture], bool] | None:
    """The pictures that are wanted, and whether there are more; None where `after` names none."""
    query = sa.select(pictures).where(of(owner, pictures), pictures.c.listed)
    if wanted.favourite is not None:
        query = query.where(pictures.c.favourite == wanted.favourite)
    for name in ("kind", "step", "parent"):
        if getattr(wanted, name):
            query = query.where(pictures.c[name] == getattr(wanted, name))
    if words := words_of(wanted.q)[:_WORDS]:
        *whole, last = words  # letters and digits only: nothing to escape; the last one may be unfinished
        query = query.where(*(pictures.c.words.contains(f" {word} ") for word in whole))
        query = query.where(pictures.c.words.contains(f" {last}"))
    elif wanted.q.strip():
        return [], False
    if wanted.after:
        last_number = connection.scalar(
            sa.select(pictures.c.number).where(pictures.c.id == possible(wanted.after, WHAT), of(owner, pictures))
        )
        if last_number is None:
            return None
        query = query.where(pictures.c.number < last_number)
    rows = connection.execute(query.order_by(pictures.c.number.desc()).limit(wanted.limit + 1)).all()
    return [_picture(row) for row in rows[: wanted.limit]], len(rows) > wanted.limit


def update(
    connection: sa.Connection, owner: Owner, identifier: str, *, favourite: bool | None = None, title: str | None = None
) -> Picture:
    """The picture as changed; None stays as it is. Raises NotFoundError."""
    before = find(connection, owner, identifier)
    values: dict[str, Any] = {}
    if favourite is not None:
        values["favourite"] = favourite
    if title is not None:
        values |= {"title": title, "words": _searched(title, before.prompt)}
    if values:
        connection.execute(sa.update(pictures).where(pictures.c.id == identifier).values(**values))
    return find(connection, owner, identifier)


def delete(connection: sa.Connection, owner: Owner, identifier: str) -> list[str]:
    """Forget a picture; what was made from it hangs below its own parent now. Objects that nothing uses any more.

    Raises NotFoundError.
    """
    row = _row(connection, owner, identifier)
    used = connection.scalars(
        sa.select(picture_uses.c.object).where(picture_uses.c.picture == identifier).distinct()
    ).all()
    connection.execute(sa.update(pictures).where(pictures.c.parent == identifier).values(parent=row.parent))
    connection.execute(sa.delete(pictures).where(pictures.c.id == identifier))
    still = sa.select(picture_uses.c.object).where(picture_uses.c.object.in_(used))
    kept = set(connection.scalars(still))
    return [name for name in used if name not in kept]


def _row(connection: sa.Connection, owner: Owner, identifier: str) -> Any:
    row = connection.execute(
        sa.select(pictures).where(pictures.c.id == possible(identifier, WHAT), of(owner, pictures))
    ).first()
    if row is None:
        raise NotFoundError(WHAT, identifier)
    return row


def _picture(row: Any) -> Picture:
    fields = {name: getattr(row, name) for name in Picture.__struct_fields__ if name != "object"}
    fields |= {"created": row.created // SECOND, "parent": row.parent or None}
    return Picture(**{**fields, "seed": None if row.seed < 0 else row.seed})


def _searched(title: str, prompt: str) -> str:
    """Title and prompt as they are searched: each word between spaces."""
    return f" {' '.join(words_of(f'{title} {prompt}'))} "
