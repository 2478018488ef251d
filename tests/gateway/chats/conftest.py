"""Gateways with every room over one database, SQLite and PostgreSQL alike, and a caller who chats."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import msgspec
import pytest
import sqlalchemy as sa
from scripted_engine import Exchange, ScriptedEngine, chunk
from scripted_gateway import OTHER_SECRET, Serve, Served, endpoint

from pleiade.domain import EndpointTable
from pleiade.gateway.rooms import production_rooms
from pleiade.settings import Settings
from pleiade.store import open_database
from pleiade.tenancy.keys import create_key

StartOne = Callable[..., Awaitable["Caller"]]


@dataclass
class Caller:
    """Somebody with a key, at a gateway."""

    served: Served
    headers: dict[str, str]
    process: Any = None  # of a gateway that may be killed

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 200, **options: Any) -> Any:
        """The decoded answer to a request under /v1, which must have `status`."""
        async with self.served.client.request(
            method, f"{self.served.url}/v1{path}", json=body, headers=self.headers, **options
        ) as answer:
            text = await answer.text()
            assert answer.status == status, (method, path, answer.status, text)
            return await answer.json() if answer.content_type == "application/json" else text

    async def post(self, path: str, body: Any = None, *, status: int = 200, **options: Any) -> Any:
        return await self.ask("POST", path, {} if body is None else body, status=status, **options)

    async def get(self, path: str, *, status: int = 200, **options: Any) -> Any:
        return await self.ask("GET", path, status=status, **options)

    async def delete(self, path: str, *, status: int = 200) -> Any:
        return await self.ask("DELETE", path, status=status)

    async def question(self, chat: str, content: str, **more: Any) -> Any:
        return await self.post(f"/chats/{chat}/messages", {"content": content, **more})

    async def answered(self, chat: str, content: str = "", **more: Any) -> Any:
        """A question, if there is one, and the message of its answer once that is over."""
        if content:
            await self.question(chat, content)
        begun = await self.post(f"/chats/{chat}/answers", more)
        return await self.ended(chat, begun["id"])

    async def ended(self, chat: str, message: str) -> Any:
        """A message once it is over."""
        async with asyncio.timeout(10):
            while (found := await self.message(chat, message))["status"] == "in_progress":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return found

    async def message(self, chat: str, message: str) -> Any:
        thread = await self.get(f"/chats/{chat}")
        return next(one for one in thread["messages"] if one["id"] == message)

    async def attach(self, name: str, data: bytes, *, status: int = 200, **fields: str) -> Any:
        """Upload a file."""
        form = aiohttp.FormData()
        form.add_field("file", data, filename=name, content_type="application/octet-stream")
        for field, value in fields.items():
            form.add_field(field, value)
        async with self.served.client.post(
            f"{self.served.url}/v1/attachments", data=form, headers=self.headers
        ) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    @property
    def sent(self) -> Any:
        """What the engine was sent last."""
        return self.served.engine.seen[-1].body

    def other(self) -> "Caller":
        """Somebody else, with a key of the same project."""
        return Caller(self.served, {"authorization": f"Bearer {OTHER_SECRET}"})


@pytest.fixture
def start_on(serve: Serve, tmp_path: Path) -> Callable[..., Awaitable[Caller]]:
    """Starts gateways that share one database and one home."""

    async def start(url: str, *, project_files_mb: int = 100, **options: Any) -> Caller:
        settings = {"home": str(tmp_path), "database_url": url, "drain_s": 0.2, "project_files_mb": project_files_mb}
        served = await serve(rooms=production_rooms(Settings(**settings)), **options, **settings)
        return Caller(served, served.headers)

    return start


@pytest.fixture
async def caller(db: sa.Engine, start_on: StartOne) -> Caller:
    """A caller on SQLite, then one on PostgreSQL."""
    return await start_on(db.url.render_as_string(hide_password=False))


@pytest.fixture
async def on_sqlite(sqlite_db: sa.Engine, start_on: StartOne) -> Caller:
    """A caller, for tests that have no question about databases."""
    return await start_on(sqlite_db.url.render_as_string())


@pytest.fixture
async def start_killable(tmp_path: Path, engine: ScriptedEngine) -> AsyncIterator[Callable[[str], Awaitable[Caller]]]:
    """Starts a gateway as a process of its own, over the scripted engine."""
    started: list[asyncio.subprocess.Process] = []
    client = aiohttp.ClientSession()

    async def start(url: str) -> Caller:
        database = open_database(url)
        secret, _ = create_key(database, name="test")
        database.dispose()
        table = tmp_path / "run" / "endpoints.json"
        table.parent.mkdir()
        table.write_bytes(msgspec.json.encode(EndpointTable(version=1, endpoints=(endpoint(engine),))))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "pleiade.gateway", "--fd", str(listener.fileno())),
                pass_fds=(listener.fileno(),),
                stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, "PLEIADE_HOME": str(tmp_path), "PLEIADE_DATABASE_URL": url},
            )
            started.append(process)
            port = listener.getsockname()[1]
        served: Any = SimpleNamespace(client=client, url=f"http://127.0.0.1:{port}", engine=engine)
        return Caller(served, {"authorization": f"Bearer {secret}"}, process)

    yield start
    await client.close()
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Patient:
    """An engine that says one word, then waits until the test lets it go on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(chunk("One", tokens=1))
        await self.go_on.wait()
        await exchange.part(chunk(" two", tokens=2))
        await exchange.part(chunk(None, finish="stop", tokens=2))
        await exchange.part(b"data: [DONE]\n\n")
        await exchange.end()


@pytest.fixture
def patient() -> Patient:
    """That engine."""
    return Patient()
