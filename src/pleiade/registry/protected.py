"""Texts that answers must not repeat, kept as hashes for gateways to follow."""

import time
from collections.abc import Callable

import msgspec
import sqlalchemy as sa

from pleiade.registry.errors import RegistryError
from pleiade.safety.protected import ProtectedIndex, ProtectedTextError, shingles_of
from pleiade.store import bump_version, reading, unit_of_work, version_of
from pleiade.store.protected import protected_texts

VERSION = "protected_texts"
_HASH = 8  # bytes

Record = Callable[[sa.Connection], object]


class ProtectedText(msgspec.Struct, frozen=True):
    """One of them, as far as it is known: how many different runs of words, and since when (Unix seconds)."""

    name: str
    shingles: int
    added: int


def protect(db: sa.Engine, name: str, text: str, *, record: Record | None = None) -> None:
    """Protect a text from now on; one of the same name is replaced. Raises RegistryError."""
    try:
        shingles = shingles_of(text)
    except ProtectedTextError as error:
        raise RegistryError(f"{name}: {error}") from error
    table = protected_texts
    with unit_of_work(db) as connection:
        bump_version(connection, VERSION)
        connection.execute(sa.delete(table).where(table.c.name == name))
        connection.execute(sa.insert(table).values(name=name, shingles=shingles, added=int(time.time())))
        if record is not None:
            record(connection)


def unprotect(db: sa.Engine, name: str, *, record: Record | None = None) -> None:
    """Protect it no more. Raises RegistryError for an unknown name."""
    with unit_of_work(db) as connection:
        bump_version(connection, VERSION)
        if not connection.execute(sa.delete(protected_texts).where(protected_texts.c.name == name)).rowcount:
            raise RegistryError(f"no protected text is called {name!r}: see pleiade filter protect list")
        if record is not None:
            record(connection)


def list_protected(db: sa.Engine) -> list[ProtectedText]:
    """All of them, by name."""
    table = protected_texts
    query = sa.select(table.c.name, sa.func.length(table.c.shingles), table.c.added).order_by(table.c.name)
    with reading(db) as connection:
        return [ProtectedText(name, size // _HASH, added) for name, size, added in connection.execute(query)]


def load_index(db: sa.Engine) -> ProtectedIndex:
    """The index of all."""
    with reading(db) as connection:
        return ProtectedIndex(connection.scalars(sa.select(protected_texts.c.shingles)))


def protected_version(db: sa.Engine) -> int:
    """Grows with every change."""
    return version_of(db, VERSION)
