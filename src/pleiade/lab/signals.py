"""A stop asked for by signal becomes a flag: a step is finished, a checkpoint written, then the run ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


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
