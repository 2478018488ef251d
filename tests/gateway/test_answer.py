"""An answer leaves in pieces: whoever reads slowly is told from whoever stopped by the piece that is waited for."""

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
