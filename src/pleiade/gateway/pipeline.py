"""The way of a call, as two lists. Read them top to bottom; they are folded as Starlette folds middleware.

    client ─▶ Observe ─▶ Authenticate ─▶ Authorise ─▶ the route's handler
              └───────────────── EDGE ─────────────┘           │
             engine ◀─ Forward ◀─ Spill ◀─ Screen ◀─ KeepLine ◀─ Meter ◀─ Admit ◀─ Divert ◀─ Resolve
                       └───────────────────────────────────── MODEL ─────────────────────────────────┘

EDGE wraps every route. MODEL wraps every call of a model, whether a client asked for it or another route of
ours (edits, responses), so that nothing reaches an engine unlimited or unmetered. Without a `Commerce` (tests,
embedders) Admit, Meter and Spill are left out.

A stage is `Stage(next, gateway)`; awaiting it runs the call to its end, so what it opens before `await
self.next(call)` it can settle in `finally`: there `call.usage` is right, even where a stream was cut by
either side. Bytes go the other way: through `call.answer`, which a stage may replace by a wrapper (see
`pleiade.gateway.answer.Answer`). Failures are raised as `ApiError` anywhere; Observe tells them to the caller
in its dialect.

For other routes of ours:

    await gateway.model(call)              # forward call.body as it is, to the call's own answer
    answer = await call_model(call, gateway, "/chat/completions", body)                  # dict
    async with open_model_stream(call, gateway, "/chat/completions", body) as events:
        async for event in events: ...     # bytes of one JSON chunk each, until [DONE]

All raise ApiError (also from `async for`, when a stream breaks). `call.usage` is the sum of what those calls
used. Further routes are mounted by a `Room`, listed in `pleiade.gateway.rooms`: they get the same keys,
dialects, headers and errors.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from pleiade.gateway.answer import Answer, QueueAnswer
from pleiade.gateway.batches.lines import KeepLine
from pleiade.gateway.call import Call
from pleiade.gateway.contract.stage import Contract
from pleiade.gateway.errors import engine_failed
from pleiade.gateway.form import Form
from pleiade.gateway.stages.admit import Admit
from pleiade.gateway.stages.authenticate import Authenticate
from pleiade.gateway.stages.authorise import Authorise
from pleiade.gateway.stages.divert import Divert
from pleiade.gateway.stages.forward import Forward
from pleiade.gateway.stages.meter import Meter
from pleiade.gateway.stages.observe import Observe
from pleiade.gateway.stages.resolve import Resolve
from pleiade.gateway.stages.screen import Screen
from pleiade.gateway.stages.spill import Spill

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway
    from pleiade.gateway.routing import Route

Handler = Callable[[Call], Awaitable[None]]
MakeStage = Callable[[Handler, "Gateway"], Handler]  # a Stage class, or anything that builds one
Finish = Callable[[QueueAnswer, Call], Answer]  # what a call writes to instead, which writes to the queue


class Stage(Protocol):
    """What stands in the lists below: built once with what follows it, then awaited for each call."""

    def __init__(self, next: Handler, gateway: "Gateway") -> None: ...

    async def __call__(self, call: Call) -> None: ...


class Room(Protocol):
    """A set of routes beside the gateway's own, with a life of its own (database, background work)."""

    routes: "Sequence[Route]"
    stages: "Sequence[MakeStage]"  # stand right after Resolve: they see the request, and the answer as sent

    async def start(self, gateway: "Gateway") -> None:
        """The gateway starts; engines can be called from now on."""
        ...

    async def stop(self) -> None:
        """The gateway stops."""
        ...


EDGE: tuple[type[Stage], ...] = (Observe, Authenticate, Authorise)
CONTRACT_EDGE: tuple[type[Stage], ...] = (Observe, Contract, Authenticate, Authorise)  # `pleiade up --contract` only
MODEL: tuple[type[Stage], ...] = (Resolve, Divert, Admit, Meter, KeepLine, Screen, Spill, Forward)
UNMETERED: tuple[type[Stage], ...] = (Resolve, Divert, Screen, Forward)


def fold(stages: Iterable[MakeStage], end: Handler, gateway: "Gateway") -> Handler:
    """The first stage around the second, and so on, around `end`."""
    handler = end
    for make in reversed(tuple(stages)):
        handler = make(handler, gateway)
    return handler


def model_stages(rooms: "Iterable[Room]", *, metered: bool) -> list[MakeStage]:
    """MODEL (or UNMETERED), with what rooms put into it."""
    first, *rest = MODEL if metered else UNMETERED
    return [first, *(stage for room in rooms for stage in room.stages), *rest]


