"""What a limiter is asked, what it answers, and the Protocol that every limiter keeps."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from pleiade.domain.limits import Scope


class LimiterLostError(Exception):
    """The limiter's store cannot be asked: the deployment's stance decides about the call."""


class Bucket(IntEnum):
    """How amounts add up. The numbers cross the wire to the script of the shared limiter."""

    WINDOW = 0  # a counter that starts again at each multiple of the period
    LEAKY = 1  # drains by `limit` a minute all the time; refuses above 100 %
    TOTAL = 2  # only grows, by what is settled; calls that run hold their amounts beside it: money in a month


class Unit(IntEnum):
    """What is counted."""

    REQUESTS = 0
    TOKENS = 1
    IMAGES = 2
    BATCH_TOKENS = 3
    NANO = 4  # money, in 10^-9 of a currency's unit, of a budget
    CREDIT = 5  # the same, of what a prepaid organisation has


class Truing(IntEnum):
    """How a bucket is corrected once the actual amount is known."""

    NEVER = 0
    UP = 1  # upwards only: a standard deployment is never trued down (wire-contract §8)
    BOTH = 2


class Ask(msgspec.Struct, frozen=True):
    """A wish to put `amount` into one bucket. The limiter reads the first seven fields, people the others."""

    key: str  # names the bucket
    bucket: Bucket
    amount: int
    limit: int  # a window's or total's most; what a leaky bucket drains in a minute
    period_ms: int  # length of a window; how long a total is kept after its last change
    floor: int = 0  # a total is at least this, whatever the store remembers (the ledger's own sum)
    enforced: bool = True  # else it is counted and never refuses
    unit: Unit = Unit.REQUESTS
    scope: Scope = Scope.DEPLOYMENT
    subject: str = ""  # the deployment's name, or the id of the key, project or organisation
    truing: Truing = Truing.NEVER
    shown: bool = True  # told in the x-ratelimit headers


class Standing(msgspec.Struct, frozen=True):
    """How one bucket stands."""

    limit: int
    used: int
    remaining: int
    reset_ms: int  # until it is empty again; 0 = not by waiting


class Verdict(msgspec.Struct, frozen=True):
    """The answer to `reserve`. `levels` are the buckets' contents afterwards (allowed) or as found (refused)."""

    allowed: bool
    at_ms: int  # the limiter's clock, Unix milliseconds
    asks: tuple[Ask, ...] = ()
    levels: tuple[int, ...] = ()  # see pleiade.quota.buckets.standing
    failed: int = -1  # index of the ask that refused; of several, the one that takes longest
    retry_after_ms: int = 0  # when it might pass; 0 where waiting does not help


class Correction(msgspec.Struct, frozen=True):
    """The difference between what was asked and what was used: `delta` = actual - estimate.

    A window or leaky bucket needs none where the difference is 0; a total is told of the end of every call.
    """

    ask: Ask
    delta: int
    at_ms: int  # Verdict.at_ms: a window that has ended since is left alone


class Limiter(Protocol):
    """Where amounts add up, for one process or for all that share a store."""

    async def reserve(self, asks: Sequence[Ask]) -> Verdict:
        """Put all amounts into their buckets, or none. Keys must differ. Raises LimiterLostError, never hangs."""
        ...

    async def settle(self, corrections: Sequence[Correction]) -> None:
        """Correct earlier amounts, before any later `reserve` of this limiter is judged. Never raises, never waits."""
        ...

    async def start(self) -> None:
        """Ready to be asked; a store that cannot be reached yet is no error here."""
        ...

    async def stop(self) -> None:
        """Hand over what is owed to the store, within its timeout, and let go of it."""
        ...
