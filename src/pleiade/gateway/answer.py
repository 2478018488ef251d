"""Where an answer goes: to an HTTP client, or to another route of ours in the same process."""

import asyncio
import fcntl
import struct
import termios
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol

from pleiade.gateway.errors import Header

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON = b"application/json"
EVENT_STREAM = b"text/event-stream; charset=utf-8"
_PIECE = 64 * 1024  # bytes


class Answer(Protocol):
    """What stages write to. A stage that screens or translates puts a wrapper with these members in
    `call.answer`.

    Either `whole` once, or `begin`, any number of `write` (whole events, with their blank lines), `end`.
    """

    @property
    def started(self) -> bool:
        """Whether its head has been sent."""
        ...

    @property
    def finished(self) -> bool:
        """Whether its end has been sent."""
        ...

    async def whole(self, status: int, body: bytes, headers: Sequence[Header] = (), content_type: bytes = JSON) -> None:
        """The complete answer at once."""
        ...

    async def begin(
        self, status: int = 200, headers: Sequence[Header] = (), content_type: bytes = EVENT_STREAM
    ) -> None:
        """The head of a stream."""
        ...

    async def write(self, data: bytes) -> None:
        """More of the stream; waits while the reader is not ready."""
        ...

    async def end(self) -> None:
        """The stream is complete."""
        ...

    def break_off(self) -> None:
        """Drop the reader at once, unsent bytes included."""
        ...


# Sent with every answer (wire-contract §6.3: all headers of both families).
FIXED_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-cache, must-revalidate"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-accel-buffering", b"no"),
    (b"x-ms-region", b"local"),
    (b"openai-version", b"2020-10-01"),
)


def identity_headers(call_id: str) -> tuple[Header, Header]:
    """`x-request-id` as OpenAI writes it and `apim-request-id` as Azure does, from the same 32 digits."""
    i = call_id
    return (
        (b"x-request-id", b"req_" + i.encode()),
        (b"apim-request-id", f"{i[:8]}-{i[8:12]}-{i[12:16]}-{i[16:20]}-{i[20:]}".encode()),
    )


