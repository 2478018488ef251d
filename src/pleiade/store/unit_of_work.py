"""One transaction for one change, and the counters that tell other processes that something changed."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from pleiade.store.database import WRITES, explained
from pleiade.store.tables import versions

# One atomic statement, the same in SQLite and PostgreSQL: two processes may make the first change at once.
_BUMP = sa.text(
    "INSERT INTO versions (name, value) VALUES (:name, 1) ON CONFLICT (name) DO UPDATE SET value = versions.value + 1"
)


@contextmanager
def unit_of_work(db: sa.Engine) -> Iterator[sa.Connection]:
    """A connection in a writing transaction: committed at the end, rolled back by any exception.

    Raises StoreError where the database fails (full disk, read-only file, lost server).
    """
    with explained(db), db.connect() as connection:
        connection = connection.execution_options(**{WRITES: True})
        with connection.begin():
            yield connection


@contextmanager
def reading(db: sa.Engine) -> Iterator[sa.Connection]:
    """A connection for reading: one consistent snapshot, never waiting for a writer. Raises StoreError."""
    with explained(db), db.connect() as connection:
        yield connection


def version_of(db: sa.Engine, name: str) -> int:
    """How often the things called `name` ("keys", "deployments", "models") have changed; 0 = never."""
    with reading(db) as connection:
        return connection.scalar(sa.select(versions.c.value).where(versions.c.name == name)) or 0


def bump_version(connection: sa.Connection, name: str) -> None:
    """Count one more change of `name`, in the same transaction as the change itself."""
    connection.execute(_BUMP, {"name": name})
