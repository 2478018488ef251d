"""An answer leaves in pieces: whoever reads slowly is told from whoever stopped by the piece that is waited for."""

import asyncio
import socket
import time
from typing import Any

import pytest

from pleiade.gateway.answer import HttpAnswer

PIECE = 64 * 1024


class Reader:
    """What a server's `send` is given, and whether the answer was seen to wait each time."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.waited_since: list[float] = []
        self.answer = HttpAnswer(self.send, "0" * 32)

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            self.bodies.append(message["body"])
            self.waited_since.append(self.answer.blocked_at)


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 5 * PIECE + 7])
async def test_a_large_event_is_written_in_pieces_and_the_wait_for_each_begins_anew(size: int) -> None:
    reader, event = Reader(), bytes(range(256)) * (size // 256 + 1)
    await reader.answer.begin()
    await reader.answer.write(event[:size])
    assert b"".join(reader.bodies) == event[:size]
    assert max(map(len, reader.bodies)) <= PIECE
    assert len(reader.bodies) == max(1, -(-size // PIECE))
    assert all(reader.waited_since)
    assert len(set(reader.waited_since)) == len(reader.bodies)
    assert reader.answer.blocked_at == 0


async def test_a_whole_answer_is_written_in_pieces_too() -> None:
    reader = Reader()
    await reader.answer.whole(200, bytes(3 * PIECE + 1))
    assert [len(body) for body in reader.bodies] == [PIECE, PIECE, PIECE, 1]
    assert len(set(reader.waited_since)) == 4


class Sender:
    """What uvicorn's `send` belongs to: it has the transport."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self.transport = transport
        self.go_on = asyncio.Event()

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            self.transport.write(message["body"])
            await self.go_on.wait()


async def test_a_client_is_stalled_while_it_takes_nothing_and_not_once_its_connection_is_gone() -> None:
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=ours)
    sender = Sender(writer.transport)
    answer = HttpAnswer(sender.send, "0" * 32)
    assert answer.stalled_s(time.perf_counter(), 0) == 0
    writing = asyncio.create_task(answer.whole(200, bytes(60_000)))
    await asyncio.sleep(0)
    since = answer.blocked_at
    assert answer.stalled_s(since + 1, 0) == 1
    assert answer.stalled_s(since + 2, 0) == 2
    theirs.recv(1000, socket.MSG_WAITALL)
    theirs.recv(59_000, socket.MSG_WAITALL)
    assert answer.stalled_s(since + 3, 5) == 3  # it was looked at a second ago
    assert answer.stalled_s(since + 7, 5) == 0
    assert answer.stalled_s(since + 8, 5) == 1
    writer.transport.abort()
    await asyncio.sleep(0.01)
    assert answer.stalled_s(since + 20, 0) <= 13
    sender.go_on.set()
    await writing
    assert answer.stalled_s(since + 21, 0) == 0
    theirs.close()
