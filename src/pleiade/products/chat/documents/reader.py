"""Reads a file in a child process, which may take so much time and memory, crash, or hang, and harms nobody.

A thread could do neither: Python cannot stop one, and what it allocates is the gateway's. A child costs a few
tenths of a second, which is little beside sending the file (docs/decisions/2026-11-22-chat-server.md).
"""

import asyncio
import os
import sys
from typing import TypeVar

import msgspec

from pleiade.products.chat.documents.__main__ import Answer
from pleiade.products.chat.documents.bounds import SECONDS, UnreadableError

T = TypeVar("T")

AT_ONCE = 2  # children of one gateway; who comes later waits
_KEPT = ("PATH", "PYTHONPATH", "SYSTEMROOT")  # of our surroundings: no secret is among what it does not get
_WAIT_S = SECONDS + 5


class Reader:
    """Starts the children, a few at a time. Made in the event loop that uses it."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)

    async def read(self, task: str, data: bytes, kind: type[T]) -> T:
        """What the child finds in `data`, as `kind`; `task` is "document" or "import". Raises UnreadableError."""
        async with self._free:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "pleiade.products.chat.documents",
                task,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
            )
            try:
                async with asyncio.timeout(_WAIT_S):
                    told, _ = await child.communicate(data)
            except TimeoutError as error:
                raise UnreadableError("Reading this file takes too long: attach a part of it.") from error
            finally:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
        try:
            answer = msgspec.json.decode(told, type=Answer)
        except msgspec.DecodeError as error:
            raise UnreadableError(
                "This file makes the program that reads it fail. Save it again, or attach a part of it."
            ) from error
        if answer.problem:
            raise UnreadableError(answer.problem)
        return await asyncio.to_thread(msgspec.json.decode, answer.found, type=kind)  # an import may be large
