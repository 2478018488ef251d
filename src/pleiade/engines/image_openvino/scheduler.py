"""The one thread that computes: passes over all pictures in the making, and small calls between them."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from pleiade.engines.image_openvino.drawing import Drawing, next_pass
from pleiade.engines.image_openvino.networks import Networks
from pleiade.engines.image_openvino.sampler import Floats, Row, Trajectory

Result = TypeVar("Result")

log = logging.getLogger("pleiade.engine")


class Scheduler:
    """Owns `networks`. `draw` and `compute` belong to the event loop, everything else to the thread.

    Whose caller is cancelled is not computed any further: a drawing ends between two passes.
    """

    def __init__(self, networks: Networks, *, loop: asyncio.AbstractEventLoop) -> None:
        self._networks = networks
        self._loop = loop
        self._change = threading.Condition()
        self._drawings: list[tuple[Drawing, asyncio.Future[Floats]]] = []  # oldest first
        self._calls: list[tuple[Callable[[Networks], Any], asyncio.Future[Any]]] = []
        self._stopped = False
        self.passes = 0  # runs of the picture network
        self.rows = 0  # predictions of all passes
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Pictures that are not complete."""
        return len(self._drawings)

    async def draw(self, drawing: Drawing) -> Floats:
        """The finished picture [H, W, C], premultiplied, in [-1, 1]. Raises what the runtime raised."""
        future: asyncio.Future[Floats] = self._loop.create_future()
        with self._change:
            self._drawings.append((drawing, future))
            self._change.notify()
        try:
            return await future
        finally:
            drawing.cancelled = True

    async def compute(self, call: Callable[[Networks], Result]) -> Result:
        """What `call` makes of the networks, in their thread and before the next pass."""
        future: asyncio.Future[Result] = self._loop.create_future()
        with self._change:
            self._calls.append((call, future))
            self._change.notify()
        return await future

    def stop(self) -> None:
        """End the thread after its current pass; whoever waits is cancelled."""
        with self._change:
            self._stopped = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                while not (self._stopped or self._calls or self._drawings):
                    self._change.wait()
                if self._stopped:
                    return
                calls, self._calls = self._calls, []
                self._drawings = [entry for entry in self._drawings if not entry[0].cancelled]
                drawings = [drawing for drawing, _ in self._drawings]
            for call, future in calls:
                self._answer(call, future)
            chosen = next_pass(drawings, self._networks.batches[-1])
            if chosen:
                self._pass(chosen)

    def _answer(self, call: Callable[[Networks], Any], future: asyncio.Future[Any]) -> None:
        if future.cancelled():
            return
        try:
            result = call(self._networks)
        except Exception as error:  # handed to the caller: the thread must outlive it
            self._loop.call_soon_threadsafe(_fail, future, error)
        else:
            self._loop.call_soon_threadsafe(_finish, future, result)

    def _pass(self, chosen: Sequence[tuple[Drawing, Trajectory]]) -> None:
        touched = list(dict.fromkeys(drawing for drawing, _ in chosen))
        try:
            rows = [trajectory.rows() for _, trajectory in chosen]
            clean_RHWC = self._predict([row for pair in rows for row in pair])
            place = 0
            for (_, trajectory), pair in zip(chosen, rows, strict=True):
                trajectory.advance(clean_RHWC[place : place + len(pair)])
                place += len(pair)
            for drawing in touched:
                if drawing.abreast:
                    self._after_step(drawing)
        except Exception as error:
            log.exception("a pass failed; its %d pictures end", len(touched))
            for drawing in touched:
                self._leave(drawing, _fail, error)

    def _predict(self, rows: Sequence[Row]) -> Floats:
        """Clean pictures of any number of rows, in batches of compiled sizes and of captions of one length."""
        alike: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            alike.setdefault(len(row.caption.mask_T), []).append(place)
        clean_RHWC = np.empty((len(rows), *rows[0].x_HWC.shape), np.float32)
        for places in alike.values():
            while places:
                batch = max(size for size in self._networks.batches if size <= len(places))
                clean_RHWC[places[:batch]] = self._networks.predict([rows[place] for place in places[:batch]])
                places = places[batch:]
                self.passes += 1
        self.rows += len(rows)
        return clean_RHWC

    def _after_step(self, drawing: Drawing) -> None:
        if drawing.left < len(drawing.alive):
            drawing.keep(self._ranked(drawing))
        best_HWC = drawing.alive[0].clean_HWC
        if drawing.done:
            self._leave(drawing, _finish, best_HWC)
        elif drawing.step in drawing.partial_steps and drawing.on_partial is not None:
            self._loop.call_soon_threadsafe(drawing.on_partial, drawing.step, best_HWC)

    def _ranked(self, drawing: Drawing) -> list[Trajectory]:
        """The candidates, those first that are nearest to what was asked for; of equals, the first."""
        target_E = drawing.target_E
        assert target_E is not None  # without one there is a single candidate
        scores = [float(self._networks.embed_picture(one.clean_HWC) @ target_E) for one in drawing.alive]
        order = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
        return [drawing.alive[place] for place in order]

    def _leave(self, drawing: Drawing, settle: Callable[[asyncio.Future[Any], Any], None], value: object) -> None:
        drawing.cancelled = True
        with self._change:
            for mine, future in self._drawings:
                if mine is drawing:
                    self._loop.call_soon_threadsafe(settle, future, value)


def _finish(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
