"""One call's way through the ledger: reserved before the engine is asked, marked on its way, settled once."""

import logging
import re
import time
from collections.abc import Sequence

import msgspec

from pleiade.domain import Usage
from pleiade.domain.books import Outcome, Reservation, Settlement
from pleiade.domain.price import Price
from pleiade.gateway.answer import EVENT_STREAM, JSON, Answer
from pleiade.gateway.call import Call
from pleiade.gateway.errors import Header
from pleiade.ledger import LedgerError
from pleiade.ledger.journal import Journal
from pleiade.prices import UnpricedError, cost
from pleiade.quota.estimate import BYTES_PER_TOKEN

logger = logging.getLogger(__name__)

MARK_TOKENS = 16  # so that a stream that dies loses 32 at most, with what its engine computes until it sees us gone
MARK_S = 1.0
NOTHING = Usage()
_FILTERED = b'"content_filter"'  # quotes inside of texts are escaped
_FILTERED_CHOICE = re.compile(rb'"finish_reason"\s*:\s*"content_filter"')


class Metering:
    """What the ledger knows of one running call. `settle` counts the first time only."""

    def __init__(self, call: Call, journal: Journal, price: Price | None, reservation: Reservation) -> None:
        """Reserve it. Raises LedgerError where the journal cannot be written: then no engine may be asked."""
        self._call = call
        self._journal = journal
        self._price = price
        self._marked = -1  # completion tokens at the last mark; the first chunk always makes one, for its prompt
        self._marked_at = 0.0
        self.reservation = reservation
        self._prompt = call.estimate.prompt if call.estimate is not None else 0
        self.unmetered = 0  # tokens of the answer as far as its bytes tell, for an engine that counts none
        self.filtered = False
        self.settled = False
        self._ended_at = 0.0  # perf_counter when it was handed over
        journal.reserve(reservation)

    @property
    def uncounted(self) -> bool:
        """Whether the engine has told no usage so far."""
        return self._call.usage_now is None

    def tick(self) -> None:
        """More of a stream came: mark it where enough is new."""
        call = self._call
        tokens = call.completion_tokens
        now = time.perf_counter()
        if tokens < self._marked + MARK_TOKENS and (now < self._marked_at + MARK_S or tokens == self._marked):
            return
        usage = call.usage_now
        if usage is not None:
            self._marked, self._marked_at = tokens, now
            self._journal.mark(self.reservation.call, usage, self._cost(usage))

    def settle(self, outcome: Outcome, usage: Usage | None = None) -> None:
        """Enter how the call ended, with `usage`, else what the engine has told by now, else an estimate.

        Nothing is raised: the caller's answer does not depend on it, and the log says what went wrong. The call then
        has the usage and the cost that stand in the ledger.
        """
        if self.settled:
            return
        self.settled = True
        call = self._call
        told = usage or call.usage_now
        if call.line is not None and not call.paid:  # a line of a batch is paid for with its answer
            told = NOTHING
        used = self._estimate(outcome) if told is None else told
        call.cost = self._cost(used)
        try:
            entry = self._journal.settle(
                Settlement(
                    call=self.reservation.call,
                    outcome=Outcome.FILTERED if self.filtered and outcome is Outcome.COMPLETED else outcome,
                    usage=used,
                    cost=call.cost,
                    estimated=told is None,
                    attempts=max(1, call.attempts),
                    deployment=call.target.endpoint.deployment if call.target is not None else "",
                    status=call.status,
                    ms=self._ms(self._ended_at or time.perf_counter()),
                    first_byte_ms=self._ms(call.first_byte_at) if call.first_byte_at else 0,
                )
            )
        except LedgerError:
            logger.exception("call %s could not be settled", self.reservation.call)
            return
        call.cost = entry.cost
        if used is not NOTHING or call.line is not None:
            call.usage, call.counter = entry.usage, None

    def hand_over(self) -> None:
        """Somebody settles the call a moment later, with `settle_handed_over`: until then it stays reserved."""
        self.settled = True
        self._ended_at = time.perf_counter()

    def settle_handed_over(self, outcome: Outcome, usage: Usage | None) -> None:
        """What `hand_over` promised."""
        self.settled = False
        self.settle(outcome, usage)

    def note_filtered(self, data: bytes) -> None:
        """Look whether a policy ended a choice in these bytes of the answer."""
        if _FILTERED in data and _FILTERED_CHOICE.search(data):
            self.filtered = True

    def _estimate(self, outcome: Outcome) -> Usage:
        """What it used as far as its bytes tell; nobody owes anything for a call that failed and gave nothing."""
        if outcome is Outcome.FAILED and not self.unmetered:
            return NOTHING
        return Usage(prompt_tokens=self._prompt, completion_tokens=self.unmetered)

    def _ms(self, moment: float) -> int:
        return int((moment - self._call.started_at) * 1000)

    def _cost(self, usage: Usage) -> int:
        if self._price is None:
            return 0  # own use: nothing was for sale (a sale without a price was refused before)
        try:
            return cost(self._price, usage, size=self.reservation.image_size, quality=self.reservation.image_quality)
        except UnpricedError:
            logger.exception("call %s used what its price does not name, and is booked without it", self._call.id)
            return 0


