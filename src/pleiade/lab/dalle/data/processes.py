"""The stream drawn by several processes ahead of time: the same pictures, for networks that take them faster."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Self

import numpy as np

from pleiade.lab.dalle.data.stream import Drawn, PictureBatch, PictureStream
from pleiade.lab.signals import end_with

AHEAD = 2  # batches drawn before they are asked for


class DrawnByProcesses:
    """Deals what `stream` would, drawn by `processes` of them. Close it, or use it in a `with`."""

    def __init__(self, stream: PictureStream, processes: int) -> None:
        self.stream, self.processes = stream, processes
        # Spawned, not forked: a fork of a process with running threads (torch's) can stand still for ever.
        self._pool = ProcessPoolExecutor(processes, get_context("spawn"), _begin, (stream.recipe(), os.getpid()))
        self._coming: deque[tuple[int, int, list[Future[Drawn]]]] = deque()

    def next_batch(self, rows: int) -> PictureBatch:
        """The next `rows` pictures."""
        if self._coming and self._coming[0][:2] != (self.stream.dealt, rows):
            self._forget()
        first = self._coming[-1][0] + rows if self._coming else self.stream.dealt
        while len(self._coming) <= AHEAD:
            self._coming.append((first, rows, self._ask(first, rows)))
            first += rows
        _, _, parts = self._coming.popleft()
        drawn = [part.result() for part in parts]
        self.stream.dealt += rows
        captions = [words for part in drawn for words in part.captions]
        pixels_BHWC = np.concatenate([part.pixels_BHWC for part in drawn])
        return self.stream.batch(Drawn(pixels_BHWC, captions, np.concatenate([part.style_B for part in drawn])))

    def state_dict(self) -> dict[str, Any]:
        """The place, as the stream has it: it may go on with any number of processes, or with none."""
        return self.stream.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place. Raises ValueError if it is one in other drawings or of another seed."""
        self.stream.load_state_dict(state)
        self._forget()

    def close(self) -> None:
        """End the processes."""
        self._forget()
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, first: int, rows: int) -> list[Future[Drawn]]:
        share = -(-rows // self.processes)
        starts = range(0, rows, share)
        return [self._pool.submit(_draw, first + start, min(share, rows - start)) for start in starts]

    def _forget(self) -> None:
        for _, _, parts in self._coming:
            for part in parts:
                part.cancel()
        self._coming.clear()


_streams: list[PictureStream] = []  # of a drawing process: its one stream


@contextmanager
def drawn_ahead(stream: PictureStream, processes: int) -> Iterator[PictureStream | DrawnByProcesses]:
    """`stream`, within it drawn by so many processes; by this one where they are none."""
    if processes == 0:
        yield stream
        return
    with DrawnByProcesses(stream, processes) as drawn:
        yield drawn


def _begin(recipe: dict[str, Any], parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the trainer's to answer: it finishes its step first
    end_with(parent, signal.SIGKILL)
    _streams.append(PictureStream.of_recipe(recipe))


def _draw(first: int, rows: int) -> Drawn:
    return _streams[0].draw(first, rows)
