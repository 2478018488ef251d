"""The gateway as a process, as the supervisor starts it: sockets inherited, settings from the environment."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from scripted_engine import Exchange, ScriptedEngine, chunk, well_behaved
from scripted_gateway import CHAT, OPENAI, endpoint

from pleiade.domain import OPERATOR, Billing, EndpointTable
from pleiade.store import migrate, open_database
from pleiade.tenancy.keys import create_key, last_uses, revoke_key
from pleiade.tenancy.organisations import archive_organisation, create_organisation
from pleiade.tenancy.projects import archive_project, first_project

STREAM: dict[str, Any] = CHAT | {"stream": True}


@dataclass
class Home:
    """A home with a database, a key and a table of endpoints."""

    path: Path
    secret: str
    key_id: str
    listener: socket.socket
    url: str

    def write_table(self, engine: ScriptedEngine, **fields: Any) -> None:
        table = EndpointTable(version=1, endpoints=(endpoint(engine, **fields),))
        new = self.path / "run" / "endpoints.json.new"
        new.write_bytes(msgspec.json.encode(table))
        new.replace(self.path / "run" / "endpoints.json")


@dataclass
class Process:
    """A running gateway; closing `lifeline` is the supervisor's death."""

    process: asyncio.subprocess.Process
    lifeline: int

    @property
    def pid(self) -> int:
        return self.process.pid


Start = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path, engine: ScriptedEngine) -> Home:
    database = open_database(f"sqlite:///{tmp_path / 'pleiade.db'}")
    migrate(database)
    secret, key = create_key(database, name="test")
    database.dispose()
    (tmp_path / "run" / "metrics").mkdir(parents=True)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    home = Home(tmp_path, secret, key.id, listener, f"http://127.0.0.1:{listener.getsockname()[1]}")
    home.write_table(engine)
    return home


@pytest.fixture
async def start(home: Home) -> AsyncIterator[Start]:
    started: list[Process] = []

    async def start_gateway(**environment: str) -> Process:
        ready_read, ready_write = os.pipe()
        lifeline_read, lifeline_write = os.pipe()
        fd = home.listener.fileno()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pleiade.gateway", "--fd", str(fd), "--pulse-fd", str(ready_write)),
            pass_fds=(fd, ready_write, lifeline_read),
            stderr=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                "PLEIADE_HOME": str(home.path),
                "PLEIADE_LIFELINE_FD": str(lifeline_read),
                "PROMETHEUS_MULTIPROC_DIR": str(home.path / "run" / "metrics"),
                **environment,
            },
        )
        os.close(ready_write)
        os.close(lifeline_read)
        gateway = Process(process, lifeline_write)
        started.append(gateway)
        ready = await asyncio.to_thread(os.read, ready_read, 6)
        os.close(ready_read)
        assert ready == b"ready\n", (await process.stderr.read()).decode() if process.stderr else ""
        return gateway

    yield start_gateway
    for gateway in started:
        if gateway.process.returncode is None:
            gateway.process.kill()
        await gateway.process.communicate()
        with suppress(OSError):
            os.close(gateway.lifeline)
    home.listener.close()


@pytest.fixture
async def client(home: Home) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"authorization": f"Bearer {home.secret}"}
    async with aiohttp.ClientSession(home.url, headers=headers) as session:
        yield session


async def until_status(client: aiohttp.ClientSession, status: int) -> None:
    """A change in the database or the table is followed within a moment."""
    async with asyncio.timeout(10):
        while True:
            async with client.post(OPENAI, json=CHAT) as answer:
                if answer.status == status:
                    return
            await asyncio.sleep(0.05)


async def until_refused(url: str) -> None:
    """Nobody listens at `url` any more."""
    async with asyncio.timeout(10), aiohttp.ClientSession() as client:
        while True:
            try:
                await client.get(url + "/healthz")
            except aiohttp.ClientConnectorError:
                return
            await asyncio.sleep(0.05)


async def test_a_gateway_follows_the_keys_and_the_table(
    home: Home, start: Start, client: aiohttp.ClientSession, engine: ScriptedEngine
) -> None:
    await start()
    async with client.post(OPENAI, json=CHAT) as answer:
        assert answer.status == 200
    async with client.get("/readyz") as answer:
        assert await answer.json() == {"status": "ready", "deployments": {"chat": "ready"}}
    home.write_table(engine, deployment="renamed", aliases=())
    await until_status(client, 404)
    home.write_table(engine)
    await until_status(client, 200)
    database = open_database(f"sqlite:///{home.path / 'pleiade.db'}")
    revoke_key(database, home.key_id)
    database.dispose()
    await until_status(client, 401)


async def test_a_key_revoked_while_its_stream_runs_ends_after_the_stream(
    home: Home, start: Start, client: aiohttp.ClientSession, engine: ScriptedEngine
) -> None:
    go_on = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        if not exchange.body.get("stream"):
            await well_behaved(exchange)
            return
        await exchange.begin()
        await exchange.part(chunk("a", tokens=1))
        await go_on.wait()
        await exchange.part(chunk(None, finish="stop", tokens=1) + b"data: [DONE]\n\n")
        await exchange.end()

    engine.script = waits
    await start()
    async with client.post(OPENAI, json=STREAM) as answer:
        await answer.content.readuntil(b"\n\n")
        database = open_database(f"sqlite:///{home.path / 'pleiade.db'}")
        revoke_key(database, home.key_id)
        database.dispose()
        await until_status(client, 401)
        go_on.set()
        assert (await answer.content.read()).endswith(b"data: [DONE]\n\n")
    async with client.post(OPENAI, json=STREAM) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("archived", ["project", "organisation"])
