"""Operations in the database: functions on a connection, always by project."""

import time
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.store.objects import image_operations as table

RUNNING, SUCCEEDED, FAILED = "running", "succeeded", "failed"  # Azure's words


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures in the making, or what became of them. Times are Unix seconds."""

    id: str
    project: str
    created: int
    expires: int
    status: str = RUNNING
    alive: int = 0  # last sign of life of whoever makes them
    body: dict[str, Any] = {}  # `result` or `error`
    pictures: list[str] = []  # names of the objects that hold them


def insert(connection: sa.Connection, operation: Operation) -> None:
    """Keep a new operation."""
    values = msgspec.to_builtins(operation)
    connection.execute(sa.insert(table).values({**values, "body": _encode(operation.body)}))


def finish(connection: sa.Connection, operation: Operation) -> bool:
    """Bring it to its end; False where it was deleted meanwhile."""
    done = connection.execute(
        sa.update(table)
        .where(table.c.id == operation.id)
        .values(status=operation.status, body=_encode(operation.body), pictures=operation.pictures)
    )
    return done.rowcount > 0


def find(connection: sa.Connection, project: str, identifier: str) -> Operation | None:
    """The operation of that id; None where this project has none, or no more."""
    if "\0" in identifier:
        return None
    row = connection.execute(
        sa.select(table).where(table.c.id == identifier, table.c.project == project, table.c.expires > time.time())
    ).first()
    if row is None:
        return None
    return Operation(**{**row._asdict(), "body": msgspec.json.decode(row.body)})


def delete(connection: sa.Connection, project: str, identifier: str) -> None:
    """Forget an operation."""
    connection.execute(sa.delete(table).where(table.c.id == identifier, table.c.project == project))


def touch(connection: sa.Connection, identifiers: Collection[str]) -> Sequence[str]:
    """A sign of life for each of those; which of them are still wanted."""
    connection.execute(sa.update(table).where(table.c.id.in_(identifiers)).values(alive=int(time.time())))
    return connection.scalars(sa.select(table.c.id).where(table.c.id.in_(identifiers))).all()


def sweep(connection: sa.Connection) -> None:
    """Forget what has expired."""
    connection.execute(sa.delete(table).where(table.c.expires <= int(time.time())))


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()
