"""The limiter of one process: buckets in a dictionary, idle ones dropped as others are asked."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from pleiade.quota import buckets
from pleiade.quota.buckets import State
from pleiade.quota.limiter import Ask, Bucket, Correction, Verdict

_LEAKY = Bucket.LEAKY


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
        self._entries: OrderedDict[str, _Entry] = OrderedDict()  # a plain one would skip over what it lost

    def __len__(self) -> int:
        """Buckets in memory."""
        return len(self._entries)

    async def reserve(self, asks: Sequence[Ask]) -> Verdict:
        """Put all amounts into their buckets, or none."""
        now_ms = self._clock()
        entries = self._entries
        before = len(entries)
        allowed = True
        found: list[_Entry | None] = []
        levels: list[int] = []
        for ask in asks:
            entry = entries.get(ask.key)
            level = buckets.level(ask, entry.state if entry is not None else None, now_ms)
            if allowed and not buckets.fits(ask, level):
                allowed = False
            found.append(entry)
            levels.append(level)
        for index, ask in enumerate(asks):
            entry = found[index]
            state = entry.state if entry is not None else None
            if allowed:
                levels[index] = level = buckets.filled(ask, levels[index])
                self._store(ask, entry, buckets.write(ask, state, level, now_ms), now_ms)
            elif (again := buckets.rebased(ask, state, now_ms)) is not None:
                self._store(ask, entry, again, now_ms)
        self._drop_idle(now_ms, 1 + 2 * (len(entries) - before))
        return buckets.judge(asks, levels, now_ms, allowed)

    async def settle(self, corrections: Sequence[Correction]) -> None:
        """Correct earlier amounts."""
        now_ms = self._clock()
        for correction in corrections:
            entry = self._entries.get(correction.ask.key)
            state = buckets.corrected(correction, entry.state if entry else None, now_ms)
            if state is not None:
                self._store(correction.ask, entry, state, now_ms)

    async def start(self) -> None:
        """Nothing to do: the buckets are empty."""

    async def stop(self) -> None:
        """Nothing to do: the buckets end with the process."""

    def _store(self, ask: Ask, entry: _Entry | None, state: State, now_ms: int) -> None:
        if entry is None:
            self._entries[ask.key] = _Entry(state, buckets.keep_ms(ask, state), now_ms)
            return
        entry.state = state
        entry.touched_ms = now_ms
        if ask.bucket is _LEAKY:  # the others are kept as long as when they were made
            entry.keep_ms = buckets.keep_ms(ask, state)

    def _drop_idle(self, now_ms: int, looks: int) -> None:
        """Look at the `looks` entries that were looked at longest ago: gone if idle, else to the end of the line.

        Two looks for each new entry keep at most about twice as many entries as are in use, at a constant cost.
        """
        entries = self._entries
        for _ in range(min(looks, len(entries))):
            key = next(iter(entries))
            entry = entries[key]
            if now_ms < entry.touched_ms:  # the clock jumped back: count its rest from now
                entry.touched_ms = now_ms
            if now_ms - entry.touched_ms > entry.keep_ms:
                del entries[key]
            else:
                entries.move_to_end(key)
