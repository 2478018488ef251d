"""Processes that share out tasks. They end with the process that started them, however that ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_any
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

WAIT_SECONDS = 0.5
TASKS_A_WORKER = 2  # enough that no one waits, few enough that memory stays bounded


class Crew:
    """Calls functions in `workers` processes, or at once in this one if there is only one."""

    def __init__(self, pool: ProcessPoolExecutor | None, limit: int, on_wait: Callable[[], None]) -> None:
        self._pool, self._limit, self._on_wait = pool, limit, on_wait
        self._running: set[Future[None]] = set()

    def run(self, function: Callable[[Task], None], task: Task) -> None:
        """Start a task; waits while too many are under way, and raises what a task raised."""
        if self._pool is None:
            function(task)
            self._on_wait()
            return
        while len(self._running) >= self._limit:
            self._collect()
        self._running.add(self._pool.submit(function, task))

    def finish(self) -> None:
        """Return when all tasks are done."""
        while self._running:
            self._collect()

    def _collect(self) -> None:
        done, self._running = wait(self._running, WAIT_SECONDS, FIRST_COMPLETED)
        self._on_wait()
        for future in done:
            future.result()


@contextmanager
def crew(workers: int, on_wait: Callable[[], None] = lambda: None) -> Iterator[Crew]:
    """A crew. An error, or Ctrl-C, ends tasks under way at once: they must leave nothing half done that is taken for
    whole.

    `on_wait` is called now and then while it waits: a place to show progress.
    """
    if workers <= 1:
        yield Crew(None, 0, on_wait)
        return
    context = multiprocessing.get_context("spawn")
    # The crew's end of a pipe: closed, or lost with its process, it ends the workers.
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker, initargs=(theirs,))
    try:
        yield Crew(pool, workers * TASKS_A_WORKER, on_wait)
    except BaseException:
        ours.close()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        ours.close()
        theirs.close()


def _begin_worker(crews: Connection) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent decides; a Ctrl-C reaches it too
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with_crew() -> None:
        wait_for_any([parent.sentinel, crews])
        os._exit(1)

    threading.Thread(target=end_with_crew, daemon=True).start()
