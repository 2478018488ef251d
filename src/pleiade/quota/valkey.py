"""The limiter that many processes share: buckets in Valkey or Redis, judged by one script on the server's clock.

What is asked while a batch is under way goes out together as the next one, so a busy process makes few round trips.
Each batch is one script call: every reservation in it is all or nothing, and nothing comes between them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from pleiade.quota.buckets import judge
from pleiade.quota.limiter import Ask, Bucket, Correction, LimiterLostError, Truing, Verdict
from pleiade.quota.memory import unix_ms

logger = logging.getLogger(__name__)

T = TypeVar("T")

TIMEOUT_S = 0.5  # for a batch, or for connecting: what a call may wait for a store that does not answer
GRACE_S = 0.05  # to read what arrived while this process was busy
PAUSES_S = (0.05, 0.1, 0.2, 0.5, 1.0)  # between attempts to reach a lost store; calls meanwhile are told at once
BATCH_BUCKETS = 1500  # in one script call, about 1 ms of the store's time (Lua could not unpack 8,000 keys)
OWED = 10_000  # corrections kept for a lost store

_RESERVE, _CORRECT = 1, 2


class _Wish:
    """A reservation that waits for its batch."""

    __slots__ = ("answer", "asks")

    def __init__(self, asks: tuple[Ask, ...], answer: "asyncio.Future[Verdict]") -> None:
        self.asks = asks
        self.answer = answer


_Entry = _Wish | Correction


class ValkeyLimiter:
    """Buckets in the store at `url` (redis://, rediss:// or unix://), under keys that begin with `{prefix}`.

    The braces are a hash tag: all buckets of one installation are in one slot, as one script must have them.
    Raises ValueError for a URL of another kind.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "pleiade",
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], int] | None = None,
    ) -> None:
        # `clock` (Unix ms) is for tests of what clocks do; without it the store's own clock counts for everybody.
        self._redis: Redis = Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),  # a batch sent twice would count twice
            protocol=2,
        )
        self._script = Path(__file__).with_name("valkey.lua").read_text(encoding="utf-8")
        self._sha = ""
        self._prefix = f"{{{prefix}}}:"
        self._timeout_s = timeout_s
        self._clock = clock
        self._waiting: deque[_Entry] = deque()
        self._owed: deque[Correction] = deque(maxlen=OWED)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failures = 0  # in a row
        self._retry_at = 0.0  # the loop's clock
        self._why = "the limiter stopped"

    async def start(self) -> None:
        """Begin to send. A store that cannot be reached is told to those who ask."""
        self._task = asyncio.create_task(self._send_all(), name="limiter")

    async def stop(self) -> None:
        """Send what is owed, once, and close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            while (self._waiting or self._owed) and not self._lost():
                await self._send(self._next_batch())
            self._put_off()
        await self._redis.aclose()

    async def reserve(self, asks: Sequence[Ask]) -> Verdict:
        """Put all amounts into their buckets, or none. Raises LimiterLostError, after the timeout at the latest."""
        if not asks:
            return Verdict(True, unix_ms())
        if self._lost():
            raise LimiterLostError(self._why)
        if self._task is None or self._task.done():
            raise LimiterLostError("the limiter is not running: start() it before calls are asked about")
        wish = _Wish(tuple(asks), asyncio.get_running_loop().create_future())
        self._waiting.append(wish)
        self._wake.set()
        try:
            return await wish.answer
        except asyncio.CancelledError:
            if not wish.answer.cancelled() and wish.answer.exception() is None:  # it came in the same moment
                self._give_back(wish.answer.result())
            raise

    async def settle(self, corrections: Sequence[Correction]) -> None:
        """Correct earlier amounts with the next batch; what a lost store misses is kept for its return."""
        self._waiting.extend(corrections)
        self._wake.set()

    def _lost(self) -> bool:
        return self._failures > 0 and asyncio.get_running_loop().time() < self._retry_at

    async def _send_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (self._waiting or self._owed) and not self._lost():
                await self._send(self._next_batch())
            self._put_off()

    def _next_batch(self) -> list[_Entry]:
        """The next entries, those owed since the store was lost first."""
        batch: list[_Entry] = []
        buckets = 0
        while buckets < BATCH_BUCKETS and (self._owed or self._waiting):
            entry = self._owed.popleft() if self._owed else self._waiting.popleft()
            buckets += len(entry.asks) if isinstance(entry, _Wish) else 1
            batch.append(entry)
        return batch

    async def _send(self, batch: list[_Entry]) -> None:
        """One script call. Whatever goes wrong, everybody in the batch is told."""
        sent = False
        try:
            if self._failures:
                await self._in_time(self._redis.ping())  # while this fails, nothing of the batch is carried out
            if not self._sha:
                self._sha = str(await self._in_time(self._redis.script_load(self._script)))
            sent = True
            self._tell(batch, await self._in_time(self._run(batch)))
        except asyncio.CancelledError:
            self._forget(batch, sent=sent)
            raise
        except Exception as error:  # of whatever kind: nobody must be left waiting
            self._pause(error)
            self._forget(batch, sent=sent)
            self._put_off()
            # An answer that comes after its batch was given up must not be read as the next one's.
            await self._redis.connection_pool.disconnect()
        else:
            if self._failures:
                logger.warning("the limiter's store answers again")
            self._failures = 0

    async def _in_time(self, work: Awaitable[T]) -> T:
        """What `work` gives, within the timeout. A loop that was busy meanwhile first reads what has arrived."""
        task = asyncio.ensure_future(work)
        try:
            for patience_s in (self._timeout_s, GRACE_S):
                if task in (await asyncio.wait({task}, timeout=patience_s))[0]:
                    return task.result()
            raise TimeoutError(f"no answer within {self._timeout_s:g} s")
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _run(self, batch: list[_Entry]) -> list[int]:
        """Send the batch and read the script's answer (see valkey.lua for both)."""
        keys: dict[str, int] = {}  # bucket → its index in KEYS, from 1
        numbers: list[int] = [self._clock() if self._clock else 0]
        for entry in batch:
            if isinstance(entry, Correction):
                ask = entry.ask
                index = keys.setdefault(ask.key, len(keys) + 1)
                numbers += (_CORRECT, index, ask.bucket, ask.amount, entry.delta)
                numbers += (ask.limit, ask.period_ms, entry.at_ms)
                continue
            numbers += (_RESERVE, len(entry.asks))
            for ask in entry.asks:
                index = keys.setdefault(ask.key, len(keys) + 1)
                enforced = 1 if ask.enforced else 0
                numbers += (index, ask.bucket, ask.amount, ask.limit, ask.period_ms, ask.floor, enforced)
        names = [self._prefix + key for key in keys]
        packed = msgspec.msgpack.encode(numbers)
        try:
            answer = await self._redis.evalsha(self._sha, len(names), *names, packed)
        except NoScriptError:  # a store that was restarted: it has carried out nothing
            answer = await self._redis.eval(self._script, len(names), *names, packed)
        return msgspec.msgpack.decode(answer, type=list[int])

    def _tell(self, batch: list[_Entry], answer: list[int]) -> None:
        at_ms, place = answer[0], 1
        for wish in batch:
            if isinstance(wish, Correction):
                continue
            allowed = answer[place] == 1
            levels = answer[place + 1 : place + 1 + len(wish.asks)]
            place += 1 + len(wish.asks)
            if not wish.answer.cancelled():
                wish.answer.set_result(judge(wish.asks, levels, at_ms, allowed))
            elif allowed:
                self._give_back(Verdict(True, at_ms, wish.asks))

    def _give_back(self, verdict: Verdict) -> None:
        """Whoever asked has gone: correct what was to be corrected at the end."""
        if verdict.allowed:
            self._waiting.extend(
                Correction(ask, -ask.amount, verdict.at_ms) for ask in verdict.asks if ask.truing is Truing.BOTH
            )
            self._wake.set()

    def _pause(self, error: Exception) -> None:
        """The store is lost: whoever asks during the next moments is told at once."""
        pause = PAUSES_S[min(self._failures, len(PAUSES_S) - 1)]
        self._failures += 1
        self._retry_at = asyncio.get_running_loop().time() + pause
        self._why = (
            f"the limiter's store does not answer ({type(error).__name__}: {error}): "
            "check PLEIADE_VALKEY_URL and that Valkey or Redis runs there"
        )
        if self._failures == 1:
            logger.warning("%s", self._why)

    def _put_off(self) -> None:
        """Nobody who asked is left waiting for a lost store; corrections are kept for it."""
        self._forget(self._waiting, sent=False)
        self._waiting.clear()

    def _forget(self, entries: Sequence[_Entry], *, sent: bool) -> None:
        """Give up entries. Where they may have been carried out, only what cannot let too much in is repeated.

        A total that hears late is only told to let go: until then the ledger's sum has what the call did cost.
        """
        for entry in entries:
            if isinstance(entry, _Wish):
                if not entry.answer.done():
                    entry.answer.set_exception(LimiterLostError(self._why))
            elif entry.ask.bucket is Bucket.TOTAL:
                if not sent:
                    self._owed.append(msgspec.structs.replace(entry, delta=-entry.ask.amount))
            elif not sent or entry.delta > 0:
                self._owed.append(entry)
