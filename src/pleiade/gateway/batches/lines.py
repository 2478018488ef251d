"""The two stages that a line of a batch passes: it waits for a gap, and its answer is written down before it is paid.

A line is paid for with its answer. What breaks off before that is entered at nothing, and can be asked for again; an
answer that is there already is given again, without an engine and without a price.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from pleiade.gateway.answer import EVENT_STREAM, JSON, Answer
from pleiade.gateway.batches.house import BatchLine
from pleiade.gateway.call import Call
from pleiade.gateway.errors import Header
from pleiade.gateway.stored.archive import Archive
from pleiade.jobs.batch import lines
from pleiade.tenancy.scopes import scope_of

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

LOOK_S = 0.02
PRIORITISES = frozenset({"text_openvino"})  # engines that let lines stand back themselves, in the middle of an answer


class AwaitGap:
    """Stands after Resolve. Gives an answer that is known; else waits until nobody who is waited for asks a model."""

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway", archive: Archive) -> None:
        self._next = next
        self._gateway = gateway
        self._archive = archive

    async def __call__(self, call: Call) -> None:
        """Raises ApiError where the database is away."""
        line = call.line
        if line is not None:
            if line.again:
                known = await self._archive.read(
                    partial(lines.find_answer, batch=line.batch, number=line.number, part=call.part)
                )
                if known is not None:
                    call.status = 200
                    await call.answer.whole(200, known)
                    return
            assert call.target is not None
            if call.target.endpoint.engine not in PRIORITISES:
                while self._anybody_waits():  # noqa: ASYNC110 - calls come and go without an event
                    await asyncio.sleep(LOOK_S)
        await self._next(call)

    def _anybody_waits(self) -> bool:
        return any(_is_live(call) for call in self._gateway.watch.calls)


class KeepLine:
    """Stands inside Meter: an answer passes on to it, and is settled, once it is written down."""

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        self._gateway = gateway

    async def __call__(self, call: Call) -> None:
        """Raises what the next stages do, ApiError where the answer cannot be written."""
        archive = self._gateway.line_archive
        if call.line is None or archive is None:
            await self._next(call)
            return
        inner, call.answer = call.answer, KeptAnswer(call.answer, call, call.line, archive)
        try:
            await self._next(call)
        finally:
            call.answer = inner


class KeptAnswer:
    """An answer that is written down first; where one is there already, that one is given and nothing is owed."""

    def __init__(self, inner: Answer, call: Call, line: BatchLine, archive: Archive) -> None:
        self._inner = inner
        self._call = call
        self._line = line
        self._archive = archive

    @property
    def started(self) -> bool:
        """Whether its head has been sent."""
        return self._inner.started

    @property
    def finished(self) -> bool:
        """Whether its end has been sent."""
        return self._inner.finished

    async def whole(self, status: int, body: bytes, headers: Sequence[Header] = (), content_type: bytes = JSON) -> None:
        """The complete answer at once."""
        call, line = self._call, self._line
        keep = partial(
            lines.keep_answer,
            batch=line.batch,
            number=line.number,
            part=call.part,
            request="req_" + call.name,
            body=body,
        )
        writing = asyncio.ensure_future(self._archive.write(keep))
        try:
            known = await asyncio.shield(writing)
        except asyncio.CancelledError:  # whoever asked is gone; what is written down all the same is paid for
            call.paid = await writing is None
            raise
        call.paid = known is None
        await self._inner.whole(status, body if known is None else known, headers, content_type)

    async def begin(
        self, status: int = 200, headers: Sequence[Header] = (), content_type: bytes = EVENT_STREAM
    ) -> None:
        """The head of a stream: lines have none, what they ask for on their way may."""
        await self._inner.begin(status, headers, content_type)

    async def write(self, data: bytes) -> None:
        """More of the stream."""
        await self._inner.write(data)

    async def end(self) -> None:
        """The stream is complete."""
        await self._inner.end()

    def break_off(self) -> None:
        """Drop the reader at once."""
        self._inner.break_off()


def _is_live(call: Call) -> bool:
    """Whether somebody waits for a model's answer."""
    if call.line is not None or call.scope["method"] != "POST":
        return False
    path = call.route.path
    return path.startswith("/responses") or scope_of("POST", path).endswith(".request")
