"""A gateway on a real socket over a scripted engine, with what tests need to talk to it."""

import asyncio
import contextlib
import hashlib
import io
import json
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import uvicorn
from scripted_engine import ScriptedEngine

from pleiade.domain import Endpoint, EndpointState, EndpointTable, Key, Role
from pleiade.gateway.app import Gateway, create_app
from pleiade.gateway.commerce import Commerce
from pleiade.gateway.directory import Directory
from pleiade.gateway.keys import FixedKeys
from pleiade.gateway.pipeline import Room
from pleiade.gateway.request_log import RequestLog
from pleiade.settings import Settings

SECRET = "sk-pleiade-test-secret-0123456789"
OTHER_SECRET = "sk-pleiade-other-secret-9876543210"
CHAT: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": "hi"}]}
OPENAI = "/v1/chat/completions"
AZURE = "/openai/deployments/chat/chat/completions?api-version=2024-10-21"
AZURE_V1 = "/openai/v1/chat/completions"


def key_for(secret: str, **fields: Any) -> Key:
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return Key(**({"id": "key_" + digest[:6], "name": "test", "sha256": digest, "hint": secret[-4:]} | fields))


def endpoint(engine: ScriptedEngine, **fields: Any) -> Endpoint:
    return Endpoint(
        **(
            {
                "deployment": "chat",
                "model": "pico-1",
                "kind": "text",
                "engine": "text_openvino",
                "state": EndpointState.READY,
                "url": engine.url,
                "headers": {"authorization": "Bearer engine-token"},
                "extra_usage": True,
                "aliases": ("gpt-4o-mini",),
                "context_length": 2048,
                "created": 1700000000,
            }
            | fields
        )
    )


async def openai_error(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """The four keys of an OpenAI error."""
    body = await answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    return body["error"]


async def azure_error(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """The two keys of Azure's front door."""
    body = await answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    return body["error"]


class _QuietServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Served:
    """A gateway that listens at `url`, with what it reads and writes."""

    gateway: Gateway
    url: str
    port: int
    engine: ScriptedEngine
    keys: FixedKeys
    directory: Directory
    log_file: io.BytesIO
    client: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=lambda: {"authorization": f"Bearer {SECRET}"})

    async def post(self, path: str, body: Any, **options: Any) -> aiohttp.ClientResponse:
        """POST JSON with the good key (unless `headers` says otherwise); the body is read."""
        options.setdefault("headers", self.headers)
        response = await self.client.post(self.url + path, json=body, **options)
        await response.read()
        return response

    async def get(self, path: str, **options: Any) -> aiohttp.ClientResponse:
        options.setdefault("headers", self.headers)
        response = await self.client.get(self.url + path, **options)
        await response.read()
        return response

    async def settle(self) -> None:
        """Until no call is in flight: a client may see the end of a stream a moment before the gateway is done."""
        async with asyncio.timeout(10):
            while self.gateway.watch.calls:  # noqa: ASYNC110 - a set has no event
                await asyncio.sleep(0.005)

    def log_lines(self) -> list[dict[str, Any]]:
        """The request log so far."""
        self.gateway.request_log.flush()
        return [json.loads(line) for line in self.log_file.getvalue().splitlines()]


class Gateways:
    """Starts gateways in the running event loop, and stops them all."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self._engine = engine
        self._running: list[tuple[uvicorn.Server, asyncio.Task[None], Served]] = []

    async def start(
        self,
        *,
        endpoints: Sequence[Endpoint] | None = None,
        rooms: Sequence[Room] = (),
        commerce: Commerce | None = None,
        keys: FixedKeys | None = None,
        **settings: Any,
    ) -> Served:
        """A gateway with these settings; `endpoints` replaces the table of a chat and an embedding model."""
        keys = keys or FixedKeys({SECRET: key_for(SECRET, role=Role.ADMIN), OTHER_SECRET: key_for(OTHER_SECRET)})
        directory = Directory()
        embed = endpoint(
            self._engine,
            deployment="embed",
            model="minilm-1",
            kind="embedding",
            aliases=(),
            extra_usage=False,
        )
        directory.replace(EndpointTable(version=1, endpoints=tuple(endpoints or [endpoint(self._engine), embed])))
        log_file = io.BytesIO()
        gateway = create_app(
            Settings(**settings),
            keys=keys,
            directory=directory,
            request_log=RequestLog(log_file),
            rooms=rooms,
            commerce=commerce,
        )
        # With its protocol named, asyncio turns Nagle's algorithm off on what this socket accepts.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(gateway, loop="asyncio", http="httptools", ws="none", log_config=None, access_log=False)
        server = _QuietServer(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            assert not task.done(), "the gateway did not start"
            await asyncio.sleep(0.005)
        port = listener.getsockname()[1]
        client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        served = Served(gateway, f"http://127.0.0.1:{port}", port, self._engine, keys, directory, log_file, client)
        self._running.append((server, task, served))
        return served

    async def stop(self) -> None:
        """Stop all of them at once."""
        for server, _, served in self._running:
            await served.client.close()
            server.should_exit = True
        for _, task, _ in self._running:
            await asyncio.wait_for(task, 10)


Serve = Callable[..., Awaitable[Served]]
