"""A gateway that makes pictures: its database and its home are a test's own."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from scripted_engine import ScriptedEngine
from scripted_gateway import Serve, Served
from scripted_pictures import image_endpoint, makes_pictures

from pleiade.gateway.gallery.keeper import Keeper
from pleiade.gateway.gallery.room import GalleryRoom
from pleiade.gateway.images.room import ImagesRoom
from pleiade.gateway.stored.archive import Archive
from pleiade.settings import Settings

ServePictures = Callable[..., Awaitable[Served]]


@pytest.fixture
def home(tmp_path: Path, migrated_sqlite: Path) -> Path:
    shutil.copy(migrated_sqlite, tmp_path / "pleiade.db")
    return tmp_path


@pytest.fixture
async def serve_pictures(serve: Serve, engine: ScriptedEngine, home: Path) -> ServePictures:
    """Starts gateways over an engine of pictures; several share the home."""
    engine.script = makes_pictures

    async def start(**options: Any) -> Served:
        settings = {"home": str(home)} | {name: options.pop(name) for name in tuple(options) if name in SETTINGS}
        every = Settings(**settings)
        archive = Archive(every.database)
        keeper = Keeper(every, archive)
        rooms = [GalleryRoom(every, archive, keeper), ImagesRoom(every, archive, keeper)]
        endpoints = options.pop("endpoints", [image_endpoint(engine)])
        return await serve(rooms=rooms, endpoints=endpoints, **options, **settings)

    return start


SETTINGS = frozenset(Settings.__struct_fields__)


@pytest.fixture
async def pictures(serve_pictures: ServePictures) -> Served:
    """A gateway with default settings and one deployment, which makes pictures."""
    return await serve_pictures()
