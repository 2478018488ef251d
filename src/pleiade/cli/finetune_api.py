"""Fine-tuning asked of a server over its public HTTP API."""

import asyncio
import os
from pathlib import Path
from typing import Any

from pleiade.cli.common import fail
from pleiade.cli.image_api import PictureServer, find_server


class Api:
    """A server's `/v1`; each method ends the command with what the server says where it refuses."""

    def __init__(self, home: str | None, url: str, key: str) -> None:
        self._server: PictureServer = find_server(home, url, key)

    def get(self, path: str) -> dict[str, Any]:
        """What a route tells."""
        return asyncio.run(self._ask("GET", path))

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What a route answers to JSON."""
        return asyncio.run(self._ask("POST", path, json=body or {}))

    def upload(self, path: Path) -> str:
        """The id of a file of examples that is brought now."""
        import aiohttp

        async def bring() -> dict[str, Any]:
            form = aiohttp.FormData()
            form.add_field("purpose", "fine-tune")
            with path.open("rb") as file:
                form.add_field("file", file, filename=path.name, content_type="application/jsonl")
                return await self._ask("POST", "/files", data=form)

        if not path.is_file():
            fail(f"{path} is no file: give one with an example a line, or the id of an uploaded one (file-…)")
        return str(asyncio.run(bring())["id"])

    async def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        import aiohttp

        server = self._server
        bearer = {"authorization": f"Bearer {server.key}"} if server.key else {}
        patience = aiohttp.ClientTimeout(total=None, sock_connect=10)
        try:
            async with (
                aiohttp.ClientSession(timeout=patience, trust_env=not server.ours) as session,
                session.request(method, server.url + path, headers=bearer, **more) as answer,
            ):
                told = await answer.json(content_type=None)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            fail(f"{server.url} cannot be asked: {error or type(error).__name__}")
        if not isinstance(told, dict):
            fail(f"{server.url}{path} answered what is no JSON object: is it an OpenAI API?")
        if "error" in told and answer.status >= 400:
            fail(str(told["error"].get("message") or answer.status))
        return told


def file_of(api: Api, given: str) -> str:
    """The id of a file: `given` itself where it is one, else that of the file on disk, which is uploaded."""
    if given.startswith("file-") and not os.path.exists(given):
        return given
    return api.upload(Path(given))
