"""Engines that die, stall or lie, and clients that go away: every call ends, and says how."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from scripted_engine import Exchange, ScriptedEngine, chunk, well_behaved
from scripted_gateway import AZURE, CHAT, OPENAI, SECRET, Serve, Served, endpoint, openai_error

from pleiade.domain import EndpointTable

STREAM: dict[str, Any] = CHAT | {"stream": True}


async def until(condition: Any, seconds: float = 5.0) -> None:
    """Wait for what must come to pass."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - it watches several parts
            await asyncio.sleep(0.005)


async def raw_request(served: Served, body: dict[str, Any]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A chat request over a bare socket; its small receive buffer makes not reading felt soon."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", served.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=4096)
    payload = json.dumps(body).encode()
    head = f"POST {OPENAI} HTTP/1.1\r\nhost: x\r\napi-key: {SECRET}\r\ncontent-length: {len(payload)}\r\n\r\n"
    writer.write(head.encode() + payload)
    return reader, writer


async def endless(exchange: Exchange) -> None:
    await exchange.begin()
    for count in range(1, 1_000_000):
        await exchange.part(chunk("word " * 200, tokens=count))
        await asyncio.sleep(0)


async def silent(exchange: Exchange) -> None:
    await asyncio.Event().wait()


# Engines


async def test_an_engine_killed_in_mid_stream_becomes_an_error_event(serve: Serve) -> None:
    program = Path(__file__).with_name("scripted_engine.py")
    process = await asyncio.create_subprocess_exec(sys.executable, str(program), "0", stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    doomed = ScriptedEngine(port=int(await process.stdout.readline()))
    served = await serve(endpoints=[endpoint(doomed), endpoint(doomed, deployment="other", aliases=())])
    async with served.client.post(served.url + OPENAI, json=STREAM, headers=served.headers) as answer:
        first = await answer.content.readuntil(b"\n\n")
        assert json.loads(first[6:])["choices"][0]["delta"]["content"] == " word"
        os.kill(process.pid, signal.SIGKILL)
        *_, last = (await answer.content.read()).strip().split(b"\n\n")
    await process.wait()
    assert "broke off" in json.loads(last[6:])["error"]["message"]
    line = (await log_of(served))[0]
    assert line["error"] == "engine_failed"
    assert line["completion_tokens"] >= 1  # what had come is known, so that it can be settled


async def log_of(served: Served) -> list[dict[str, Any]]:
    await served.settle()
    return served.log_lines()


@pytest.mark.parametrize("path", [OPENAI, AZURE])
async def test_an_engine_that_hangs_up_before_its_answer_is_502(
    served: Served, engine: ScriptedEngine, path: str
) -> None:
    async def dies(exchange: Exchange) -> None:
        exchange.hang_up()

    engine.script = dies
    for body in (CHAT, STREAM):
        answer = await served.post(path, body)
        assert answer.status == 502
    assert len(engine.seen) == 2  # a request that was sent is never sent twice


async def test_an_engine_that_hangs_up_in_the_middle_of_a_whole_answer_is_502(
    served: Served, engine: ScriptedEngine
) -> None:
    async def dies(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\ncontent-type: application/json\r\n\r\n{")
        exchange.hang_up()

    engine.script = dies
    answer = await served.post(OPENAI, CHAT)
    assert answer.status == 502
    assert (await openai_error(answer))["code"] == "engine_failed"


async def test_a_refused_connection_is_tried_once_more_where_the_engine_is_now(
    serve: Serve, engine: ScriptedEngine
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = ScriptedEngine(port=taken.getsockname()[1])
    served = await serve(endpoints=[endpoint(nobody)])
    asked = asyncio.create_task(served.post(OPENAI, CHAT))
    await until(lambda: served.gateway.watch.calls)
    served.directory.replace(EndpointTable(version=2, endpoints=(endpoint(engine),)))
    assert (await asked).status == 200


@pytest.mark.parametrize("path", [OPENAI, AZURE])
async def test_an_engine_that_cannot_be_reached_is_503(serve: Serve, path: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = ScriptedEngine(port=taken.getsockname()[1])
    served = await serve(endpoints=[endpoint(nobody)])
    answer = await served.post(path, CHAT)
    assert answer.status == 503
    assert int(answer.headers["retry-after-ms"]) > 0


@pytest.mark.parametrize("path", [OPENAI, AZURE])
@pytest.mark.parametrize(
    "events",
    [
        [chunk("a", tokens=1)],
        [chunk("a", tokens=1), b"data: [DONE]\n\n"],
        [chunk("a", tokens=1), chunk(None, finish="stop", tokens=1)],
        [chunk("a", tokens=1), b'data: {"error":{"message":"out of memory","code":"oom"}}\n\n'],
        [chunk("a", tokens=1), b"data: \xff\n\n"],
    ],
)
async def test_a_stream_that_does_not_end_as_it_should_ends_with_an_error(
    served: Served, engine: ScriptedEngine, path: str, events: list[bytes]
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(b"".join(events))
        await exchange.end()

    engine.script = script
    text = await (await served.post(path, STREAM)).text()
    assert text.startswith(chunk("a").decode())
    assert json.loads(text.strip().split("\n\n")[-1][6:])["error"]["message"]
    assert "[DONE]" not in text
    line = (await log_of(served))[0]
    assert line["completion_tokens"] == 1
    assert line["error"]


async def test_an_engine_that_breaks_before_the_first_token_is_an_error_status(
    served: Served, engine: ScriptedEngine
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(b'data: {"error":{"message":"out of memory"}}\n\n')
        await exchange.end()

    engine.script = script
    assert (await served.post(OPENAI, STREAM)).status == 500  # nothing was sent yet: the status can still tell


# Timeouts


@pytest.mark.parametrize(("path", "status"), [(OPENAI, 504), (AZURE, 408)])
async def test_an_engine_that_does_not_start_in_time_is_a_timeout(
    serve: Serve, engine: ScriptedEngine, path: str, status: int
) -> None:
    engine.script = silent
    served = await serve(first_byte_timeout_s=0.1)
    answer = await served.post(path, CHAT)
    assert answer.status == status
    if path == AZURE:
        assert (await answer.json())["error"] == {"code": "Timeout", "message": "The operation was timeout."}
    await asyncio.wait_for(engine.gone.wait(), 20)
    assert (await log_of(served))[0]["cut"] == "first_byte_timeout"


async def test_a_stream_that_takes_too_long_ends_with_an_error_event(serve: Serve, engine: ScriptedEngine) -> None:
    async def slow(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(chunk("a", tokens=1))
        await silent(exchange)

    engine.script = slow
    served = await serve(request_timeout_s=0.3)
    text = await (await served.post(OPENAI, STREAM)).text()
    assert "error" in json.loads(text.strip().split("\n\n")[-1][6:])
    await asyncio.wait_for(engine.gone.wait(), 20)
    assert (await log_of(served))[0]["completion_tokens"] == 1


# Clients


@pytest.mark.parametrize("body", [CHAT, STREAM])
async def test_a_client_that_goes_away_frees_the_engine_at_once(
    served: Served, engine: ScriptedEngine, body: dict[str, Any]
) -> None:
    async def slow(exchange: Exchange) -> None:
        if exchange.body.get("stream"):
            await exchange.begin()
            await exchange.part(chunk("a", tokens=1))
        await silent(exchange)

    engine.script = slow
    _, writer = await raw_request(served, body)
    await until(lambda: engine.seen)
    await asyncio.sleep(0.1)
    assert not engine.gone.is_set()
    writer.transport.abort()
    await asyncio.wait_for(engine.gone.wait(), 20)
    line = (await log_of(served))[0]
    assert line["cut"] == "disconnected"
    assert line.get("completion_tokens", 0) == (1 if body is STREAM else 0)


async def test_a_client_that_goes_away_while_tokens_flow_is_noticed_too(served: Served, engine: ScriptedEngine) -> None:
    engine.script = endless
    reader, writer = await raw_request(served, STREAM)
    await reader.readuntil(b"\n\n")
    writer.transport.abort()
    await asyncio.wait_for(engine.gone.wait(), 20)
    assert (await log_of(served))[0]["cut"] == "disconnected"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_stops_reading_is_let_go(
    serve: Serve, engine: ScriptedEngine, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def large(exchange: Exchange) -> None:
        await exchange.whole(200, {"x": "y" * 30_000_000})

    engine.script = endless if stream else large
    served = await serve(slow_client_timeout_s=0.2)
    _, writer = await raw_request(served, STREAM if stream else CHAT)
    if stream:
        await asyncio.wait_for(engine.gone.wait(), 20)
    await until(lambda: served.gateway.request_log._pending, 20)
    line = (await log_of(served))[0]
    assert line["cut"] == "slow_client"
    if stream:
        assert line["completion_tokens"] > 0
    assert (await served.get("/healthz")).status == 200
    complaints = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert complaints == []  # it is no fault of ours, and the server has nothing to complain about
    writer.close()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_reads_slowly_but_steadily_gets_everything(
    serve: Serve, engine: ScriptedEngine, stream: bool
) -> None:
    async def large(exchange: Exchange) -> None:
        if not stream:
            await exchange.whole(200, {"x": "y" * most})
            return
        await exchange.begin()
        for count in (1, 2):  # the second event waits for all of the first that the kernel does not take
            await exchange.part(chunk("y" * (most // 2), tokens=count))
        await exchange.end()

    engine.script = large
    most = 5_000_000
    served = await serve(slow_client_timeout_s=0.5)
    reader, writer = await raw_request(served, STREAM if stream else CHAT)
    read = 0
    while data := await reader.read(8192):
        read += len(data)
        if data.endswith((b"[DONE]\n\n", b'"}', b"0\r\n\r\n")):
            break
        await asyncio.sleep(0.01)  # a third of the socket's buffer, after which it is writable again, takes a second
    assert read > most
    writer.close()
    assert "cut" not in (await log_of(served))[0]


async def test_a_client_that_goes_away_while_sending_leaves_nothing_behind(served: Served) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = f"POST {OPENAI} HTTP/1.1\r\nhost: x\r\napi-key: {SECRET}\r\ncontent-length: 100000\r\n\r\n{{"
    writer.write(head.encode())
    await until(lambda: served.gateway.watch.calls)
    writer.transport.abort()
    line = (await log_of(served))[0]
    assert (line["status"], line["cut"]) == (499, "disconnected")
    assert served.engine.seen == []


async def test_two_hundred_clients_at_once_all_get_an_answer(served: Served, engine: ScriptedEngine) -> None:
    running, all_came = 0, asyncio.Event()

    async def bounded(exchange: Exchange) -> None:
        nonlocal running
        if len(engine.seen) == 200:
            all_came.set()
        if running >= 32:
            await exchange.whole(429, {"error": {"message": "queue full"}}, "retry-after: 1\r\n")
            return
        running += 1
        await all_came.wait()
        await well_behaved(exchange)

    engine.script = bounded
    answers = await asyncio.gather(*(served.post(OPENAI, CHAT) for _ in range(200)))
    statuses = [answer.status for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (32, 168)
    assert all("retry-after" in answer.headers for answer in answers if answer.status == 429)
