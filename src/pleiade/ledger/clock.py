"""Time that never goes backwards within one writer, whatever is done to the machine's clock."""

import time
from collections.abc import Callable


def wall_ms() -> int:
    """Unix milliseconds, as the machine believes."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds that only ever grow, since some moment."""
    return time.monotonic_ns() // 1_000_000


class SteadyClock:
    """The machine's clock while it is ahead of what was told before; else time at half pace, until it is again.

    A clock set back by a minute or a month thus never makes an earlier entry, and small corrections heal by themselves.
    """

    def __init__(self, wall: Callable[[], int] = wall_ms, steady: Callable[[], int] = monotonic_ms) -> None:
        self._wall = wall
        self._steady = steady
        self._last = 0
        self._last_steady = steady()

    def now(self) -> int:
        """Unix milliseconds, never less than the time before."""
        wall, steady = self._wall(), self._steady()
        if wall >= self._last:
            self._last = wall
            self._last_steady = steady
        else:
            elapsed = (steady - self._last_steady) // 2
            self._last += elapsed
            self._last_steady += 2 * elapsed
        return self._last
