"""An engine that does what a test tells it to, over a real socket: good answers, slow ones, broken ones.

Run as a program (`python scripted_engine.py PORT`), it is a process that a test may kill -9 in mid-stream.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Script = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """One request as the engine got it, and the means to answer it byte by byte."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    writer: asyncio.StreamWriter

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def whole(self, status: int, body: bytes | dict[str, Any], headers: str = "") -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(payload)}\r\n"
        await self.send(f"{head}{headers}\r\n".encode() + payload)

    async def begin(self) -> None:
        await self.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")

    async def part(self, data: bytes) -> None:
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def end(self) -> None:
        await self.send(b"0\r\n\r\n")

    def hang_up(self) -> None:
        self.writer.transport.abort()


def usage(completion: int, prompt: int = 5) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def chunk(content: str | None, *, finish: str | None = None, tokens: int | None = None) -> bytes:
    """One event of a chat stream, with cumulative usage as its last key if `tokens` is given."""
    delta = {} if content is None else {"content": content}
    event: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "pico-1",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }
    if tokens is not None:
        event["usage"] = usage(tokens)
    return b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"


def final_usage(tokens: int) -> bytes:
    event = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "pico-1"}
    event |= {"choices": [], "usage": usage(tokens)}
    return b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"


WORDS = ("Hello", " there", ".")


async def well_behaved(exchange: Exchange) -> None:
    """What the engines' contract asks for."""
    path, body = exchange.path.partition("?")[0], exchange.body
    if path.endswith("/embeddings"):
        await exchange.whole(
            200,
            {
                "object": "list",
                "data": [{"object": "embedding", "index": 0, "embedding": "AACAPwAAAEA="}],
                "model": "minilm-1",
                "usage": {"prompt_tokens": 4, "total_tokens": 4},
            },
        )
    elif body.get("stream"):
        options = body.get("stream_options") or {}
        continuous = options.get("continuous_usage_stats")
        await exchange.begin()
        for count, word in enumerate(WORDS, 1):
            await exchange.part(chunk(word, tokens=count if continuous else None))
        await exchange.part(chunk(None, finish="stop", tokens=len(WORDS) if continuous else None))
        if options.get("include_usage"):
            await exchange.part(final_usage(len(WORDS)))
        await exchange.part(b"data: [DONE]\n\n")
        await exchange.end()
    elif path.endswith("/chat/completions"):
        message = {"role": "assistant", "content": "".join(WORDS), "refusal": None}
        choices = [
            {"index": i, "message": message, "logprobs": None, "finish_reason": "stop"}
            for i in range(body.get("n") or 1)
        ]
        answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "pico-1"}
        await exchange.whole(200, answer | {"choices": choices, "usage": usage(3)})
    else:
        choices = [{"index": 0, "text": "".join(WORDS), "logprobs": None, "finish_reason": "length"}]
        answer = {"id": "cmpl-1", "object": "text_completion", "created": 1700000000, "model": "pico-1"}
        await exchange.whole(200, answer | {"choices": choices, "usage": usage(3)})


@dataclass
class ScriptedEngine:
    """Listens on 127.0.0.1; `script` may be replaced between requests; `seen` keeps what came."""

    script: Script = well_behaved
    seen: list[Exchange] = field(default_factory=list)
    port: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # a client hung up on a request
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                request_line, *lines = head.strip().split("\r\n")
                method, path, _ = request_line.split(" ")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                exchange = Exchange(method, path, headers, raw, writer)
                self.seen.append(exchange)
                script = asyncio.ensure_future(self.script(exchange))
                hung_up = asyncio.ensure_future(reader.read(1))  # nothing comes in before the answer is out
                await asyncio.wait((script, hung_up), return_when=asyncio.FIRST_COMPLETED)
                if not script.done():
                    script.cancel()
                    self.gone.set()
                    return
                hung_up.cancel()
                await asyncio.gather(hung_up, return_exceptions=True)
                if isinstance(script.exception(), ConnectionError):
                    self.gone.set()
                script.result()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _slow_stream(exchange: Exchange) -> None:
    """A stream that goes on until somebody kills it."""
    await exchange.begin()
    count = 0
    while True:
        count += 1
        await exchange.part(chunk(" word", tokens=count))
        await asyncio.sleep(0.02)


async def _main(port: int) -> None:
    engine = ScriptedEngine(script=_slow_stream, port=port)
    await engine.start()
    print(engine.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
