"""The limiter of one process: buckets in a dictionary, idle ones dropped as others are asked."""

import time
from collections.abc import Callable, Sequence

from pleiade.quota import buckets
from pleiade.quota.buckets import State
from pleiade.quota.limiter import Ask, Correction, Verdict


def unix_ms() -> int:
    """The wall clock, in whole milliseconds: limits are told in minutes and months of the calendar."""
    return time.time_ns() // 1_000_000


class _Entry:
    __slots__ = ("keep_ms", "state", "touched_ms")

    def __init__(self, state: State, keep_ms: int, touched_ms: int) -> None:
        self.state = state
        self.keep_ms = keep_ms
        self.touched_ms = touched_ms


class MemoryLimiter:
    """Buckets of this process. Nothing in it awaits, so on one event loop each reservation is atomic."""

    def __init__(self, clock: Callable[[], int] = unix_ms) -> None:
        self._clock = clock  # Unix milliseconds; it may jump
        self._entries: dict[str, _Entry] = {}

    def __len__(self) -> int:
        """Buckets in memory."""
        return len(self._entries)

    async def reserve(self, asks: Sequence[Ask]) -> Verdict:
        """Put all amounts into their buckets, or none."""
        now_ms = self._clock()
        entries = self._entries
        states = [entry.state if (entry := entries.get(ask.key)) else None for ask in asks]
        levels = [buckets.level(ask, state, now_ms) for ask, state in zip(asks, states, strict=True)]
        allowed = True
        for ask, level in zip(asks, levels, strict=True):
            if not buckets.fits(ask, level):
                allowed = False
                break
        if allowed:
            levels = [buckets.filled(ask, level) for ask, level in zip(asks, levels, strict=True)]
        before = len(entries)
        for ask, state, level in zip(asks, states, levels, strict=True):
            if allowed or buckets.in_the_future(ask, state, now_ms):
                self._store(ask, buckets.write(ask, state, level, now_ms), now_ms)
        self._drop_idle(now_ms, 1 + 2 * (len(entries) - before))
        return buckets.judge(asks, levels, now_ms, allowed)

    async def settle(self, corrections: Sequence[Correction]) -> None:
        """Correct earlier amounts."""
        now_ms = self._clock()
        for correction in corrections:
            entry = self._entries.get(correction.ask.key)
            state = buckets.corrected(correction, entry.state if entry else None, now_ms)
            if state is not None:
                self._store(correction.ask, state, now_ms)

    async def start(self) -> None:
        """Nothing to do: the buckets are empty."""

    async def stop(self) -> None:
        """Nothing to do: the buckets end with the process."""

    def _store(self, ask: Ask, state: State, now_ms: int) -> None:
        self._entries[ask.key] = _Entry(state, buckets.keep_ms(ask, state), now_ms)

    def _drop_idle(self, now_ms: int, looks: int) -> None:
        """Look at the `looks` entries that were looked at longest ago: gone if idle, else to the end of the line.

        Two looks for each new entry keep at most about twice as many entries as are in use, at a constant cost.
        """
        entries = self._entries
        for _ in range(min(looks, len(entries))):
            key = next(iter(entries))
            entry = entries.pop(key)
            if now_ms < entry.touched_ms:  # the clock jumped back: count its rest from now
                entry.touched_ms = now_ms
            if now_ms - entry.touched_ms <= entry.keep_ms:
                entries[key] = entry
