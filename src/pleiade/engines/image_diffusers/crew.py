"""The one thread that runs the pipeline: batches of like jobs, oldest first; who left is not painted for."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from pleiade.engines.image_diffusers.jobs import Job, next_batch
from pleiade.engines.image_openvino.pictures.floats import Pixels

if TYPE_CHECKING:
    from pleiade.engines.image_diffusers.painter import Painter

Answer = TypeVar("Answer")

log = logging.getLogger("pleiade.engine")


class Crew:
    """Owns `painter`. `make` belongs to the event loop, everything else to the thread."""

    def __init__(self, painter: "Painter", *, loop: asyncio.AbstractEventLoop, max_batch: int) -> None:
        self._painter = painter
        self._loop = loop
        self._max_batch = max_batch
        self._change = threading.Condition()
        self._waiting: dict[Job, asyncio.Future[Pixels]] = {}  # oldest first
        self._questions: list[tuple[Callable[[Painter], Any], asyncio.Future[Any]]] = []
        self._stopped = False
        self.passes = 0  # runs of the pipeline
        self.rows = 0  # pictures of all runs
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
        self._thread.start()

    async def make(self, job: Job) -> Pixels:
        """The finished picture. Raises what the pipeline raised."""
        future: asyncio.Future[Pixels] = self._loop.create_future()
        with self._change:
            self._waiting[job] = future
            self._change.notify()
        try:
            return await future
        finally:
            job.cancelled = True

    async def ask(self, question: "Callable[[Painter], Answer]") -> Answer:
        """What `question` finds of the painter, before its next run."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        with self._change:
            self._questions.append((question, future))
            self._change.notify()
        return await future

    def stop(self) -> None:
        """End the thread; a run ends at its next step, and whoever waits is cancelled."""
        with self._change:
            self._stopped = True
            for job in self._waiting:
                job.cancelled = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                while not (self._stopped or self._questions or self._waiting):
                    self._change.wait()
                if self._stopped:
                    return
                questions, self._questions = self._questions, []
                for job in [job for job in self._waiting if job.cancelled]:
                    del self._waiting[job]
                batch = next_batch(list(self._waiting), self._max_batch)
            for question, asked in questions:
                self._answer(question, asked)
            if batch:
                self._make(batch)

    def _answer(self, question: "Callable[[Painter], Any]", asked: asyncio.Future[Any]) -> None:
        try:
            found = question(self._painter)
        except Exception as error:  # handed to the caller, as below
            self._loop.call_soon_threadsafe(_fail, asked, error)
        else:
            self._loop.call_soon_threadsafe(_finish, asked, found)

    def _make(self, batch: list[Job]) -> None:
        self.passes += 1
        self.rows += len(batch)
        result: list[Pixels] | Exception
        try:
            result = self._painter.paint(batch, self._show)
        except Exception as error:  # handed to every caller: the thread must outlive it
            log.exception("a run of the pipeline failed; its %d pictures end", len(batch))
            result = error
        with self._change:
            futures = [self._waiting.pop(job) for job in batch]
        for place, future in enumerate(futures):
            if isinstance(result, Exception):
                self._loop.call_soon_threadsafe(_fail, future, result)
            elif result:  # nothing is made for those who all left
                self._loop.call_soon_threadsafe(_finish, future, result[place])

    def _show(self, job: Job, number: int, rgba_HWC: Pixels) -> None:
        if job.on_partial is not None and not job.cancelled:
            self._loop.call_soon_threadsafe(job.on_partial, number, rgba_HWC)


def _finish(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
