"""Opening: a clear sentence for each way in which a database can refuse."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from pleiade.store import StoreError, bump_version, open_database, unit_of_work
from pleiade.store.tables import versions


def test_sqlite_runs_in_wal_mode_with_foreign_keys_and_a_private_file(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path / 'pleiade.db'}")
    with db.connect() as connection:
        assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(sa.text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(sa.text("PRAGMA busy_timeout")) == 10_000
    assert stat.S_IMODE((tmp_path / "pleiade.db").stat().st_mode) == 0o600
    db.dispose()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot create the database .*nowhere.*--home"):
        open_database(f"sqlite:///{tmp_path / 'nowhere' / 'pleiade.db'}")


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "pleiade.db").write_text("this is not a database, but long enough to be looked at " * 40)
    with pytest.raises(StoreError, match="damaged"):
        open_database(f"sqlite:///{tmp_path / 'pleiade.db'}")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("not a url", "is not a URL"),
        ("mysql://root@localhost/x", "mysql is not supported"),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/pleiade", "check that PostgreSQL runs there"),
        ("postgresql://me:secret@127.0.0.1:1/pleiade", "check that PostgreSQL runs there"),
    ],
)
def test_a_wrong_url_is_explained_without_its_password(url: str, says: str) -> None:
    with pytest.raises(StoreError, match=says) as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


def test_a_full_disk_is_named_and_the_change_is_not_half_done(sqlite_db: sa.Engine) -> None:
    def write_too_much() -> None:
        with unit_of_work(sqlite_db) as connection:
            connection.execute(sa.insert(versions).values(name="first", value=1))
            pages = connection.scalar(sa.text("PRAGMA page_count"))
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")  # SQLITE_FULL, as a full disk
            connection.execute(sa.insert(versions), [{"name": f"{n:060}", "value": n} for n in range(2000)])

    with pytest.raises(StoreError, match="free some disk space"):
        write_too_much()
    with sqlite_db.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(versions)) == 0


def test_a_database_that_may_only_be_read_is_named(sqlite_db: sa.Engine) -> None:
    def write() -> None:
        with unit_of_work(sqlite_db) as connection:
            bump_version(connection, "x")

    with sqlite_db.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")  # SQLITE_READONLY, as a file without write permission
    with pytest.raises(StoreError, match=r"readonly.*writable"):
        write()


def test_postgresql_without_its_driver_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install 'pleiade\[postgres\]'"):
        open_database("postgresql://me@127.0.0.1:1/pleiade")


WRITER = """
import sys, sqlalchemy as sa
from pleiade.store import open_database, migrate, unit_of_work, bump_version
db = open_database(sys.argv[1])
migrate(db)
for _ in range(50):
    with unit_of_work(db) as connection:
        bump_version(connection, "things")
"""


def test_four_processes_that_start_at_once_migrate_once_and_lose_no_change(database_url: str) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, database_url]) for _ in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    db = open_database(database_url)
    with db.connect() as connection:
        assert connection.scalar(sa.select(versions.c.value).where(versions.c.name == "things")) == 200
    db.dispose()
