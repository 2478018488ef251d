"""One HTTP request and its answer over ASGI: a bounded body in, JSON or a stream out, and word of a disconnect."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import msgspec

from pleiade.engines.wire.errors import ApiError
from pleiade.engines.wire.recent import Counter, RecentUsage

Scope = MutableMapping[str, Any]
AsgiMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]
Header = tuple[bytes, bytes]

_JSON = (b"content-type", b"application/json")
_STREAM = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, must-revalidate"),
    (b"x-accel-buffering", b"no"),
]


class Exchange:
    """A request in progress. `closed` is True once the client has gone."""

    __slots__ = ("_receive", "_recent", "_send", "_watcher", "body", "closed", "headers", "path", "started")

    def __init__(self, scope: Scope, receive: Receive, send: Send, recent: RecentUsage) -> None:
        self._receive = receive
        self._recent = recent
        self._send = send
        self._watcher: asyncio.Task[None] | None = None
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.body = b""
        self.closed = False
        self.started = False

    async def read_body(self, limit: int) -> bool:
        """Read the whole body into `body`; False where the client left before its end.

        Raises ApiError 413 above `limit` bytes; where the length was announced, nothing is read.
        """
        announced = self.headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > limit:
            raise too_large(limit)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.closed = True
                return False
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise too_large(limit)
            parts.append(part)
            if not message.get("more_body", False):
                break
        self.body = parts[0] if len(parts) == 1 else b"".join(parts)
        return True

    def count_with(self, usage: Counter) -> None:
        """Let whoever asked find out what this request used, even if the answer never reaches it."""
        self._recent.note(self.headers.get(b"x-request-id", b""), usage)

    def when_client_leaves(self, act: Callable[[], object]) -> None:
        """Call `act` at once when the connection closes before the answer is complete. Once per exchange."""
        self._watcher = asyncio.create_task(self._watch(act))

    async def _watch(self, act: Callable[[], object]) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.closed = True
        act()

    def end(self) -> None:
        """The answer is complete: a closing connection is no event any more."""
        self._recent.end(self.headers.get(b"x-request-id", b""))
        if self._watcher is not None:
            self._watcher.cancel()

    async def answer(
        self,
        body: bytes,
        *,
        status: int = 200,
        content_type: bytes | None = None,
        headers: Iterable[Header] = (),
    ) -> None:
        """Send a whole answer; JSON unless `content_type` says otherwise."""
        kind = _JSON if content_type is None else (b"content-type", content_type)
        self.started = True
        all_headers = [kind, (b"content-length", b"%d" % len(body)), *headers]
        await self._send({"type": "http.response.start", "status": status, "headers": all_headers})
        await self._send({"type": "http.response.body", "body": body})

    async def answer_json(self, value: object) -> None:
        """Send any JSON-encodable value."""
        await self.answer(msgspec.json.encode(value))

    async def answer_error(self, error: ApiError) -> None:
        """Send an error with its own status and headers."""
        await self.answer(error.body(), status=error.status, headers=error.headers)

    async def start_stream(self) -> None:
        """Send the head of a stream of server-sent events."""
        self.started = True
        await self._send({"type": "http.response.start", "status": 200, "headers": _STREAM})

    async def write(self, data: bytes) -> None:
        """Send a part of a stream; waits while the client reads too slowly."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end_stream(self, data: bytes = b"") -> None:
        """Send the last part of a stream."""
        await self._send({"type": "http.response.body", "body": data, "more_body": False})


def too_large(limit: int) -> ApiError:
    """413 for a body above `limit` bytes."""
    return ApiError(413, f"The request is larger than {limit >> 20} MB, this engine's limit.", code="request_too_large")
