"""Background responses: made by a task, kept while they grow, followed and ended from any gateway."""

import asyncio
import copy
import logging
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.gateway.responses.asking import maker_for, open_answer
from pleiade.gateway.responses.frames import error_event, frame
from pleiade.gateway.responses.lean import lean_frame, lean_response
from pleiade.gateway.responses.making import decode_chunk
from pleiade.gateway.responses.picture_tool import Easel
from pleiade.gateway.responses.plan import Plan
from pleiade.gateway.responses.rebuilt import rebuilt_output
from pleiade.gateway.responses.resource import TERMINAL, Response, response_error
from pleiade.gateway.runs.notes import note_filters, notes_for
from pleiade.gateway.stages.observe import Observe
from pleiade.gateway.stored import response_records
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.response_records import Record

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

KEEP_S = 0.5  # how often what was made is written, and a word to stop is looked for
STALE_S = 20.0  # without a sign of life for so long, whoever made a response is gone
LINGER_S = 30.0  # the events of a picture are told with its bytes for so long after its end: they are kept without
LIMIT_S = 3600.0  # a response that takes longer has failed
OPENING = 3  # events before the first word: created, queued, in progress
ABANDONED = "The server that made this response stopped before it was complete."
_SUFFIX = "#background"  # tells the making of a response from the request for it, in logs and metrics
_POLL_S = 0.1  # how often a response that another gateway makes is looked at


class Making:
    """A response in the making: its events so far, for any number of followers."""

    def __init__(self, plan: Plan) -> None:
        self.maker = maker_for(plan)
        self.frames: list[bytes] = []
        self.over = False  # no more events will come, and the last state is kept
        self.asked = asyncio.Event()  # set when an engine is asked: no limit refused the call
        self.refusal: ApiError | None = None  # why nothing was made at all
        self.task: asyncio.Task[None] | None = None
        self._grown = asyncio.Event()

    def grow(self, frames: list[bytes]) -> None:
        """More events; followers hear of them."""
        self.frames += frames
        self._wake()

    def end(self) -> None:
        """No more events; followers hear of it."""
        self.over = True
        self._wake()

    async def follow(self, after: int) -> AsyncIterator[bytes]:
        """The frames of events with a number above `after`, joined as they come, until the end."""
        told = max(0, after + 1)
        while True:
            grown = self._grown
            if told < len(self.frames):
                yield b"".join(self.frames[told:])
                told = len(self.frames)
            elif self.over:
                return
            else:
                await grown.wait()

    async def admitted(self, patience_s: float) -> None:
        """Wait until an engine is asked, and `patience_s` longer for its first word or its refusal.

        Raises ApiError where the response is refused, by a limit or by the engine at once.
        """
        asked = asyncio.create_task(self.asked.wait())
        first = asyncio.create_task(self._spoken())
        try:
            await asyncio.wait((asked, first), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((first,), timeout=patience_s)
        finally:
            asked.cancel()
            first.cancel()
        if self.over and self.refusal is not None:
            raise self.refusal

    async def _spoken(self) -> None:
        async for _ in self.follow(OPENING - 1):
            return

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()


class Workshop:
    """The background responses that this process makes."""

    def __init__(self, archive: Archive, easel: Easel | None) -> None:
        self._archive = archive
        self._easel = easel
        self._makings: dict[str, Making] = {}
        self._closing = False

    def find(self, identifier: str) -> Making | None:
        """The making of a response, None where this process does not make it (any more)."""
        return self._makings.get(identifier)

    async def begin(self, call: Call, gateway: "Gateway", plan: Plan) -> Making:
        """Keep the response as queued and start to make it. Raises ApiError."""
        await self._archive.write(
            partial(
                response_records.insert,
                project=call.principal.project,
                owner=call.principal.user,
                response=copy.deepcopy(plan.response),
                items=plan.input,
                frames=[],
            )
        )
        making = Making(plan)
        self._makings[plan.response["id"]] = making
        own = _own_call(call)
        own.asked = making.asked
        own.notes = notes_for(call, plan.response["id"])
        making.task = asyncio.create_task(self._run(making, own, gateway, plan))
        return making

    async def cancel(self, identifier: str) -> bool:
        """End a response that this process makes, and wait until that is kept. False where it does not."""
        making = self._makings.get(identifier)
        if making is None or making.task is None:
            return False
        making.task.cancel()
        await asyncio.gather(making.task, return_exceptions=True)
        return True

    async def close(self, seconds: float) -> None:
        """Let running responses finish for `seconds`, then end them as failed."""
        self._closing = True
        tasks = [making.task for making in self._makings.values() if making.task is not None]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, making: Making, call: Call, gateway: "Gateway", plan: Plan) -> None:
        maker = making.maker
        making.grow([frame(event) for event in maker.start()])
        stop = asyncio.Event()
        keeper = asyncio.create_task(self._keep_up(making, asyncio.current_task(), stop))
        try:
            async with asyncio.timeout(LIMIT_S):
                async with open_answer(call, gateway, self._easel, plan) as chunks:
                    async for chunk in chunks:
                        making.grow([frame(event) for event in maker.feed(decode_chunk(chunk))])
            ending = maker.finish(int(time.time()))
            call.status = 200
        except ApiError as error:
            call.status, call.error_code = error.status, error.code or "error"
            if not maker.response["output"]:
                making.refusal = error
            ending = maker.fail(error.code, error.message)
        except TimeoutError:
            call.aborted = "timeout"
            ending = maker.fail("timeout", f"The answer was not complete within {LIMIT_S:.0f} seconds.")
        except asyncio.CancelledError:
            call.aborted = "draining" if self._closing else "cancelled"
            if self._closing:
                ending = maker.fail(None, ABANDONED)
            else:
                maker.cancel()
                ending = iter(())
        except Exception:
            logger.exception("background response %s failed", plan.response["id"])
            call.status, call.error_code = 500, "internal_error"
            ending = maker.fail(None, "The server had an error while making this response.")
        note_filters(call, maker.response)
        frames = [frame(event) for event in ending]
        Observe(_nothing, gateway).note(call)
        try:
            stop.set()
            written = await asyncio.shield(keeper)
            # Kept before it is told, so that a follower who saw the end can fetch the response.
            await self._write(maker.response, written, [*making.frames[written:], *frames])
        except ApiError as error:
            frames = [frame(error_event(len(making.frames), error.message, error.code))]
        finally:
            if plan.drawing is None:
                del self._makings[plan.response["id"]]
            else:
                asyncio.get_running_loop().call_later(LINGER_S, self._makings.pop, plan.response["id"], None)
            making.grow(frames)
            making.end()

    async def _keep_up(self, making: Making, task: "asyncio.Task[None] | None", stop: asyncio.Event) -> int:
        """Write what was made every KEEP_S, until `stop`; the number of frames written.

        Cancels `task` where somebody asked for the end, or deleted the response.
        """
        written = 0
        while not await _set_within(stop, KEEP_S):
            new = making.frames[written:]
            try:
                cancelled = await self._write(making.maker.response, written, new)
            except ApiError:
                continue  # the log has it; the next write carries these events too
            written += len(new)
            if cancelled and task is not None and not stop.is_set():
                task.cancel()
                break
        return written

    async def _write(self, response: Response, first: int, frames: list[bytes]) -> bool:
        snapshot = copy.deepcopy(lean_response(response))  # it goes on changing while the writer's thread reads
        kept = [lean_frame(data) for data in frames]
        return await self._archive.write(partial(response_records.update, response=snapshot, first=first, frames=kept))


