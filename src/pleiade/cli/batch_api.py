"""Batches asked of a server over its public HTTP API."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp

from pleiade.cli.image_api import PictureServer

LOOK_S = 0.5
OVER = frozenset({"completed", "failed", "expired", "cancelled"})
PIECE = 1024 * 1024


class BatchApiError(Exception):
    """The server refused; the message is its own."""


class BatchApi:
    """A connection to a server; close it by `async with`."""

    def __init__(self, server: PictureServer) -> None:
        self._base = server.url
        bearer = {"authorization": f"Bearer {server.key}"} if server.key else {}
        patience = aiohttp.ClientTimeout(total=None, sock_connect=10)
        self._session = aiohttp.ClientSession(headers=bearer, timeout=patience, trust_env=not server.ours)

    async def __aenter__(self) -> "BatchApi":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, path: Path) -> str:
        """Bring an input file; its id. Raises BatchApiError, OSError."""
        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        with path.open("rb") as file:
            form.add_field("file", file, filename=path.name, content_type="application/jsonl")
            made = await self._ask("POST", "/files", data=form)
        return str(made["id"])

    async def create(self, input_file: str, endpoint: str) -> dict[str, Any]:
        """Let its requests run. Raises BatchApiError."""
        body = {"input_file_id": input_file, "endpoint": endpoint, "completion_window": "24h"}
        return await self._ask("POST", "/batches", json=body)

    async def find(self, batch: str) -> dict[str, Any]:
        """A batch as it is now. Raises BatchApiError."""
        return await self._ask("GET", f"/batches/{batch}")

    async def cancel(self, batch: str) -> dict[str, Any]:
        """Let it end with what it has. Raises BatchApiError."""
        return await self._ask("POST", f"/batches/{batch}/cancel")

    async def list(self, limit: int) -> list[dict[str, Any]]:
        """The newest batches. Raises BatchApiError."""
        found: list[dict[str, Any]] = (await self._ask("GET", f"/batches?limit={limit}"))["data"]
        return found

    async def follow(self, batch: dict[str, Any], show: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """The batch once it is over; `show` sees it on the way. Raises BatchApiError."""
        while True:
            show(batch)
            if batch["status"] in OVER:
                return batch
            await asyncio.sleep(LOOK_S)
            batch = await self.find(batch["id"])

    async def fetch(self, file: str, path: Path) -> int:
        """Write a file's bytes to `path`; how many lines these are. Raises BatchApiError, OSError."""
        lines = 0
        async with self._session.get(f"{self._base}/files/{file}/content") as answer:
            if answer.status != 200:
                raise BatchApiError(_said(answer.status, await answer.read()))
            with path.open("wb") as target:
                async for piece in answer.content.iter_chunked(PIECE):
                    target.write(piece)
                    lines += piece.count(b"\n")
        return lines

    async def _ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        try:
            async with self._session.request(method, self._base + path, **body) as answer:
                data = await answer.read()
                if answer.status >= 400:
                    raise BatchApiError(_said(answer.status, data))
                found: dict[str, Any] = json.loads(data)
                return found
        except aiohttp.ClientError as error:
            raise BatchApiError(f"{self._base} cannot be reached: {error}") from error


def _said(status: int, data: bytes) -> str:
    try:
        return str(json.loads(data)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered with status {status}"
