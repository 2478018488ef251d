"""One HTTP request inside the engine: its sequences, the text they have shown, and how they ended.

Events come from the scheduler's thread once per step and are handed to the event loop in one piece (`Events`).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from pleiade.engines.text_openvino.answers.detokenise import Detokeniser
from pleiade.engines.text_openvino.answers.stopping import StopStrings
from pleiade.engines.text_openvino.generation import (
    GenerationRequest,
    QueueFull,
    TextEngine,
    TokenEvent,
    TokenLogprobs,
)
from pleiade.engines.wire.errors import ApiError, internal, queue_full, retry_later
from pleiade.engines.wire.sse import UsageCounter

log = logging.getLogger("pleiade.engine")

MAX_IN_FLIGHT = 32  # of the prompts of one request: a large batch must leave room in the queue for others
RESUBMIT_S = 0.02  # between two tries to queue the further prompts of a request
WRITE_EVERY_S = 0.02  # per stream, between its first and its last bytes

Scored = tuple[int, TokenLogprobs]  # character offset in the sequence's text, log-probabilities of the token there


class Choice:
    """One sequence: its text so far, without what a stop string may still claim."""

    __slots__ = (
        "_complete",
        "_detokeniser",
        "_scored",
        "_stops",
        "finish",
        "fresh",
        "fresh_scored",
        "index",
        "length",
        "logprob_sum",
        "parts",
        "prompt_logprobs",
        "shown",
        "tokens",
    )

    def __init__(self, index: int, detokeniser: Detokeniser, stops: Sequence[str]) -> None:
        self.index = index
        self.finish: str | None = None
        self.fresh: list[str] = []  # text since the last flush
        self.fresh_scored: list[Scored] = []
        self.parts: list[str] = []  # all text, for answers that are sent whole
        self.shown = 0  # characters
        self.length = 0  # characters detokenised, shown or held back
        self.tokens = 0
        self.logprob_sum = 0.0
        self.prompt_logprobs: tuple[TokenLogprobs | None, ...] | None = None
        self._complete = False
        self._detokeniser = detokeniser
        self._stops = StopStrings(stops) if stops else None
        self._scored: list[Scored] = []

    def ended(self) -> bool:
        """True once it has its finish reason."""
        return self.finish is not None

    def take(self, token: int, logprobs: TokenLogprobs | None) -> None:
        """A token of the text."""
        text = self._detokeniser.push(token)
        if logprobs is not None:
            self._scored.append((self.length, logprobs))
            self.logprob_sum += logprobs.logprob
        self._show(text)

    def end(self, finish: str) -> None:
        """The sequence is complete; text that was held back is shown."""
        if self._complete:
            return
        self._complete = True
        self._show(self._detokeniser.end())
        if not self.ended():
            if self._stops is not None:
                self._add(self._stops.end())
            self.finish = finish
        self.fresh_scored += self._scored
        self._scored = []

    def _show(self, text: str) -> None:
        self.length += len(text)
        if self._stops is not None:
            text, found = self._stops.push(text)
            self._add(text)
            if found:
                self.finish = "stop"
                self._scored = [scored for scored in self._scored if scored[0] < self.shown]
        elif text:
            self._add(text)
        if self._scored:
            ready = [scored for scored in self._scored if scored[0] < self.shown]
            self.fresh_scored += ready
            self._scored = self._scored[len(ready) :]

    def _add(self, text: str) -> None:
        if text:
            self.fresh.append(text)
            self.shown += len(text)

    def flush(self) -> tuple[str, list[Scored]]:
        """Text and log-probabilities since the last flush."""
        text, scored = "".join(self.fresh), self.fresh_scored
        self.fresh, self.fresh_scored = [], []
        return text, scored


class Call:
    """All sequences of one HTTP request. Everything happens in the event loop; only `Events` crosses threads."""

    def __init__(
        self,
        engine: TextEngine,
        events: "Events",
        requests: Sequence[GenerationRequest],
        choices: Sequence[Choice],
        usage: UsageCounter,
        render: Callable[[Choice], bytes] | None,
    ) -> None:
        """`choices` holds, request after request, `n` choices each. `render` makes the stream's bytes of what is
        new in a choice; None keeps the text in the choices until the end.
        """
        self._engine = engine
        self._events = events
        self._waiting = list(requests)
        self._choices: dict[str, Sequence[Choice]] = {}
        self._requests: dict[str, GenerationRequest] = {}
        at = 0
        for request in requests:
            self._choices[request.id] = choices[at : at + request.n]
            at += request.n
        self._open = len(choices)
        self._in_flight = 0  # requests submitted and not ended
        self._usage = usage
        self._cached: dict[str, int] = {}
        self._render = render
        self._changed: dict[int, Choice] = {}
        self._out: list[bytes] = []
        self._begun = False  # something of the stream has been taken
        self._loop = asyncio.get_running_loop()
        self._wake: asyncio.Future[None] = self._loop.create_future()
        self.error: ApiError | None = None
        self.aborted = False
        self.started_at = time.monotonic()
        self.first_token_at = 0.0

    @property
    def done(self) -> bool:
        """True once every sequence has ended, or the call has failed or was given up."""
        return self._open == 0 or self.error is not None or self.aborted

    def start(self) -> None:
        """Submit to the scheduler. Raises ApiError 429 where not even the first prompt finds a place."""
        self._submit()
        if not self._requests and self._waiting:
            raise queue_full()

    def _submit(self) -> None:
        """Submit prompts as long as the queue takes them; the others follow when it has room."""
        while self._waiting and self._in_flight < MAX_IN_FLIGHT:
            request = self._waiting[0]
            self._events.listen(request.id, self)
            try:
                self._engine.submit(request)
            except QueueFull:
                self._events.forget(request.id)
                if self._requests and not self._in_flight:  # others took the places that ours left: ask again
                    self._loop.call_later(RESUBMIT_S, self._resubmit)
                return
            except ValueError as error:
                self._events.forget(request.id)
                self._fail(ApiError(400, str(error), code="invalid_value"))
                return
            self._requests[request.id] = self._waiting.pop(0)
            self._in_flight += 1

    def _resubmit(self) -> None:
        if not self.done:
            self._submit()

    def feed(self, event: TokenEvent) -> None:
        """One event of one of the sequences."""
        request = self._requests.get(event.request)
        if request is None or self.done:
            return
        choice = self._choices[event.request][event.index]
        if event.cached_tokens:
            self._cached[event.request] = max(event.cached_tokens, self._cached.get(event.request, 0))
            self._usage.set_cached(sum(self._cached.values()))
        if event.prompt_logprobs is not None:
            choice.prompt_logprobs = event.prompt_logprobs
        if choice.ended():
            return
        if event.token >= 0:
            if not self.first_token_at:
                self.first_token_at = time.monotonic()
            self._usage.completion += 1
            choice.tokens += 1
            if request.ignore_stop_tokens or event.token not in request.stop_tokens:
                choice.take(event.token, event.logprobs)
        if event.finish is not None:
            if event.finish not in ("stop", "length"):
                self._fail(_failure(event))
                return
            choice.end(event.finish)
        elif choice.ended():  # a stop string: the engine does not know
            choice.end("stop")
            self._engine.cancel(event.request, event.index)
        self._changed[id(choice)] = choice
        if choice.ended():
            self._close(event.request)

    def _close(self, request: str) -> None:
        """A sequence has ended; forget its request once all of its sequences have."""
        self._open -= 1
        if all(choice.ended() for choice in self._choices[request]):
            self._events.forget(request)
            self._in_flight -= 1
            self._submit()

    def flush(self) -> bool:
        """After the events of one step: make the stream's bytes. True where they must go out at once."""
        changed, self._changed = self._changed, {}
        if self._render is None:
            return self.done
        for choice in changed.values():
            try:
                data = self._render(choice)
            except Exception as error:  # as in Events: only this call is broken
                self.crash(error)
                break
            if data:
                self._out.append(data)
        return self.done or (bool(self._out) and not self._begun)

    @property
    def pending(self) -> bool:
        """True where bytes of the stream wait to be sent."""
        return bool(self._out)

    def wake(self) -> None:
        """Let whoever sends this call's bytes go on."""
        if not self._wake.done():
            self._wake.set_result(None)

    async def next(self) -> bytes:
        """The stream's bytes since the last call; waits for some, or for the end."""
        if not self.done:
            await self._wake
            self._wake = self._loop.create_future()
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        self._begun = True
        return data

    async def complete(self) -> None:
        """Wait for the end. Raises ApiError where the call failed."""
        if not self.done:
            await self._wake
        if self.error is not None:
            raise self.error

    def abort(self) -> None:
        """The client has left: free everything at once."""
        if not self.done:
            self.aborted = True
            self._release()
            self.wake()

    def crash(self, error: Exception) -> None:
        """Our own fault: end the call with status 500 and put the trace into the log."""
        log.error("an answer could not be made", exc_info=error)
        self._fail(internal("The engine failed unexpectedly; its log says why."))

    def _fail(self, error: ApiError) -> None:
        if self.error is None:
            self.error = error
            self._release()
            self.wake()

    def _release(self) -> None:
        self._waiting.clear()
        for request, choices in self._choices.items():
            if request in self._requests and not all(choice.ended() for choice in choices):
                self._engine.cancel(request)
            self._events.forget(request)


