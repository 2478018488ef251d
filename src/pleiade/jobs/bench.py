"""What a job has at hand: the database, the files, the public API, and a way to hear that it shall stop."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any, TypeVar

import aiohttp
import msgspec
import sqlalchemy as sa

from pleiade.files.contents import Contents
from pleiade.store import reading, unit_of_work

T = TypeVar("T")

ACTS_FOR = "x-pleiade-acts-for"  # header: on whose behalf a call is made
CONNECT_S = 5.0


class Answer(msgspec.Struct, frozen=True):
    """What the API answered."""

    status: int
    request: str  # its id
    body: bytes
    retry_after_s: float  # 0 = it did not say


class Bench:
    """One for all jobs of a runner. `api` is the base of our own gateway, `token` the house's."""

    def __init__(self, db: sa.Engine, contents: Contents, api: str, token: str) -> None:
        self.db = db
        self.contents = contents
        self._api = api
        self._token = token
        self._session: aiohttp.ClientSession | None = None

    async def read(self, query: Callable[..., T], *arguments: Any) -> T:
        """`query` of a connection and those, on one snapshot. Raises what it raises, StoreError."""

        def run() -> T:
            with reading(self.db) as connection:
                return query(connection, *arguments)

        return await asyncio.to_thread(run)

    async def write(self, change: Callable[..., T], *arguments: Any, **more: Any) -> T:
        """`change` of a connection and those, in a transaction. Raises what it raises, StoreError."""

        def run() -> T:
            with unit_of_work(self.db) as connection:
                return change(connection, *arguments, **more)

        return await asyncio.to_thread(run)

    async def post(self, path: str, body: bytes, principal: dict[str, Any], headers: dict[str, str]) -> Answer:
        """Ask the public API on behalf of `principal`. Raises aiohttp.ClientError, TimeoutError, OSError."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        acts_for = base64.urlsafe_b64encode(msgspec.json.encode(principal)).decode()
        said = {"authorization": f"Bearer {self._token}", ACTS_FOR: acts_for, "content-type": "application/json"}
        async with self._session.post(self._api + path, data=body, headers=said | headers) as answer:
            content = await answer.read()
            return Answer(
                answer.status,
                answer.headers.get("x-request-id", ""),
                content,
                _seconds(answer.headers.get("retry-after", "")),
            )

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0.0
