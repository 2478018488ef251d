"""Processes that share out tasks. They end with the process that started them, however that ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
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
    """A crew; leaving it lets tasks under way end, and drops those that wait.

    `on_wait` is called now and then while it waits: a place to show progress.
    """
    if workers <= 1:
        yield Crew(None, 0, on_wait)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker)
    try:
        yield Crew(pool, workers * TASKS_A_WORKER, on_wait)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; it gets the Ctrl-C too
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
