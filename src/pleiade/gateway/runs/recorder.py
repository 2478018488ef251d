"""The stage that sees every call of a model, and the record that stays of a call when it is over."""

from collections.abc import Awaitable, Callable, Sequence

from pleiade.gateway.answer import EVENT_STREAM, JSON, Answer
from pleiade.gateway.call import CLIENT_CLOSED, Call
from pleiade.gateway.errors import Header
from pleiade.gateway.metrics_files import Flights
from pleiade.gateway.runs.notes import Notes, root_of
from pleiade.runs import Part, Run
from pleiade.runs.nouns import Outcome
from pleiade.runs.spool import Spool

MOST_BYTES = 256_000  # of a request and of an answer that are looked at; less is kept (pleiade.runs.redaction)


class Recorder:
    """Who is being answered now, and a run for each call that is over."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.contents = False  # whether what is said is kept, too; calls that begin later heed a change
        self.flights: set[Call] = set()  # calls of models, those made on the way of others too

    def note(self, call: Call, seconds: float) -> None:
        """Record a call that is over, if it came as far as a model's route."""
        principal = call.principal
        if not call.operation or not principal.organisation:
            return
        notes, target, usage, started = call.notes, call.target, call.usage, call.started_at
        asked = notes.asked_at if notes is not None else 0.0
        self.spool.add(
            Run(
                "run_" + (notes.response[5:] if notes is not None and notes.response else call.id),
                int(call.started_time * 1000),
                principal.organisation,
                principal.project,
                principal.key,
                principal.user,
                call.route.path.partition("#")[0],
                call.operation,
                target.endpoint.deployment if target is not None else call.model,
                target.endpoint.model if target is not None else "",
                call.status,
                outcome_of(call),
                call.error_code or call.aborted,
                call.stream,
                usage.prompt_tokens if usage is not None else 0,
                usage.completion_tokens if usage is not None else 0,
                usage.cached_tokens if usage is not None else 0,
                usage.images if usage is not None else 0,
                call.cost,
                call.price.currency if call.price is not None else "",
                int((asked - started) * 1000) if asked else 0,
                int((call.first_byte_at - started) * 1000) if call.first_byte_at else 0,
                int(seconds * 1000),
                notes.response if notes is not None else "",
                notes.chat if notes is not None else "",
                tuple(notes.parts) if notes is not None else (),
            )
        )

    def flights_now(self) -> list[Flights]:
        """Calls in flight, by project and deployment."""
        counts: dict[tuple[str, str, str], list[int]] = {}
        for call in tuple(self.flights):
            deployment = call.target.endpoint.deployment if call.target is not None else call.model
            place = (call.principal.organisation, call.principal.project, deployment)
            counts.setdefault(place, [0, 0])[1 if call.first_byte_at else 0] += 1
        return [Flights(*place, waiting, running) for place, (waiting, running) in counts.items()]

    def stage(self, next: Callable[[Call], Awaitable[None]], _: object) -> Callable[[Call], Awaitable[None]]:
        """The stage after Resolve."""
        return _Recorded(next, self)


def outcome_of(call: Call) -> Outcome:
    """How a call ended, in one word."""
    if call.aborted in ("disconnected", "cancelled") or call.status == CLIENT_CLOSED:
        return "cancelled"
    if call.aborted or call.status >= 500 or (call.error_code and call.status < 400):  # a broken stream began with 200
        return "failed"
    return "refused" if call.status >= 400 else "completed"


class _Recorded:
    """Counts a call among those in flight; where contents are kept, listens to what is said."""

    def __init__(self, next: Callable[[Call], Awaitable[None]], recorder: Recorder) -> None:
        self._next = next
        self._recorder = recorder
        self._flights = recorder.flights

    async def __call__(self, call: Call) -> None:
        """Raises what follows raises."""
        root = root_of(call)
        notes = root.notes
        if notes is None:
            notes = root.notes = Notes()
        self._flights.add(call)
        try:
            if self._recorder.contents and not notes.private:
                await self._listened(call, notes)
            else:
                await self._next(call)
        finally:
            self._flights.discard(call)
            notes.asked_at = notes.asked_at or call.asked_at

    async def _listened(self, call: Call, notes: Notes) -> None:
        inner = call.answer
        call.answer = ear = _Ear(inner)
        asked = b"" if call.form is not None else call.raw
        try:
            await self._next(call)
        finally:
            call.answer = inner
            cut = len(asked) > MOST_BYTES or ear.cut
            notes.parts.append(Part(asked[:MOST_BYTES], b"".join(ear.heard), ear.stream, cut))


class _Ear:
    """An answer that remembers its beginning."""

    def __init__(self, inner: Answer) -> None:
        self._inner = inner
        self._room = MOST_BYTES
        self.heard: list[bytes] = []
        self.stream = False
        self.cut = False

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
        self._hear(body)
        await self._inner.whole(status, body, headers, content_type)

    async def begin(
        self, status: int = 200, headers: Sequence[Header] = (), content_type: bytes = EVENT_STREAM
    ) -> None:
        """The head of a stream."""
        self.stream = True
        await self._inner.begin(status, headers, content_type)

    async def write(self, data: bytes) -> None:
        """More of the stream."""
        self._hear(data)
        await self._inner.write(data)

    async def end(self) -> None:
        """The stream is complete."""
        await self._inner.end()

    def break_off(self) -> None:
        """Drop the reader at once."""
        self._inner.break_off()

    def _hear(self, data: bytes) -> None:
        if len(data) > self._room:
            self.cut = True
            data = data[: self._room]
        if data:
            self._room -= len(data)
            self.heard.append(data)
