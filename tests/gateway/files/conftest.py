"""Somebody who brings files, at a gateway with the room of files; on SQLite and on PostgreSQL."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from scripted_files import Owner, two_projects
from scripted_gateway import Serve

from pleiade.gateway.files.room import FilesRoom
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.room import CompletionsRoom
from pleiade.settings import Settings

StartOwner = Callable[..., Awaitable[Owner]]


@pytest.fixture
def start(serve: Serve, tmp_path: Path) -> StartOwner:
    """Starts a gateway over a database, with settings."""

    async def start(db: sa.Engine, **settings: Any) -> Owner:
        url = db.url.render_as_string(hide_password=False)
        settings = {"home": str(tmp_path), "database_url": url, **settings}
        archive = Archive(url)
        files = FilesRoom(Settings(**settings), archive)
        served = await serve(rooms=(CompletionsRoom(archive), files), keys=two_projects(), **settings)
        owner = Owner(served, served.headers, tmp_path)
        owner.room = files  # type: ignore[attr-defined]
        return owner

    return start


@pytest.fixture
async def owner(db: sa.Engine, start: StartOwner) -> Owner:
    """On SQLite, then on PostgreSQL."""
    return await start(db)


@pytest.fixture
async def on_sqlite(sqlite_db: sa.Engine, start: StartOwner) -> Owner:
    """For tests that have no question about databases."""
    return await start(sqlite_db)
