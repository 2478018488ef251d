"""Migrations: they give exactly the tables that the program uses, and never run backwards."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from pleiade.store import StoreError, migrate, open_database, unit_of_work, version_of
from pleiade.store.migrate import MIGRATIONS, current_revision, known_revisions
from pleiade.store.tables import metadata


def declared(name: str | None, kind: str, _: object) -> bool:
    """All but the index of chats' words, which each database makes in its own way (FTS5 takes several tables)."""
    return kind != "table" or not str(name).startswith("chat_search")


def test_the_migrations_make_exactly_the_tables_of_the_program(db: sa.Engine) -> None:
    with db.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": declared})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(db: sa.Engine) -> None:
    with unit_of_work(db) as connection:
        connection.execute(sa.text("INSERT INTO versions (name, value) VALUES ('kept', 7)"))
    migrate(db)
    assert version_of(db, "kept") == 7
    assert current_revision(db) == known_revisions()[-1]


def test_each_migration_carries_the_number_of_its_file() -> None:
    for path in sorted((MIGRATIONS / "versions").glob("[0-9]*_*.py")):
        assert f'revision = "{path.name.split("_")[0]}"' in path.read_text()


def test_a_database_from_the_future_is_refused_and_left_alone(database_url: str) -> None:
    db = open_database(database_url)
    migrate(db)
    with unit_of_work(db) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"revision 9999.*newer version"):
        migrate(db)
    assert current_revision(db) == "9999"
    db.dispose()


def test_a_change_that_fails_is_rolled_back(db: sa.Engine) -> None:
    class InterruptedChange(Exception):
        pass

    def change_half() -> None:
        with unit_of_work(db) as connection:
            connection.execute(sa.text("INSERT INTO versions (name, value) VALUES ('half', 1)"))
            raise InterruptedChange

    with pytest.raises(InterruptedChange):
        change_half()
    assert version_of(db, "half") == 0
