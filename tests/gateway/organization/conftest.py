"""Two customers on one gateway, each with an admin key, and the official client for both."""

import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from customers import Customer, new_customer

from pleiade.gateway.keys import DatabaseKeys
from pleiade.gateway.rooms import production_rooms
from pleiade.settings import Settings
from pleiade.store import open_database

Serve = Callable[..., Awaitable[Any]]


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """The gateway's database: SQLite, unless a test asks for PostgreSQL by the parameter "postgresql"."""
    if getattr(request, "param", "sqlite") == "sqlite":
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite'), tmp_path / 'pleiade.db')}"
    else:
        template: sa.URL = request.getfixturevalue("migrated_postgresql")
        name = f"test_{uuid.uuid4().hex}"
        server = sa.create_engine(template.set(database="template1"), isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template.database}"))
        server.dispose()
        url = template.set(database=name).render_as_string(hide_password=False)
    engine = open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture
def two(database: sa.Engine) -> tuple[Customer, Customer]:
    """Acme and Globex, made before the gateway starts."""
    return new_customer(database, "acme"), new_customer(database, "globex")


@pytest.fixture
async def served(serve: Serve, tmp_path: Path, two: tuple[Customer, Customer], database: sa.Engine) -> Any:
    """A gateway with every room, over real keys."""
    url = database.url.render_as_string(hide_password=False)
    wanted: dict[str, Any] = {"home": str(tmp_path), "database_url": url}
    return await serve(rooms=production_rooms(Settings(**wanted)), keys=DatabaseKeys(url), **wanted)


@pytest.fixture
async def acme(served: Any, two: tuple[Customer, Customer]) -> AsyncIterator[Customer]:
    """The first customer, with a client."""
    async with two[0].connect(served.url) as customer:
        yield customer


@pytest.fixture
async def globex(served: Any, two: tuple[Customer, Customer]) -> AsyncIterator[Customer]:
    """The second customer, with a client."""
    async with two[1].connect(served.url) as customer:
        yield customer
