"""Somebody who keeps pictures, at a gateway with every room; on SQLite and on PostgreSQL."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from scripted_engine import ScriptedEngine
from scripted_gateway import OTHER_SECRET, Serve, Served
from scripted_pictures import GENERATE, image_endpoint, makes_pictures

from pleiade.gateway.rooms import production_rooms
from pleiade.settings import Settings

V1 = "/v1"


@dataclass
class Keeper:
    """Somebody with a key."""

    served: Served
    headers: dict[str, str]
    home: Path

    async def ask(self, method: str, path: str, *, status: int = 200, prefix: str = V1, **options: Any) -> Any:
        """The answer to a request, decoded where it is JSON; it must have `status`."""
        async with self.served.client.request(
            method, f"{self.served.url}{prefix}{path}", headers=self.headers, **options
        ) as answer:
            data = await answer.read()
            assert answer.status == status, (method, path, answer.status, data[:500])
            self.told = answer.headers
            return json.loads(data) if answer.content_type == "application/json" else data

    async def get(self, path: str, *, status: int = 200) -> Any:
        return await self.ask("GET", path, status=status)

    async def post(self, path: str, body: Any, *, status: int = 200, **options: Any) -> Any:
        return await self.ask("POST", path, json=body, status=status, **options)

    async def delete(self, path: str, *, status: int = 200) -> Any:
        return await self.ask("DELETE", path, status=status)

    async def made(self, count: int = 1, **fields: Any) -> list[Any]:
        """Pictures that were made and kept."""
        answer = await self.post("/images/generations", GENERATE | {"n": count, "store": True} | fields)
        return [await self.get(f"/gallery/{item['id']}") for item in answer["data"]]

    async def form(
        self, path: str, files: dict[str, bytes], *, status: int = 200, prefix: str = V1, **fields: str
    ) -> Any:
        """The answer to a form."""
        form = aiohttp.FormData(quote_fields=False)
        for name, data in files.items():
            form.add_field(name, data, filename="my picture.png", content_type="application/octet-stream")
        for name, value in fields.items():
            form.add_field(name, value)
        return await self.ask("POST", path, data=form, status=status, prefix=prefix)

    async def listed(self, query: str = "") -> list[str]:
        """The ids of a page."""
        return [one["id"] for one in (await self.get(f"/gallery?{query}"))["data"]]

    @property
    def objects(self) -> list[str]:
        """The files in which bytes are kept."""
        folder = self.home / "pictures" / "gallery"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def other(self) -> "Keeper":
        """Somebody else of the same project."""
        return Keeper(self.served, {"authorization": f"Bearer {OTHER_SECRET}"}, self.home)


Start = Callable[..., Awaitable[Keeper]]


@pytest.fixture
def start_on(serve: Serve, engine: ScriptedEngine, tmp_path: Path) -> Start:
    """Starts gateways over an engine that makes pictures."""
    engine.script = makes_pictures

    async def start(url: str, **options: Any) -> Keeper:
        settings = {"home": str(tmp_path), "database_url": url, "drain_s": 0.2, **options}
        rooms = production_rooms(Settings(**settings))
        served = await serve(rooms=rooms, endpoints=[image_endpoint(engine)], **settings)
        return Keeper(served, served.headers, tmp_path)

    return start


@pytest.fixture
async def keeper(db: sa.Engine, start_on: Start) -> Keeper:
    """On SQLite, then on PostgreSQL."""
    return await start_on(db.url.render_as_string(hide_password=False))


@pytest.fixture
async def on_sqlite(sqlite_db: sa.Engine, start_on: Start) -> Keeper:
    """For tests that have no question about databases."""
    return await start_on(sqlite_db.url.render_as_string())
