"""Opening the database, and turning a driver's complaint into a sentence that says what to do."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 10_000  # how long a writer of SQLite waits for another one before it gives up
AWAY = ("refused", "timeout", "could not", "failed to resolve", "connection to server", "server closed", "terminating")
WRITES = "pleiade_writes"  # execution option of a connection that will write


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do."""


def open_database(url: str, *, tried: bool = True) -> sa.Engine:
    """An engine on `url` ("sqlite:///FILE" or "postgresql+psycopg://…"), tried with one query unless told not to.

    SQLite runs in WAL mode with foreign keys and a busy timeout, and its file is readable by its owner only.
    Raises StoreError where the database cannot be opened (read-only folder, no server, wrong password, …).
    """
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError(
            f"database_url {url!r} is not a URL: use sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE"
        ) from error
    match parsed.get_backend_name():
        case "sqlite":
            engine = _open_sqlite(parsed)
        case "postgresql":
            engine = _open_postgresql(parsed)
        case other:
            raise StoreError(f"database_url: {other} is not supported; use sqlite or postgresql+psycopg")
    if tried:
        with explained(engine), engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    return engine


@contextmanager
def explained(engine: sa.Engine) -> Iterator[None]:
    """Within it, a failure of the database (not of a statement) is raised as StoreError."""
    try:
        yield
    except (sa.exc.IntegrityError, sa.exc.ProgrammingError, sa.exc.DataError):
        raise  # a statement of ours, not the database, is at fault: the caller knows what it means
    except sa.exc.DBAPIError as error:
        raise StoreError(_explain(engine.url, error)) from error


def _open_sqlite(url: URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        _create_private(Path(url.database))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None  # we say BEGIN ourselves: the driver's own way defers every lock
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # safe in WAL: a power cut loses no consistency

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A writer takes the lock at once: upgrading a read lock later fails with "locked" under concurrency.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _create_private(path: Path) -> None:
    """Create the file with mode 0600 if it is not there: it holds hashes of keys and engines' credentials."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(
            f"cannot create the database {path}: {error.strerror}. "
            "Choose another folder with --home, or make this one writable."
        ) from error


def _open_postgresql(url: URL) -> sa.Engine:
    url = url.set(drivername="postgresql+psycopg")
    try:
        return sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    except ModuleNotFoundError as error:
        raise StoreError(
            "database_url names PostgreSQL, but its driver is missing: pip install 'pleiade[postgres]'"
        ) from error


def _explain(url: URL, error: sa.exc.DBAPIError) -> str:
    """One sentence about what happened, one about what to do. The password never appears."""
    shown = url.render_as_string(hide_password=True)
    said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no reason given"
    low = str(error.orig).lower()
    if "readonly" in low or "read-only" in low:
        remedy = "make the file and its folder writable, or choose another folder with --home"
    elif "unable to open" in low:
        remedy = "check that the folder exists and is writable, or choose another one with --home"
    elif "is full" in low or "no space" in low or "disk i/o" in low:
        remedy = "free some disk space and start again"
    elif "locked" in low:
        remedy = "another process holds the database for long: find it (`lsof`) and try again"
    elif "not a database" in low or "malformed" in low:
        remedy = "the file is damaged: put back a copy of it, or move it away and start anew"
    elif "password" in low or "authentication" in low or "role" in low:
        remedy = "check the user and the password in database_url"
    elif any(word in low for word in AWAY):
        remedy = "check that PostgreSQL runs there and that database_url names its host and port"
    else:
        remedy = "run `pleiade doctor`"
    return f"database {shown}: {said}; {remedy}"
