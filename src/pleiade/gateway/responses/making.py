"""Making a response while its client waits: whole, or as a stream of events."""

import asyncio
import logging
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, engine_failed
from pleiade.gateway.responses.asking import ask, maker_for, open_answer
from pleiade.gateway.responses.frames import frame
from pleiade.gateway.responses.lean import lean_frame, lean_response
from pleiade.gateway.responses.picture_tool import Easel
from pleiade.gateway.responses.plan import Plan
from pleiade.gateway.responses.translator import Event, Translator, chunk_of
from pleiade.gateway.runs.notes import note_filters
from pleiade.gateway.stored import response_records
from pleiade.gateway.stored.archive import Archive

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

# Why a call was cut while its client may still listen (pleiade.gateway.watch), and what it is told.
_CUT = {
    "timeout": "The answer was not complete within the time that this server allows.",
    "first_byte_timeout": "The engine did not start to answer in time.",
    "draining": "The server is shutting down. Please retry.",
}


async def answer_whole(call: Call, gateway: "Gateway", archive: Archive, easel: Easel | None, plan: Plan) -> None:
    """Make the response and answer with it, once it is kept. Raises ApiError."""
    if plan.drawing is not None:
        frames = await _drawn(call, gateway, easel, plan)
    else:
        frames = []
        completion = await ask(call, gateway, plan.request, truncate=plan.truncate)
        maker = Translator(plan.response)
        for events in (maker.start(), maker.feed(chunk_of(completion)), maker.finish(int(time.time()))):
            for _ in events:  # only their effect on the response is wanted
                pass
    note_filters(call, plan.response)
    if plan.body.stored:
        await archive.write(_kept(call, plan, frames))
    await call.answer.whole(200, msgspec.json.encode(plan.response))


async def _drawn(call: Call, gateway: "Gateway", easel: Easel | None, plan: Plan) -> list[bytes]:
    """Make the picture of a response; the events that would have told of it."""
    maker = maker_for(plan)
    frames = [frame(event) for event in maker.start()]
    async with open_answer(call, gateway, easel, plan) as told:
        async for event in told:
            frames += [frame(event) for event in maker.feed(decode_chunk(event))]
    return [*frames, *(frame(event) for event in maker.finish(int(time.time())))]


async def answer_stream(call: Call, gateway: "Gateway", archive: Archive, easel: Easel | None, plan: Plan) -> None:
    """Make the response and tell its events while it grows.

    Raises ApiError before the first event; afterwards a failure is a `response.failed` event. The last event
    is told once the response is kept. When the client goes away, the engine is let go, and the response is
    kept as cancelled.
    """
    maker = maker_for(plan)
    frames: list[bytes] = []
    keep = plan.body.stored

    async def tell(events: Iterable[Event]) -> None:
        told = [frame(event) for event in events]
        if told:
            if keep:
                frames.extend(told)
            await call.answer.write(b"".join(told))

    async def end(events: Iterable[Event]) -> None:
        note_filters(call, plan.response)
        told = [frame(event) for event in events]
        if keep:
            try:
                await archive.write(_kept(call, plan, [*frames, *told]))
            except ApiError as error:
                told[-1:] = [frame(event) for event in maker.fail(error.code, error.message)]
        await call.answer.write(b"".join(told))
        await call.answer.end()

    async with open_answer(call, gateway, easel, plan) as chunks:
        await call.answer.begin()
        try:
            await tell(maker.start())
            async for chunk in chunks:
                await tell(maker.feed(decode_chunk(chunk)))
            ending = maker.finish(int(time.time()))
        except ApiError as error:
            call.error_code = error.code or "error"
            ending = maker.fail(error.code, error.message)
        except asyncio.CancelledError:
            if call.aborted in _CUT:
                await end(maker.fail("timeout", _CUT[call.aborted]))
            else:
                maker.cancel()
                if keep:
                    archive.submit(_kept(call, plan, frames)).add_done_callback(_note_failure)
            raise
        await end(ending)


def decode_chunk(chunk: bytes) -> dict[str, Any]:
    """A chat chunk's fields. Raises ApiError where the engine sent something else."""
    try:
        return msgspec.json.decode(chunk, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise engine_failed("The engine broke off: an event of its stream is not JSON.") from error


def _kept(call: Call, plan: Plan, frames: list[bytes]) -> Any:
    """The change that keeps a response that is over."""
    return partial(
        response_records.insert,
        project=call.principal.project,
        owner=call.principal.user,
        response=lean_response(plan.response),
        items=plan.input,
        frames=[lean_frame(data) for data in frames],
    )


def _note_failure(done: Any) -> None:
    if not done.cancelled() and done.exception() is not None:
        logger.error("a cancelled response could not be kept: %s", done.exception())