class HttpAnswer:
    """An answer over ASGI, with the headers of both families."""

    __slots__ = (
        "_call_id",
        "_looked_at",
        "_moved_at",
        "_send",
        "_started_at",
        "_untaken",
        "blocked_at",
        "extra",
        "finished",
        "organization",
        "started",
    )

    def __init__(self, send: Send, call_id: str) -> None:
        self._send = send
        self._call_id = call_id
        self._started_at = time.perf_counter()
        self.organization = "default"
        self.blocked_at = 0.0  # perf_counter since when the transport takes no more; 0 = it does
        self._moved_at = 0.0  # perf_counter when the client was last seen to take something, while blocked
        self._looked_at = 0.0
        self._untaken = 0  # bytes, when that was looked at
        self.extra: list[Header] = []  # headers that stages add before the answer starts
        self.started = False
        self.finished = False

    def tell(self, headers: Sequence[Header]) -> None:
        """Headers for the answer's head; what was told before under the same names is replaced."""
        names = {name for name, _ in headers}
        self.extra = [header for header in self.extra if header[0] not in names] + [*headers]

    def _head(self, status: int, content_type: bytes, headers: Sequence[Header]) -> dict[str, Any]:
        elapsed_ms = int((time.perf_counter() - self._started_at) * 1000)
        named = {name for name, _ in headers}
        return {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                *identity_headers(self._call_id),
                (b"openai-processing-ms", b"%d" % elapsed_ms),
                (b"openai-organization", self.organization.encode("ascii", "replace")),
                *(header for header in FIXED_HEADERS if header[0] not in named),
                *self.extra,
                *headers,
            ],
        }

    async def whole(self, status: int, body: bytes, headers: Sequence[Header] = (), content_type: bytes = JSON) -> None:
        """The complete answer at once."""
        self.started = True
        head = self._head(status, content_type, headers)
        if status != 304:  # which is about a body that the client has
            head["headers"].append((b"content-length", b"%d" % len(body)))
        self.blocked_at = time.perf_counter()
        await self._send(head)
        last = await self._in_pieces(body)
        await self._send({"type": "http.response.body", "body": last})
        self.finished = True
        self.blocked_at = 0.0

    async def begin(
        self, status: int = 200, headers: Sequence[Header] = (), content_type: bytes = EVENT_STREAM
    ) -> None:
        """The head of a stream."""
        self.started = True
        self.blocked_at = time.perf_counter()
        await self._send(self._head(status, content_type, headers))
        self.blocked_at = 0.0

    async def write(self, data: bytes) -> None:
        """More of the stream; waits while the client does not read."""
        last = await self._in_pieces(data)
        await self._send({"type": "http.response.body", "body": last, "more_body": True})
        self.blocked_at = 0.0

    async def _in_pieces(self, data: bytes) -> bytes:
        """Send all of `data` but its last piece, which is returned.

        In pieces the server's flow control tells a client that stops reading from one that reads slowly.
        """
        start = 0
        while len(data) - start > _PIECE:
            self.blocked_at = time.perf_counter()
            await self._send({"type": "http.response.body", "body": data[start : start + _PIECE], "more_body": True})
            start += _PIECE
        self.blocked_at = time.perf_counter()
        return data[start:] if start else data

    async def end(self) -> None:
        """The stream is complete."""
        await self._send({"type": "http.response.body", "body": b""})
        self.finished = True

    def stalled_s(self, now: float, every_s: float) -> float:
        """Seconds for which the client has taken nothing of what waits for it; 0 while nothing waits.

        That a write waits says little about a slow client: Linux calls a socket writable again only when a third
        of its buffer, up to megabytes, has been taken. What the client's side has acknowledged tells.

        Args:
            now: `perf_counter`'s time.
            every_s: How often the kernel is asked, in seconds.
        """
        if not self.blocked_at:
            return 0.0
        if self._moved_at < self.blocked_at:  # the first look at this wait
            self._moved_at, self._looked_at, self._untaken = self.blocked_at, now, _untaken(self._transport())
        elif now - self._looked_at >= every_s:
            self._looked_at, before = now, self._untaken
            self._untaken = _untaken(self._transport())
            if self._untaken != before:
                self._moved_at = now
        return now - self._moved_at

    def _transport(self) -> asyncio.WriteTransport | None:
        """What carries the answer, where the server is uvicorn: its `send` is a method of the object that holds it."""
        return getattr(getattr(self._send, "__self__", None), "transport", None)

    def break_off(self) -> None:
        """Reset the connection of a client that stopped reading.

        ASGI has no word for that, and an orderly close would wait for the client to take what is buffered.
        Without a transport the server's own close has to do.
        """
        transport = self._transport()
        if transport is not None:
            transport.abort()
        self.finished = True


def _untaken(transport: asyncio.WriteTransport | None) -> int:
    """Bytes written that the client's side has not acknowledged; 0 where the system cannot tell (tcp(7), SIOCOUTQ)."""
    sock = transport.get_extra_info("socket") if transport is not None else None
    if transport is None or sock is None:
        return 0
    try:
        in_kernel = struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
    except (OSError, ValueError):  # no socket that counts; or closed meanwhile, whose number is -1
        return 0
    return transport.get_write_buffer_size() + int(in_kernel)


class QueueAnswer:
    """An answer kept in the process: another route of ours reads it while it is made.

    `whole` sets `status` and `body`; a stream's bytes go through a short queue, so that a slow reader slows
    the engine.
    """

    def __init__(self, depth: int = 64) -> None:
        self.started = False
        self.finished = False
        self.streaming = False
        self.status = 0
        self.body = b""
        self._room = asyncio.Semaphore(depth)
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()  # None = the end

    async def whole(self, status: int, body: bytes, headers: Sequence[Header] = (), content_type: bytes = JSON) -> None:
        """Keep the complete answer."""
        self.started = self.finished = True
        self.status, self.body = status, body

    async def begin(
        self, status: int = 200, headers: Sequence[Header] = (), content_type: bytes = EVENT_STREAM
    ) -> None:
        """A stream starts."""
        self.started = self.streaming = True
        self.status = status

    async def write(self, data: bytes) -> None:
        """Hand `data` (whole events) to the reader, waiting while the queue is full."""
        await self._room.acquire()
        self._chunks.put_nowait(data)

    async def end(self) -> None:
        """The stream is complete."""
        self.finished = True

    def close(self) -> None:
        """Nothing more will come, for better or worse."""
        self._chunks.put_nowait(None)

    async def read(self) -> bytes | None:
        """The next bytes of the stream, None at its end."""
        data = await self._chunks.get()
        if data is not None:
            self._room.release()
        return data

    def break_off(self) -> None:
        """The reader is in this process, and goes away with its task."""
        self.finished = True