def _failure(event: TokenEvent) -> ApiError:
    """Why a sequence ended that was not complete."""
    if event.finish == "deadline":
        message = "The answer took longer than this engine allows; ask for fewer tokens or raise its time limit."
        return ApiError(504, message, kind="server_error", code="deadline_exceeded")
    if event.finish == "cancelled":
        message = "The engine is stopping. Retry after 2 seconds."
        return retry_later(503, message, seconds=2, code="draining", kind="server_error")
    return internal(event.error or "The engine could not continue this answer.")


class Events:
    """The bridge from the scheduler's thread to the event loop: one hand-over per step, however many the calls.

    A stream's first bytes and its last go out at once; those between at most every WRITE_EVERY_S, several chunks in
    one write. Nobody sees 20 ms, and sending costs the processor more than everything else about a chunk.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: dict[str, Call] = {}
        self._held: dict[int, Call] = {}  # with bytes that wait for the next write
        self._next_write = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def listen(self, request: str, call: Call) -> None:
        """Give the events of `request` to `call`."""
        self._calls[request] = call

    def forget(self, request: str) -> None:
        """Drop later events of `request`."""
        self._calls.pop(request, None)

    def sink(self, events: Sequence[TokenEvent]) -> None:
        """For the scheduler's thread: the events of one step."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, tuple(events))

    def _deliver(self, events: Sequence[TokenEvent]) -> None:
        calls = self._calls
        touched: dict[int, Call] = {}
        for event in events:
            call = calls.get(event.request)
            if call is not None:
                touched[id(call)] = call
                try:
                    call.feed(event)
                except Exception as error:  # one broken call must not take the others' events with it
                    call.crash(error)
        for number, call in touched.items():
            if call.flush():
                self._held.pop(number, None)
                call.wake()
            elif call.pending:
                self._held[number] = call
        if self._held:
            now = self._loop.time()
            if now >= self._next_write:
                self._write(now)
            elif self._timer is None:
                self._timer = self._loop.call_at(self._next_write, self._write_late)

    def _write_late(self) -> None:
        self._timer = None
        self._write(self._loop.time())

    def _write(self, now: float) -> None:
        self._next_write = now + WRITE_EVERY_S
        held, self._held = self._held, {}
        for call in held.values():
            call.wake()
