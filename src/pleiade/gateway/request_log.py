"""One line for each request: who, what, how long, how many tokens. Never a prompt, never a key."""

import asyncio
import sys
import threading
from typing import IO

import msgspec

FLUSH_S = 0.2
_MAX_PENDING = 50_000  # lines; if nobody reads the log, requests matter more than lines about them


class RequestLine(msgspec.Struct, omit_defaults=True):
    """One request as logged. Times in milliseconds, `time` in Unix seconds."""

    time: float
    request: str
    method: str
    path: str
    status: int
    ms: float
    key: str = ""  # the key's id, not the key
    project: str = ""
    deployment: str = ""
    model: str = ""
    api_version: str = ""
    stream: bool = False
    first_byte_ms: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    images: int = 0  # pictures made
    error: str = ""  # code of the failure
    cut: str = ""  # why the answer is incomplete: disconnected, slow_client, timeout, …
    client_request: str = ""  # x-client-request-id or x-ms-client-request-id, if the client sent one


class RequestLog:
    """Collects lines and writes them in batches from a thread: a slow reader of the log stalls no request."""

    def __init__(self, file: IO[bytes] | None = None, *, text: bool = False) -> None:
        self._file = file if file is not None else sys.stderr.buffer
        self._text = text
        self._pending: list[bytes] = []
        self._dropped = 0
        self._encoder = msgspec.json.Encoder(decimal_format="number")
        self._writing = threading.Lock()
        self._task: asyncio.Task[None] | None = None

    def add(self, line: RequestLine) -> None:
        """Note `line`; it is written within `FLUSH_S` seconds."""
        if len(self._pending) >= _MAX_PENDING:
            self._dropped += 1
        else:
            self._pending.append(self._text_line(line) if self._text else self._encoder.encode(line))

    @staticmethod
    def _text_line(line: RequestLine) -> bytes:
        fields = msgspec.to_builtins(line)
        return " ".join(f"{name}={value}" for name, value in fields.items() if value != "").encode()

    def flush(self) -> None:
        """Write what is pending. Blocks; called from a thread while serving."""
        with self._writing:
            pending, self._pending = self._pending, []
            dropped, self._dropped = self._dropped, 0
            if dropped:
                pending.append(b'{"dropped_lines":%d}' % dropped)
            if pending:
                try:
                    self._file.write(b"\n".join(pending) + b"\n")
                    self._file.flush()
                except (OSError, ValueError):  # the log's reader is gone: that is no reason to stop serving
                    self._dropped += len(pending)

    def start(self) -> None:
        """Begin to write in the background."""
        self._task = asyncio.create_task(self._flush_forever())

    async def stop(self) -> None:
        """Write the rest and stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self.flush)

    async def _flush_forever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            if self._pending:
                await asyncio.to_thread(self.flush)