def _own_call(call: Call) -> Call:
    """A call for the making itself, which outlives the request that asked for it, to be counted on its own."""
    own = Call(
        id=call.id,
        route=msgspec.structs.replace(call.route, path=call.route.path + _SUFFIX),
        dialect=call.dialect,
        params={},
        scope=call.scope,
        receive=call.receive,
        edge=call.edge,
    )
    own.path = call.path + _SUFFIX
    own.principal = call.principal
    own.api_version = call.api_version
    own.stream = True
    return own


async def _nothing(_: Call) -> None:
    """What follows when a call is only noted."""


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def follow_elsewhere(archive: Archive, project: str, identifier: str, after: int) -> AsyncIterator[bytes]:
    """The frames of a response that another gateway makes, as they are kept, until it is over."""
    while True:
        record = await archive.read(partial(response_records.find, project=project, identifier=identifier))
        frames = await archive.read(partial(response_records.events_after, response=identifier, after=after))
        if frames:
            after += len(frames)
            yield b"".join(frames)
        if record is None:
            yield frame(error_event(after + 1, "The response was deleted.", "response_deleted"))
            return
        if record.response["status"] in TERMINAL:
            return
        if is_stale(record):
            yield frame(error_event(after + 1, ABANDONED, "server_error"))
            return
        await asyncio.sleep(_POLL_S)


def is_stale(record: Record) -> bool:
    """Whether nobody makes this unfinished response any more."""
    return record.response["status"] not in TERMINAL and time.time() - record.alive > STALE_S


def abandoned(record: Record, frames: list[bytes]) -> Response:
    """The response as failed: whoever made it is gone. What it had said, by its events, stays in it."""
    failed = {"status": "failed", "error": response_error(None, ABANDONED), "output": rebuilt_output(frames)}
    return {**record.response, **failed}