class _Message(msgspec.Struct, frozen=True):
    content: str | None = None
    tool_calls: msgspec.Raw = msgspec.Raw()


class _Choice(msgspec.Struct, frozen=True):
    message: _Message = _Message()
    text: str = ""


class _Answer(msgspec.Struct, frozen=True):
    choices: tuple[_Choice, ...] = ()


def tokens_of(body: bytes) -> int:
    """Tokens of a whole answer whose engine does not count, from its texts' bytes; 0 where it has none."""
    try:
        choices = msgspec.json.decode(body, type=_Answer).choices
    except msgspec.DecodeError:
        return 0
    sizes = (
        len((choice.message.content or choice.text).encode())
        + (len(bytes(choice.message.tool_calls)) if choice.message.tool_calls else 0)
        for choice in choices
    )
    return sum(-(-size // BYTES_PER_TOKEN) for size in sizes)


class MeteredAnswer:
    """An answer whose last byte leaves only after the call has been settled; streams are marked on their way."""

    def __init__(self, inner: Answer, metering: Metering) -> None:
        self._inner = inner
        self._metering = metering

    @property
    def started(self) -> bool:
        """Whether its head has been sent."""
        return self._inner.started

    @property
    def finished(self) -> bool:
        """Whether its end has been sent."""
        return self._inner.finished

    async def whole(self, status: int, body: bytes, headers: Sequence[Header] = (), content_type: bytes = JSON) -> None:
        """The complete answer at once."""
        metering = self._metering
        metering.note_filtered(body)
        if metering.uncounted:
            metering.unmetered = tokens_of(body)
        metering.settle(Outcome.COMPLETED)
        await self._inner.whole(status, body, headers, content_type)

    async def begin(
        self, status: int = 200, headers: Sequence[Header] = (), content_type: bytes = EVENT_STREAM
    ) -> None:
        """The head of a stream."""
        await self._inner.begin(status, headers, content_type)

    async def write(self, data: bytes) -> None:
        """More of the stream."""
        metering = self._metering
        metering.note_filtered(data)
        if metering.uncounted:
            metering.unmetered += data.count(b"data: {")  # engines send a token an event, or nearly
        if data.endswith(b"data: [DONE]\n\n"):
            metering.settle(Outcome.COMPLETED)
        else:
            metering.tick()
        await self._inner.write(data)

    async def end(self) -> None:
        """The stream is complete."""
        self._metering.settle(Outcome.COMPLETED)
        await self._inner.end()

    def break_off(self) -> None:
        """Drop the reader at once."""
        self._inner.break_off()
