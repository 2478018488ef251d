"""The way to the database for what we keep: one thread writes, a few read, and the event loop never waits.

A write is awaited before its answer ends, so whoever holds an answer can fetch it, from any gateway. Writes
that come together share one transaction.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa

from pleiade.gateway.errors import ApiError
from pleiade.store import StoreError, migrate, open_database, reading, unit_of_work

logger = logging.getLogger(__name__)

T = TypeVar("T")
Change = Callable[[sa.Connection], T]

_BATCH = 64  # changes in one transaction, at most
_READERS = 2


class Archive:
    """Reads and writes against the database at `url`, which is opened at the first use, in a thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: sa.Engine | None = None
        self._opening = threading.Lock()
        self._changes: queue.SimpleQueue[tuple[Change[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="archive-reader")
        self._writer: threading.Thread | None = None

    async def write(self, change: Change[T]) -> T:
        """Run `change` in a transaction, until it is committed. Raises what it raises, or ApiError 500."""
        try:
            # Shielded: a client that goes away at the last moment does not undo what was promised to others.
            return await asyncio.shield(asyncio.wrap_future(self.submit(change)))
        except (StoreError, sa.exc.SQLAlchemyError) as error:
            logger.exception("a change could not be written")
            raise _unusable() from error

    async def read(self, query: Change[T]) -> T:
        """Run `query` on one snapshot of the database. Raises what it raises, ApiError 500."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, query)
        except (StoreError, sa.exc.SQLAlchemyError) as error:
            logger.exception("the database could not be read")
            raise _unusable() from error

    def submit(self, change: Change[T]) -> "Future[T]":
        """Queue `change` and return at once; from any thread."""
        done: Future[T] = Future()
        if self._writer is None:
            self._writer = threading.Thread(target=self._write_forever, name="archive-writer", daemon=True)
            self._writer.start()
        self._changes.put((change, done))
        return done

    def close(self) -> None:
        """Finish what is queued and let go of the database."""
        if self._writer is not None:
            self._changes.put(None)
            self._writer.join()
        self._readers.shutdown()
        if self._engine is not None:
            self._engine.dispose()

    def _open(self) -> sa.Engine:
        with self._opening:
            if self._engine is None:
                engine = open_database(self._url)
                migrate(engine)
                self._engine = engine
            return self._engine

    def _read(self, query: Change[T]) -> T:
        with reading(self._open()) as connection:
            return query(connection)

    def _write_forever(self) -> None:
        stop = False
        while not stop:
            batch = []
            item = self._changes.get()
            while item is not None:
                batch.append(item)
                try:
                    item = self._changes.get_nowait() if len(batch) < _BATCH else None
                except queue.Empty:
                    break
            else:
                stop = len(batch) < _BATCH
            self._write_batch([pair for pair in batch if pair[1].set_running_or_notify_cancel()])

    def _write_batch(self, batch: list[tuple[Change[Any], Future[Any]]]) -> None:
        """All of `batch` in one transaction; if that fails, each in its own: one cannot hurt another."""
        try:
            with unit_of_work(self._open()) as connection:
                results = [change(connection) for change, _ in batch]
        except Exception as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            for pair in batch:
                self._write_batch([pair])
            return
        for (_, done), result in zip(batch, results, strict=True):
            done.set_result(result)


def _unusable() -> ApiError:
    """500: the database failed. What it said may name paths and hosts, so it goes to the log only."""
    return ApiError(
        500,
        "The database that keeps responses and completions cannot be used; the server's log says why. "
        "Requests with `store: false` go on working.",
        type="server_error",
        code="storage_failed",
    )
