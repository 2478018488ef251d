"""The arithmetic of buckets, on whole numbers and without I/O: `memory.py` runs it, `valkey.lua` says it again.

A state is four integers. Window: id, used, id and used of the other window seen last (so that a clock that jumps
back over a boundary finds its counter again). Leaky: time in ms, level in drops. Total: settled, an hour, what calls of
that hour hold, what calls of the hour before hold.
"""

from collections.abc import Sequence

from pleiade.quota.limiter import Ask, Bucket, Correction, Standing, Verdict

State = tuple[int, int, int, int]

# A leaky bucket of C tokens a minute loses C drops a millisecond: time in ms then needs no fractions.
DROPS = 60_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000

# What a call holds of a total is let go after one to two of these: a process that died never settles its calls.
HOLD_MS = 3_600_000

_WINDOW, _LEAKY, _TOTAL = Bucket.WINDOW, Bucket.LEAKY, Bucket.TOTAL  # looking into an Enum costs more than the sums


def level(ask: Ask, state: State | None, now_ms: int) -> int:
    """What is in the bucket now: an amount, or drops in a leaky one."""
    bucket = ask.bucket
    if bucket is _TOTAL:
        _, held, before = _holds(state, now_ms)
        return max(state[0] if state else 0, ask.floor) + held + before
    if state is None:
        return 0
    if bucket is _LEAKY:
        return max(0, state[1] - ask.limit * max(0, now_ms - state[0]))
    window = now_ms // ask.period_ms
    if state[0] == window:
        return state[1]
    return state[3] if state[2] == window else 0


def fits(ask: Ask, level: int) -> bool:
    """May the amount go into a bucket with that level?

    A leaky bucket is judged by what is in it already, so a small burst above 100 % is allowed (wire-contract §8).
    """
    if not ask.enforced:
        return True
    if ask.bucket is _LEAKY:
        return level <= ask.limit * DROPS
    return level + ask.amount <= ask.limit


def filled(ask: Ask, level: int) -> int:
    """The level with the amount in it."""
    return level + (ask.amount * DROPS if ask.bucket is _LEAKY else ask.amount)


def write(ask: Ask, state: State | None, level: int, now_ms: int) -> State:
    """The state of a bucket whose level is `level` now; of a total: that holds the amount in addition."""
    if ask.bucket is _TOTAL:
        hour, held, before = _holds(state, now_ms)
        return (max(state[0] if state else 0, ask.floor), hour, held + ask.amount, before)
    if ask.bucket is _LEAKY:
        return (now_ms, level, 0, 0)
    window = now_ms // ask.period_ms
    if state is None:
        return (window, level, -1, 0)
    if state[0] == window:
        return (window, level, state[2], state[3])
    return (window, level, state[0], state[1])


def rebased(ask: Ask, state: State | None, now_ms: int) -> State | None:
    """The state to write although nothing was taken: where the clock jumped back, a bucket must empty from now on."""
    if state is not None and ask.bucket is _LEAKY and state[0] > now_ms:
        return (now_ms, state[1], 0, 0)
    if state is not None and ask.bucket is _TOTAL and state[1] > now_ms // HOLD_MS:
        return (state[0], *_holds(state, now_ms))
    return None


def corrected(correction: Correction, state: State | None, now_ms: int) -> State | None:
    """The state after a correction; None where there is nothing to write. Levels never fall below zero."""
    ask, delta = correction.ask, correction.delta
    if ask.bucket is _WINDOW:
        if state is None:
            return None
        window = correction.at_ms // ask.period_ms
        if state[0] == window:
            return (window, max(0, state[1] + delta), state[2], state[3])
        if state[2] == window:
            return (state[0], state[1], window, max(0, state[3] + delta))
        return None
    if ask.bucket is _LEAKY:
        if state is None and delta <= 0:
            return None
        return (now_ms, max(0, level(ask, state, now_ms) + delta * DROPS), 0, 0)
    actual = ask.amount + delta
    if state is None and actual <= 0:
        return None
    hour, held, before = _holds(state, now_ms)
    asked = correction.at_ms // HOLD_MS
    if asked >= hour:
        held = max(0, held - ask.amount)
    elif asked == hour - 1:
        before = max(0, before - ask.amount)
    return (max(0, (state[0] if state else 0) + actual), hour, held, before)


def _holds(state: State | None, now_ms: int) -> tuple[int, int, int]:
    """The hour of a total, and what calls of it and of the hour before hold. A clock that jumped back lets none go."""
    hour = now_ms // HOLD_MS
    if state is None or hour > state[1] + 1:
        return hour, 0, 0
    return (hour, 0, state[2]) if hour == state[1] + 1 else (hour, state[2], state[3])


def keep_ms(ask: Ask, state: State) -> int:
    """How long an idle bucket still matters; after that it is as good as absent."""
    if ask.bucket is _TOTAL:
        return ask.period_ms
    if ask.bucket is _LEAKY:
        return -(-state[1] // max(1, ask.limit)) + 1000
    return 2 * ask.period_ms


def reset_ms(ask: Ask, level: int, now_ms: int) -> int:
    """How long until a bucket with that level is empty again; 0 = not by waiting."""
    if ask.bucket is _LEAKY:
        return -(-level // max(1, ask.limit))
    return ask.period_ms - now_ms % ask.period_ms if ask.bucket is _WINDOW else 0


def standing(ask: Ask, level: int, now_ms: int) -> Standing:
    """How a bucket with that level stands, for people."""
    used = -(-level // DROPS) if ask.bucket is _LEAKY else level
    return Standing(ask.limit, used, max(0, ask.limit - used), reset_ms(ask, level, now_ms))


def retry_after_ms(ask: Ask, level: int, now_ms: int) -> int:
    """When an amount that does not fit might fit; 0 where waiting does not help."""
    if ask.bucket is _LEAKY:
        return max(1, -(-(level - ask.limit * DROPS) // max(1, ask.limit)))
    if ask.bucket is _TOTAL or ask.amount > ask.limit:
        return 0
    return ask.period_ms - now_ms % ask.period_ms


def judge(asks: Sequence[Ask], levels: Sequence[int], at_ms: int, allowed: bool) -> Verdict:
    """The verdict in full. Of several asks that refuse, it names a hopeless one, else the one that takes longest."""
    if allowed:
        return Verdict(True, at_ms, tuple(asks), tuple(levels))
    limits = [(index, ask, level) for index, (ask, level) in enumerate(zip(asks, levels, strict=True)) if ask.enforced]
    # A shared store counts in doubles: above 2^53 it may refuse by a hair what fits here. Then any limit may be named.
    refused = [entry for entry in limits if not fits(entry[1], entry[2])] or limits
    waits = [(index, retry_after_ms(ask, level, at_ms)) for index, ask, level in refused]
    failed, wait_ms = max(waits, key=lambda entry: entry[1] or float("inf"))
    return Verdict(False, at_ms, tuple(asks), tuple(levels), failed, wait_ms)
