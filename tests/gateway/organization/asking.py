"""Calls of `/v1/organization` as any client makes them: a status, and what came."""

import json
from typing import Any


class Http:
    """Calls of a running gateway with one key."""

    def __init__(self, served: Any, key: str) -> None:
        self._served, self._key = served, key

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and content: decoded where it is JSON, else bytes."""
        headers = {"authorization": f"Bearer {self._key}"}
        async with self._served.client.request(
            method, f"{self._served.url}/v1/organization{path}", headers=headers, json=body
        ) as answer:
            content = await answer.read()
            is_json = answer.headers["content-type"].startswith("application/json")
            return answer.status, json.loads(content) if is_json else content
