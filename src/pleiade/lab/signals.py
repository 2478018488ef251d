"""A stop asked for by signal becomes a flag: a step is finished, a checkpoint written, then the run ends.

And a process that should not outlive the one that started it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PR_SET_PDEATHSIG = 1  # prctl(2)


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Turns SIGINT and SIGTERM into a flag that is read between steps."""
    received: list[int] = []

    def remember(number: int, _frame: object) -> None:
        received.append(number)
        print("\nstopping after this step, with a checkpoint", file=sys.stderr, flush=True)

    previous = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def end_with(parent: int, number: signal.Signals) -> None:
    """Have this process sent a signal when its parent, of that process id, ends, however that ended (on Linux)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(number))
    if os.getppid() != parent:  # it had ended before
        os.kill(os.getpid(), number)
