"""Texts of all requests, sorted by length and encoded in batches by one thread."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from pleiade.engines.wire.errors import queue_full
from pleiade.engines.wire.exchange import Exchange

NEAR = 16  # tokens: texts that differ by no more share a batch, whatever their length

Encode = Callable[[list[list[int]]], NDArray[np.float32]]


class BatcherFullError(Exception):
    """More requests wait than the queue takes."""


class _Job(msgspec.Struct, gc=False):
    """The texts of one request; `missing` counts down to 0."""

    texts: Sequence[list[int]]
    vectors: NDArray[np.float32]
    missing: int
    done: asyncio.Future[None]
    cancelled: bool = False


class _Piece(msgspec.Struct, gc=False):
    """One text of a request, with its place there."""

    job: _Job
    place: int

    @property
    def length(self) -> int:
        return len(self.job.texts[self.place])


class Batcher:
    """Runs `encode` in a thread of its own. `encode_texts` belongs to the event loop.

    Short texts go together with short ones, so little is spent on padding; at most `batch_tokens` padded tokens go
    into one batch, so a large request does not hold up a small one for long.
    """

    def __init__(
        self,
        encode: Encode,
        *,
        loop: asyncio.AbstractEventLoop,
        width: int,
        queue_limit: int,
        batch_tokens: int = 4096,
    ) -> None:
        self._encode = encode
        self._loop = loop
        self._width = width
        self._queue_limit = queue_limit
        self._batch_tokens = batch_tokens
        self._jobs: deque[_Job] = deque()  # arrived, not yet cut into pieces
        self._pieces: list[_Piece] = []  # owned by the thread
        self._change = threading.Condition()
        self._stopped = False
        self.waiting = 0  # requests not yet complete
        self._thread = threading.Thread(target=self._run, name="encoder", daemon=True)
        self._thread.start()

    async def encode_texts(self, texts: Sequence[list[int]]) -> NDArray[np.float32]:
        """Unit vectors, float32 [texts, width], in the order of `texts` (token ids).

        Raises BatcherFullError at once where the queue is full. A cancelled caller's texts are not encoded any more.
        """
        if self.waiting >= self._queue_limit:
            raise BatcherFullError
        vectors = np.empty((len(texts), self._width), np.float32)
        job = _Job(texts, vectors, len(texts), self._loop.create_future())
        self.waiting += 1
        with self._change:
            self._jobs.append(job)
            self._change.notify()
        try:
            await job.done
        finally:
            job.cancelled = True
            self.waiting -= 1
        return vectors

    async def encode_for(self, exchange: Exchange, texts: Sequence[list[int]]) -> NDArray[np.float32] | None:
        """As `encode_texts`, while the client of `exchange` is there; None where it left meanwhile.

        Raises ApiError 429 where the queue is full.
        """
        task = asyncio.ensure_future(self.encode_texts(texts))
        exchange.when_client_leaves(task.cancel)
        try:
            return await task
        except BatcherFullError:
            raise queue_full() from None
        except asyncio.CancelledError:
            if exchange.closed:
                return None
            raise

    def stop(self) -> None:
        """End the thread after its current batch."""
        with self._change:
            self._stopped = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._stopped and not self._jobs and not self._pieces:
                    self._change.wait()
                if self._stopped:
                    return
                while self._jobs:
                    job = self._jobs.popleft()
                    self._pieces += [_Piece(job, place) for place in range(len(job.texts))]
            batch = self._next_batch()
            if batch:
                self._encode_batch(batch)

    def _next_batch(self) -> list[_Piece]:
        """The oldest text and those nearest to it in length, up to the batch's size."""
        self._pieces = [piece for piece in self._pieces if not piece.job.cancelled]
        if not self._pieces:
            return []
        oldest = self._pieces[0].length
        near = [i for i, p in enumerate(self._pieces) if abs(p.length - oldest) <= max(NEAR, oldest // 4)]
        order = sorted(near, key=lambda i: (abs(self._pieces[i].length - oldest), i))
        chosen: list[int] = []
        longest = 0
        for i in order:
            longest = max(longest, self._pieces[i].length)
            if chosen and longest * (len(chosen) + 1) > self._batch_tokens:
                break
            chosen.append(i)
        batch = [self._pieces[i] for i in chosen]
        taken = set(chosen)
        self._pieces = [piece for i, piece in enumerate(self._pieces) if i not in taken]
        return batch

    def _encode_batch(self, batch: list[_Piece]) -> None:
        try:
            vectors = self._encode([piece.job.texts[piece.place] for piece in batch])
        except Exception as error:  # handed to every caller: the thread must outlive it
            for job in {id(piece.job): piece.job for piece in batch}.values():
                job.cancelled = True
                self._loop.call_soon_threadsafe(_fail, job.done, error)
            return
        complete = []
        for piece, vector in zip(batch, vectors, strict=True):
            piece.job.vectors[piece.place] = vector
            piece.job.missing -= 1
            if piece.job.missing == 0:
                complete.append(piece.job.done)
        if complete:
            self._loop.call_soon_threadsafe(_finish, complete)


def _finish(futures: Sequence[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
