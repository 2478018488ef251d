"""A gateway with files and batches over real books, and a runner that works beside it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from scripted_books import PRICE, Books, paying
from scripted_files import Owner
from scripted_gateway import SECRET, Serve, endpoint

from pleiade.domain.books import Entry
from pleiade.files.contents import Contents
from pleiade.gateway.batches.house import House
from pleiade.gateway.batches.room import BatchesRoom
from pleiade.gateway.files.room import FilesRoom
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.room import CompletionsRoom
from pleiade.jobs.bench import Bench
from pleiade.jobs.kinds import GIVE_UPS, KINDS
from pleiade.jobs.runner import Runner
from pleiade.settings import Settings
from pleiade.store import open_database

TOKEN = "house-of-the-test"
CHAT_PATH = "/v1/chat/completions"


def request(number: int, **changes: Any) -> dict[str, Any]:
    """A line of a batch."""
    body = {"model": "chat", "messages": [{"role": "user", "content": f"question {number}"}]}
    return {"custom_id": f"line-{number}", "method": "POST", "url": CHAT_PATH, "body": body, **changes}


def jsonl(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@dataclass
class Bulk(Owner):
    """Somebody with a key, what they pay, and the runner of the house."""

    books: Books = field(init=False)
    db: sa.Engine = field(init=False)
    runners: list[tuple[Bench, "asyncio.Task[None]", asyncio.Event]] = field(default_factory=list)

    async def work(self) -> None:
        """Let a runner begin."""
        db = open_database(self.db.url.render_as_string(hide_password=False))
        bench = Bench(db, Contents(str(self.home / "files")), self.served.url, TOKEN)
        ended = asyncio.Event()
        task = asyncio.create_task(Runner(bench, "runner", KINDS, GIVE_UPS, look_every_s=0.02).run(ended))
        self.runners.append((bench, task, ended))

    async def kill(self) -> None:
        """Let the runner be gone, in the middle of whatever it does."""
        bench, task, _ = self.runners.pop()
        dying = [one for one in asyncio.all_tasks() if one is task or one.get_name().startswith("job ")]
        for one in dying:
            one.cancel()
        await asyncio.gather(*dying, return_exceptions=True)
        await bench.close()
        bench.db.dispose()

    async def rest(self) -> None:
        """Let runners end in order."""
        for bench, task, ended in self.runners:
            ended.set()
            await asyncio.wait_for(task, 20)
            await bench.close()
            bench.db.dispose()
        self.runners.clear()

    async def begin(self, *rows: Any, **fields: Any) -> Any:  # type: ignore[override]
        """A batch of these lines."""
        file = await self.send(jsonl(*rows), "batch")
        body = {"input_file_id": file["id"], "endpoint": CHAT_PATH, "completion_window": "24h", **fields}
        return await self.post("/batches", body)

    async def ended(self, batch: Any, *, until: Callable[[Any], bool] | None = None) -> Any:
        """The batch once it is over, or as `until` wants it."""
        over = until or (lambda found: found["status"] in ("completed", "failed", "expired", "cancelled"))
        async with asyncio.timeout(30):
            while not over(found := await self.get(f"/batches/{batch['id']}")):  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.02)
        return found

    async def lines_of(self, file: str | None) -> list[Any]:
        """What a file of a batch says."""
        if file is None:
            return []
        return [json.loads(line) for line in (await self.get(f"/files/{file}/content")).splitlines()]

    async def paid(self, count: int) -> list[Entry]:
        """The entries that cost something, once there are `count` entries or more."""
        return [entry for entry in await self.books.settled(count) if entry.cost]


StartBulk = Callable[..., Awaitable[Bulk]]


@pytest.fixture
async def start(serve: Serve, tmp_path: Path, engine: Any) -> AsyncIterator[StartBulk]:
    """Starts a gateway over a database."""
    started: list[Bulk] = []

    async def start(db: sa.Engine, **options: Any) -> Bulk:
        url = db.url.render_as_string(hide_password=False)
        settings = {"home": str(tmp_path), "database_url": url}
        archive = Archive(url)
        rooms = (CompletionsRoom(archive), FilesRoom(Settings(**settings), archive), BatchesRoom(archive))
        books = Books(tmp_path / "ledger", prices=[PRICE])
        table = msgspec.structs.replace(endpoint(engine), **options.pop("endpoint", {}))
        served = await serve(rooms=rooms, commerce=books.commerce, keys=paying(), endpoints=[table], **settings)
        served.gateway.house = House(TOKEN, served.gateway.keys)
        bulk = Bulk(served, {"authorization": f"Bearer {SECRET}"}, tmp_path)
        bulk.books, bulk.db = books, db
        started.append(bulk)
        return bulk

    yield start
    for bulk in started:
        await bulk.rest()


@pytest.fixture
async def bulk(db: sa.Engine, start: StartBulk) -> Bulk:
    """On SQLite, then on PostgreSQL."""
    return await start(db)


@pytest.fixture
async def on_sqlite(sqlite_db: sa.Engine, start: StartBulk) -> Bulk:
    """For tests that have no question about databases."""
    return await start(sqlite_db)
