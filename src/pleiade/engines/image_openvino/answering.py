"""One picture request from its body to its answer, whole or as a stream of events."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import msgspec

from pleiade.engines.image_openvino.painting import Watch
from pleiade.engines.image_openvino.pictures.floats import Pixels, is_transparent
from pleiade.engines.image_openvino.pictures.writing import write
from pleiade.engines.image_openvino.room import Room
from pleiade.engines.image_openvino.routes import Plan, Route
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.images.answers import Made, answer, completed_event, partial_event, picture_tokens, usage_of
from pleiade.engines.wire.images.checks import MAX_SEED
from pleiade.engines.wire.images.counting import PictureCounter
from pleiade.engines.wire.images.requests import JSON, PictureFields

Item = TypeVar("Item")


class _Order(msgspec.Struct, frozen=True):
    """A request under way."""

    request: PictureFields
    plan: Plan
    counter: PictureCounter
    created: int  # Unix seconds
    seeds: tuple[int, ...]  # of its pictures, in order
    room: Room


async def respond(studio: Any, route: Route[Any], exchange: Exchange, styles: tuple[str, ...], room: Room) -> None:
    """Read the request, let the route's plan make its pictures with `studio`, and send them. Raises ApiError."""
    content_type = exchange.headers.get(b"content-type", JSON.encode()).decode("latin-1")
    request = await asyncio.to_thread(route.parse, exchange.body, content_type, styles=styles)
    plan = await route.plan(studio, request)
    counter = PictureCounter(plan.tokens + sum(map(picture_tokens, plan.inputs)))
    exchange.count_with(counter)
    seed = secrets.randbelow(MAX_SEED) if request.seed is None else request.seed
    seeds = tuple((seed + number) % (MAX_SEED + 1) for number in range(request.n))
    order = _Order(request, plan, counter, int(time.time()), seeds, room)
    if request.stream:
        await _stream(order, route.events, exchange)
    else:
        made = await _all(_picture(order, seed) for seed in seeds)
        usage = _usage(order, [picture.size for picture in made])
        await exchange.answer(await asyncio.to_thread(answer, made, request, usage, created=order.created))


async def _picture(order: _Order, seed: int, watch: Watch | None = None) -> Made:
    """One picture as a file."""
    width, height = order.plan.output
    async with order.room.of(width * height):
        made = await asyncio.to_thread(_file, order, seed, await order.plan.make(seed, watch))
    order.counter.finished(picture_tokens(made.size, order.request.quality))
    return made


def _file(order: _Order, seed: int, rgba_HWC: Pixels) -> Made:
    request = order.request
    data = write(rgba_HWC, request.output_format, compression=request.compression, background=request.background)
    return Made(
        data=data,
        size=(rgba_HWC.shape[1], rgba_HWC.shape[0]),
        seed=seed,
        transparent=request.background != "opaque" and request.output_format != "jpeg" and is_transparent(rgba_HWC),
        revised_prompt=order.plan.revised,
    )


async def _stream(order: _Order, kind: str, exchange: Exchange) -> None:
    """Send partial and finished pictures as they come; those of one picture in their order, its finished one last."""
    request, created = order.request, order.created
    events: asyncio.Queue[Callable[[], bytes] | None] = asyncio.Queue()

    async def make(index: int, seed: int) -> None:
        def show(partial: int, render: Callable[[], Pixels]) -> None:
            def encode() -> bytes:
                seen = _file(order, seed, render())
                return partial_event(kind, seen, request, index=index, partial=partial, created=created)

            events.put_nowait(encode)

        made = await _picture(order, seed, Watch(request.partial_images, show) if request.partial_images else None)
        usage = _usage(order, [made.size], first=index == 0)
        events.put_nowait(lambda: completed_event(kind, made, request, usage, index=index, created=created))

    async def make_all() -> None:
        try:
            await _all(make(index, seed) for index, seed in enumerate(order.seeds))
        finally:
            events.put_nowait(None)

    making = asyncio.ensure_future(make_all())
    try:
        while (encode := await events.get()) is not None:
            data = await asyncio.to_thread(encode)
            if not exchange.started:  # until then a failure is an answer with its own status
                await exchange.start_stream()
            await exchange.write(data)
        await making
        await exchange.end_stream()
    finally:
        making.cancel()


def _usage(order: _Order, made: list[tuple[int, int]], *, first: bool = True) -> Any:
    """What an answer used; of a stream's events the first tells what was read, so that their sum is the request's."""
    plan = order.plan
    read, inputs = (plan.tokens, plan.inputs) if first else (0, ())
    return usage_of(read, inputs, made, order.request.quality)


async def _all(makings: Iterable[Awaitable[Item]]) -> list[Item]:
    """The results in order. Where one fails, or the caller is cancelled, the others end."""
    tasks = [asyncio.ensure_future(making) for making in makings]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
