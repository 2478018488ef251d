"""What every test may use. Nothing here imports torch: tests that need it import it themselves."""

import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pleiade.store import migrate, open_database
from postgresql_server import PostgresqlServer, postgresql_programs
from serving import Server, serve


def pytest_configure() -> None:
    """A shell lets what it starts in the background ignore Ctrl-C, and that is inherited: here it is always heard."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's tests come last: Playwright leaves an event loop running, and others want one of their own."""
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A private PostgreSQL in a temporary folder, on a Unix socket only: the URL of its first database."""
    programs = postgresql_programs()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL must be installed in CI: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    server = PostgresqlServer(programs)
    try:
        server.start()
        yield server.url
    finally:
        server.remove()


def _create_database(server: sa.URL, template: str = "template1") -> sa.URL:
    """A new database of that server, as a copy of `template`."""
    name = f"test_{uuid.uuid4().hex}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    admin.dispose()
    return server.set(database=name)


def _drop_database(server: sa.URL, name: str) -> None:
    """Hundreds of databases that nobody uses any more would take minutes to delete at the end."""
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    admin.dispose()


def _migrated(url: str) -> None:
    engine = open_database(url)
    migrate(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied: faster than migrating for every test."""
    path = tmp_path_factory.mktemp("migrated") / "pleiade.db"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: str) -> sa.URL:
    """A migrated PostgreSQL database, to be copied."""
    url = _create_database(sa.engine.make_url(postgresql))
    _migrated(url.render_as_string(hide_password=False))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'pleiade.db'}"
        return
    server = sa.engine.make_url(request.getfixturevalue("postgresql"))
    url = _create_database(server)
    yield url.render_as_string(hide_password=False)
    _drop_database(server, str(url.database))


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An open, migrated database: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite'), tmp_path)}")
        yield engine
        engine.dispose()
        return
    server = sa.engine.make_url(request.getfixturevalue("postgresql"))
    url = _create_database(server, str(request.getfixturevalue("migrated_postgresql").database))
    engine = open_database(url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    _drop_database(server, str(url.database))


@pytest.fixture
def sqlite_db(migrated_sqlite: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    """An open, migrated SQLite database, for tests that have no question about databases."""
    engine = open_database(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real `pleiade up` with the bundled models, for all tests that do it no harm."""
    if url := os.environ.get("PLEIADE_TEST_URL"):  # a pytest inside a test: the server of the outer one
        yield Server(url=url, key=os.environ["PLEIADE_TEST_KEY"], home=Path(os.environ["PLEIADE_TEST_HOME"]))
        return
    with serve(tmp_path_factory.mktemp("server") / "home") as running:
        yield running
