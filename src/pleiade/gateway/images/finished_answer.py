"""An answer whose pictures are finished on their way out."""

import asyncio
from collections.abc import Sequence

from pleiade.gateway.answer import EVENT_STREAM, JSON, Answer
from pleiade.gateway.call import Call
from pleiade.gateway.errors import Header
from pleiade.gateway.images.finishing import Finisher, Maker
from pleiade.gateway.images.wish import Wish


class FinishedAnswer:
    """Stands outside of metering: what it gets is booked already."""

    def __init__(self, inner: Answer, call: Call, finisher: Finisher, wish: Wish) -> None:
        self._inner = inner
        self._call = call
        self._finisher = finisher
        self._wish = wish
        self.kept: tuple[str, ...] = ()  # objects that hold the pictures

    @property
    def started(self) -> bool:
        """Whether its head has been sent."""
        return self._inner.started

    @property
    def finished(self) -> bool:
        """Whether its end has been sent."""
        return self._inner.finished

    async def whole(self, status: int, body: bytes, headers: Sequence[Header] = (), content_type: bytes = JSON) -> None:
        """Sign, keep, send."""
        done = await asyncio.to_thread(self._finisher.whole, body, self._wish, self._maker)
        self.kept = done.kept
        await self._inner.whole(status, done.body, (*headers, *done.headers), content_type)

    async def begin(
        self, status: int = 200, headers: Sequence[Header] = (), content_type: bytes = EVENT_STREAM
    ) -> None:
        """A stream starts."""
        await self._inner.begin(status, headers, content_type)

    async def write(self, data: bytes) -> None:
        """Pass events on, finished pictures signed."""
        for event in data.removesuffix(b"\n\n").split(b"\n\n"):
            done = await asyncio.to_thread(self._finisher.event, event, self._wish, self._maker)
            await self._inner.write(done + b"\n\n")

    async def end(self) -> None:
        """The stream is complete."""
        await self._inner.end()

    def break_off(self) -> None:
        """Drop the reader."""
        self._inner.break_off()

    @property
    def _maker(self) -> Maker:
        target = self._call.target
        return Maker(target.endpoint.deployment, target.endpoint.model) if target is not None else Maker()