async def run_handler(call: Call) -> None:
    """The end of EDGE: what the call's route does."""
    await call.route.handler(call)


async def answer_reached(call: Call) -> None:
    """The end of MODEL: Forward has answered, nothing is left to do."""


def _child(call: Call, path: str, body: Mapping[str, Any] | Form, answer: QueueAnswer) -> Call:
    """A model call that `call` makes on its way: the same caller and id, its own body, answer and usage."""
    call.parts += 1
    child = Call(
        id=call.id,
        route=call.route,
        dialect=call.dialect,
        params={},
        scope=call.scope,
        receive=call.receive,
        edge=call.edge,
    )
    child.answer = answer
    child.parent = call
    child.part = f"{call.part}.{call.parts}"
    child.line = call.line
    child.principal = call.principal
    child.api_version = call.api_version
    child.asked = call.asked
    child.operation = OPERATIONS.get(path) or _PICTURES[path]
    child.engine_path = path
    if isinstance(body, Form):
        child.form, child.raw, child.body = body, body.raw, body.fields
    else:
        child.raw = msgspec.json.encode(body)
        child.body = msgspec.json.decode(child.raw, type=dict[str, msgspec.Raw])
    child.body_read = True
    return child


# Engine routes, and what OpenTelemetry calls them (rewards and moderations have no name there).
OPERATIONS = {
    "/chat/completions": "chat",
    "/completions": "text_completion",
    "/embeddings": "embeddings",
    "/rewards": "rewards",
    "/moderations": "moderations",
}
# Those that a room of their own serves (gateway/images), and others call on their way.
_PICTURES = {"/images/generations": "image_generation", "/images/edits": "image_edit"}


def _add_usage(call: Call, child: Call) -> None:
    """What a child used, its parent used; so is what it ran on, for the log and the metrics."""
    call.target = child.target
    call.operation = call.operation or child.operation
    call.first_byte_at = call.first_byte_at or child.first_byte_at
    if child.usage is not None:
        call.usage = call.usage + child.usage if call.usage is not None else child.usage
    call.cost += child.cost
    call.price = call.price or child.price


async def call_model(call: Call, gateway: "Gateway", path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the model named in `body["model"]` and wait for its whole answer. Raises ApiError."""
    answer = QueueAnswer()
    child = _child(call, path, body, answer)
    try:
        await gateway.model(child)
    finally:
        _add_usage(call, child)
    try:
        decoded = msgspec.json.decode(answer.body)
    except msgspec.DecodeError as error:
        raise engine_failed("The engine's answer is not JSON.") from error
    if not isinstance(decoded, dict):
        raise engine_failed("The engine's answer is not a JSON object.")
    return decoded


@asynccontextmanager
async def open_model_stream(
    call: Call, gateway: "Gateway", path: str, body: Mapping[str, Any] | Form, finished: Finish | None = None
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Ask for a stream (`stream: true` is set here, but not in a form) and read its chunks while they come,
    one JSON object each. `finished` puts what it wants between the engine's answer and whoever reads.

    Raises ApiError if the engine refuses; the iterator raises ApiError if the stream breaks. Leaving the
    block early closes the engine's request.
    """
    answer = QueueAnswer()
    child = _child(call, path, body if isinstance(body, Form) else {**body, "stream": True}, answer)
    if finished is not None:
        child.answer = finished(answer, child)
    task = asyncio.create_task(_run_to_queue(child, gateway, answer))
    try:
        first = await answer.read()
        if first is None:
            await task  # raises why there is no stream
            if not answer.streaming:
                raise engine_failed("The engine answered a request for a stream with a whole answer.")
        yield _events(answer, first, task)
    finally:
        if not task.done():
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        _add_usage(call, child)


async def _run_to_queue(child: Call, gateway: "Gateway", answer: QueueAnswer) -> None:
    try:
        await gateway.model(child)
    finally:
        answer.close()


async def _events(answer: QueueAnswer, data: bytes | None, task: "asyncio.Task[None]") -> AsyncIterator[bytes]:
    while data is not None:
        for event in data.split(b"\n\n"):  # Forward writes whole events only
            _, _, named = event.partition(b"\ndata: ") if event.startswith(b"event: ") else (b"", b"", b"")
            if named or event.startswith(b"data: {"):
                yield named or event[6:]
        data = await answer.read()
    await task  # raises what the call raised
