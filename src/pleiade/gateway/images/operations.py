"""Azure's operations of 2023: a request for pictures is taken at once, made by a task, and its result is polled.

An operation stands in the database, so any gateway tells it and a restart forgets none. One whose gateway died gives
no sign of life any more, and is told as failed: nobody goes on making it.
"""

import asyncio
import logging
import time
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from pleiade.gateway.answer import QueueAnswer
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, timed_out
from pleiade.gateway.images import operation_records as records
from pleiade.gateway.images.finished_answer import FinishedAnswer
from pleiade.gateway.images.finishing import Finisher
from pleiade.gateway.images.operation_records import FAILED, RUNNING, SUCCEEDED, Operation
from pleiade.gateway.images.wish import Wish
from pleiade.gateway.stages.observe import Observe
from pleiade.gateway.stored.archive import Archive
from pleiade.store.object_storage import Objects

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

KEPT_S = 24 * 3600  # how long Azure keeps a result
BEAT_S = 5.0
STALE_S = 20.0  # without a sign of life for so long, whoever made the pictures is gone
_ABANDONED = "The server that made these pictures stopped before they were complete. Please submit again."
_SUFFIX = "#operation"  # tells the making from the request for it, in logs and metrics


class _Making:
    """Pictures that are made here and now."""

    def __init__(self, call: Call, gateway: "Gateway", finisher: Finisher, wish: Wish) -> None:
        self.call = _own_call(call)
        self.queue = QueueAnswer()
        self.answer = FinishedAnswer(self.queue, self.call, finisher, wish)
        self.call.answer = self.answer
        self.asked = self.call.asked = asyncio.Event()
        self.task = asyncio.create_task(_make(self.call, gateway))

    def cut(self, reason: str) -> None:
        """End it; `reason` as in `Call.aborted`."""
        self.call.aborted = reason
        self.task.cancel()


class Operations:
    """The operations that this process runs, and the way to all of them."""

    def __init__(self, archive: Archive, objects: Objects, finisher: Finisher) -> None:
        self._archive = archive
        self._objects = objects
        self._finisher = finisher
        self._running: dict[str, _Making] = {}
        self._following: set[asyncio.Task[None]] = set()

    async def begin(self, call: Call, gateway: "Gateway", wish: Wish) -> Operation:
        """Start to make what `call` asks for. Raises ApiError where it is refused before an engine is asked."""
        making = _Making(call, gateway, self._finisher, wish)
        asked = asyncio.create_task(making.asked.wait())
        try:
            await asyncio.wait((making.task, asked), return_when=asyncio.FIRST_COMPLETED)
            if making.task.done():
                making.task.result()  # raises why it was refused
            now = int(time.time())
            operation = Operation(
                id=str(uuid.uuid4()), project=call.principal.project, created=now, expires=now + KEPT_S, alive=now
            )
            await self._archive.write(partial(records.insert, operation=operation))
        except BaseException:
            making.cut("cancelled")
            raise
        finally:
            asked.cancel()
        self._running[operation.id] = making
        following = asyncio.create_task(self._follow(operation, making, gateway))
        self._following.add(following)
        following.add_done_callback(self._following.discard)
        return operation

    async def find(self, project: str, identifier: str) -> Operation | None:
        """The operation as it stands; one that nobody makes any more is told as failed."""
        operation = await self._archive.read(partial(records.find, project=project, identifier=identifier))
        if operation is None or operation.status != RUNNING or time.time() - operation.alive < STALE_S:
            return operation
        failed = _failed(operation, "InternalServerError", _ABANDONED)
        await self._archive.write(partial(records.finish, operation=failed))
        return failed

    async def delete(self, operation: Operation) -> None:
        """Forget an operation and its pictures; a running one ends, in another gateway at its next beat."""
        await self._archive.write(partial(records.delete, project=operation.project, identifier=operation.id))
        running = self._running.get(operation.id)
        if running is not None:
            running.cut("cancelled")
        await asyncio.to_thread(self._forget, operation.pictures)

    async def beat(self) -> None:
        """Say that this process is alive, and end what was deleted elsewhere. Raises ApiError."""
        if self._running:
            running = dict(self._running)
            wanted = await self._archive.write(partial(records.touch, identifiers=tuple(running)))
            for identifier in running.keys() - set(wanted):
                running[identifier].cut("cancelled")

    async def close(self, seconds: float) -> None:
        """Let what runs finish for `seconds`, then end it as failed."""
        if not self._following:
            return
        await asyncio.wait(self._following, timeout=seconds)
        for making in self._running.values():
            making.cut("draining")
        await asyncio.gather(*self._following, return_exceptions=True)

    async def _follow(self, operation: Operation, making: _Making, gateway: "Gateway") -> None:
        """Wait for the pictures and write down what became of them."""
        try:
            ended = await _outcome(operation, making)
        finally:
            del self._running[operation.id]
            Observe(_nothing, gateway).note(making.call)
        if not await self._archive.write(partial(records.finish, operation=ended)):  # deleted meanwhile
            await asyncio.to_thread(self._forget, ended.pictures)

    def _forget(self, pictures: list[str]) -> None:
        for name in pictures:
            self._objects.delete(name)


async def _outcome(operation: Operation, making: _Making) -> Operation:
    """The operation at its end."""
    call = making.call
    try:
        await making.task
        made: dict[str, Any] = msgspec.json.decode(making.queue.body)
    except ApiError as error:
        call.status, body = call.dialect.error(error)
        call.error_code = error.code or "error"
        told = msgspec.json.decode(body)["error"]
        return _failed(operation, told.get("code") or call.error_code, error.message)
    except asyncio.CancelledError:
        if not call.aborted:
            raise
        return _failed(operation, "ServiceUnavailable", _ABANDONED)
    except Exception:
        logger.exception("operation %s failed", operation.id)
        call.status, call.error_code = 500, "internal_error"
        return _failed(operation, "InternalServerError", "The server had an error while making these pictures.")
    result = {"created": made.get("created", int(time.time())), "data": made.get("data") or []}
    pictures = list(making.answer.kept)
    return msgspec.structs.replace(operation, status=SUCCEEDED, body={"result": result}, pictures=pictures)


def _failed(operation: Operation, code: str, message: str) -> Operation:
    return msgspec.structs.replace(operation, status=FAILED, body={"error": {"code": code, "message": message}})


def _own_call(call: Call) -> Call:
    """A call for the making itself, which outlives the request that asked for it, to be counted on its own."""
    own = Call(
        id=call.id,
        route=msgspec.structs.replace(call.route, path=call.route.path + _SUFFIX),
        dialect=call.dialect,
        params=call.params,
        scope=call.scope,
        receive=call.receive,
        edge=call.edge,
    )
    own.path = call.path + _SUFFIX
    own.principal, own.api_version = call.principal, call.api_version
    own.engine_path, own.operation = call.engine_path, call.operation
    own.raw, own.body, own.body_read = call.raw, call.body, True
    return own


async def _make(own: Call, gateway: "Gateway") -> None:
    limit_s = gateway.settings.request_timeout_s
    try:
        async with asyncio.timeout(limit_s):
            await gateway.model(own)
    except TimeoutError as error:
        raise timed_out(f"The pictures were not complete within {limit_s:.0f} seconds.") from error


async def _nothing(_: Call) -> None:
    """What follows when a call is only noted."""