async def test_keys_of_what_is_archived_stop_and_their_last_use_is_known(
    home: Home, start: Start, client: aiohttp.ClientSession, archived: str
) -> None:
    database = open_database(f"sqlite:///{home.path / 'pleiade.db'}")
    organisation = create_organisation(database, name="Acme", billing=Billing.INTERNAL, actor=OPERATOR)
    project = first_project(database, organisation.id)
    secret, key = create_key(database, name="k", organisation=organisation.id, project=project.id)
    gateway = await start()
    client.headers["authorization"] = f"Bearer {secret}"
    async with client.post(OPENAI, json=CHAT) as answer:
        assert (answer.status, answer.headers["openai-organization"]) == (200, organisation.id)
    if archived == "project":
        archive_project(database, organisation.id, project.id, actor=OPERATOR)
    else:
        archive_organisation(database, organisation.id, actor=OPERATOR)
    await until_status(client, 401)
    gateway.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(gateway.process.wait(), 60) == 0
    assert last_uses(database, [key.id]).keys() == {key.id}
    database.dispose()


async def test_at_sigterm_running_streams_finish_and_new_clients_are_refused(
    home: Home, start: Start, client: aiohttp.ClientSession, engine: ScriptedEngine
) -> None:
    go_on = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(chunk("a", tokens=1))
        await go_on.wait()
        await exchange.part(chunk(None, finish="stop", tokens=1) + b"data: [DONE]\n\n")
        await exchange.end()

    engine.script = waits
    gateway = await start()
    home.listener.close()
    async with client.post(OPENAI, json=STREAM) as answer:
        await answer.content.readuntil(b"\n\n")
        gateway.process.send_signal(signal.SIGTERM)
        await until_refused(home.url)
        assert gateway.process.returncode is None
        go_on.set()
        assert (await answer.content.read()).endswith(b"data: [DONE]\n\n")
    assert await asyncio.wait_for(gateway.process.wait(), 60) == 0


@pytest.mark.parametrize("how", ["signal", "supervisor dies"])
async def test_what_does_not_finish_in_time_is_told_that_the_server_stops(
    home: Home, start: Start, client: aiohttp.ClientSession, engine: ScriptedEngine, how: str
) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.begin()
        while True:
            await exchange.part(chunk("a", tokens=1))
            await asyncio.sleep(0.02)

    engine.script = endless
    gateway = await start(PLEIADE_DRAIN_S="0.3")
    async with client.post(OPENAI, json=STREAM) as answer:
        await answer.content.readuntil(b"\n\n")
        if how == "signal":
            gateway.process.send_signal(signal.SIGTERM)
        else:
            os.close(gateway.lifeline)
        last = (await answer.content.read()).strip().split(b"\n\n")[-1]
    assert "shutting down" in json.loads(last[6:])["error"]["message"]
    assert await asyncio.wait_for(gateway.process.wait(), 60) == 0


async def counted(client: aiohttp.ClientSession) -> float:
    """The chat completions that /metrics knows of."""
    async with client.get("/metrics") as answer:
        (line,) = re.findall(r'^pleiade_requests_total\{.*"/chat/completions".*', await answer.text(), re.MULTILINE)
    return float(line.rpartition(" ")[2])


async def test_any_worker_tells_the_metrics_of_all(home: Home, start: Start) -> None:
    for _ in range(2):
        await start()
    requests = 0
    headers = {"authorization": f"Bearer {home.secret}"}
    folder = home.path / "run" / "metrics"
    anew = aiohttp.TCPConnector(force_close=True)  # each worker takes some connection sooner or later
    async with (
        asyncio.timeout(60),
        aiohttp.ClientSession(home.url, headers=headers, connector=anew) as client,
    ):
        while sum(b"/chat/completions" in file.read_bytes() for file in folder.glob("*.db")) < 2:
            for answer in await asyncio.gather(*(client.post(OPENAI, json=CHAT) for _ in range(16))):
                assert answer.status == 200
                await answer.read()
            requests += 16
        for _ in range(8):  # whoever answers
            while await counted(client) != requests:  # noqa: ASYNC110 - they tell each other twice a second
                await asyncio.sleep(0.1)


async def test_the_log_has_one_json_line_a_request_and_neither_prompt_nor_key(
    home: Home, start: Start, client: aiohttp.ClientSession
) -> None:
    gateway = await start()
    secret_prompt = {"model": "chat", "messages": [{"role": "user", "content": "my secret prompt"}]}
    async with client.post(OPENAI, json=secret_prompt, headers={"x-client-request-id": "abc"}) as answer:
        request_id = answer.headers["x-request-id"]
    gateway.process.send_signal(signal.SIGTERM)
    _, log = await gateway.process.communicate()
    lines = [json.loads(line) for line in log.splitlines()]
    (line,) = [line for line in lines if line.get("request") == request_id]
    assert line["deployment"] == "chat"
    assert line["key"] == home.key_id
    assert line["client_request"] == "abc"
    assert b"my secret prompt" not in log
    assert home.secret.encode() not in log


async def test_settings_that_cannot_be_used_stop_the_start_with_their_fix() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pleiade.gateway"),
        env={**os.environ, "PLEIADE_PORT": "ninety"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, error = await process.communicate()
    assert process.returncode == 2
    assert b"PLEIADE_PORT='ninety' is not a valid int" in error
