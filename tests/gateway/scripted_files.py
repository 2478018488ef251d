"""Somebody who brings files to a gateway, and what they send."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from scripted_gateway import OTHER_SECRET, SECRET, Served, key_for

from pleiade.domain import Role
from pleiade.gateway.keys import FixedKeys

AZURE = "?api-version=2024-10-21"


def two_projects() -> FixedKeys:
    """A key of one project, and one of another."""
    return FixedKeys(
        {SECRET: key_for(SECRET, role=Role.ADMIN), OTHER_SECRET: key_for(OTHER_SECRET, project="other-project")}
    )


def form(data: bytes, name: str = "data.jsonl", field: str = "file", **texts: str) -> aiohttp.FormData:
    """A form as the official clients send it: texts first."""
    made = aiohttp.FormData(quote_fields=False)
    for key, value in texts.items():
        made.add_field(key, value)
    made.add_field(field, data, filename=name, content_type="application/octet-stream")
    return made


@dataclass
class Owner:
    """Somebody with a key."""

    served: Served
    headers: dict[str, str]
    home: Path

    async def ask(self, method: str, path: str, *, status: int = 200, prefix: str = "/v1", **options: Any) -> Any:
        """The answer, decoded where it is JSON; it must have `status`."""
        async with self.served.client.request(
            method, f"{self.served.url}{prefix}{path}", headers=self.headers, **options
        ) as answer:
            data = await answer.read()
            assert answer.status == status, (method, path, answer.status, data[:500])
            self.told = answer.headers
            return json.loads(data) if answer.content_type == "application/json" else data

    async def send(self, data: bytes, purpose: str = "user_data", *, status: int = 200, **more: Any) -> Any:
        """Bring a file."""
        name = more.pop("name", "data.jsonl")
        texts = {"purpose": purpose, **more.pop("texts", {})}
        return await self.ask("POST", "/files", data=form(data, name, **texts), status=status, **more)

    async def refused(self, data: bytes, purpose: str = "batch", status: int = 400, **more: Any) -> str:
        """Why a file is not taken."""
        return (await self.send(data, purpose, status=status, **more))["error"]["message"]

    async def get(self, path: str, *, status: int = 200) -> Any:
        return await self.ask("GET", path, status=status)

    async def post(self, path: str, body: Any = None, *, status: int = 200, **options: Any) -> Any:
        return await self.ask("POST", path, json=body or {}, status=status, **options)

    async def begin(self, size: int, purpose: str = "user_data", **more: Any) -> str:
        """The id of a new upload."""
        body = {"filename": "data.jsonl", "purpose": purpose, "bytes": size, "mime_type": "text/jsonl", **more}
        return (await self.post("/uploads", body))["id"]

    async def part(self, upload: str, data: bytes, *, status: int = 200) -> Any:
        """Send a part."""
        return await self.ask("POST", f"/uploads/{upload}/parts", data=form(data, "part", "data"), status=status)

    def other(self) -> "Owner":
        """Somebody of another project."""
        return Owner(self.served, {"authorization": f"Bearer {OTHER_SECRET}"}, self.home)

    def stored(self) -> list[Path]:
        """Every file in the store, unfinished ones too."""
        folder = self.home / "files"
        return sorted(folder.iterdir()) if folder.exists() else []
