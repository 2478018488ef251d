"""Bringing a database to this program's schema, safely while several processes start at once."""

from pathlib import Path

import sqlalchemy as sa

from pleiade.store.database import StoreError, explained
from pleiade.store.unit_of_work import unit_of_work

MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 0x706C6569  # "plei": the number under which PostgreSQL serialises our migrations


def known_revisions() -> list[str]:
    """Revisions that this program can apply, oldest first: the numbers that begin the files' names."""
    return sorted(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def current_revision(db: sa.Engine) -> str:
    """Revision of the database; "" for an empty one. Raises StoreError."""
    with explained(db), db.connect() as connection:
        return _current(connection)


def migrate(db: sa.Engine) -> None:
    """Apply the migrations that `db` lacks, all or none, in one transaction under a lock.

    Raises StoreError where the database is newer than this program, or cannot be written.
    """
    known = known_revisions()
    if current_revision(db) == known[-1]:
        return  # the usual start: Alembic (0.2 s) is not even imported
    with unit_of_work(db) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
        current = _current(connection)  # another process may have migrated while we waited for the lock
        if current == known[-1]:
            return
        if current and current not in known:
            raise StoreError(
                f"the database is at revision {current}, this Pleiade knows up to {known[-1]}: "
                "it was written by a newer version. Upgrade Pleiade, or use another --home."
            )
        _upgrade(connection)


def _current(connection: sa.Connection) -> str:
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or ""


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
