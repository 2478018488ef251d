"""One call, from its first byte to its last: what every stage reads and writes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from pleiade.domain import ANONYMOUS, Principal, Usage

if TYPE_CHECKING:
    from pleiade.domain.price import Price
    from pleiade.gateway.answer import Answer, HttpAnswer
    from pleiade.gateway.batches.house import BatchLine
    from pleiade.gateway.dialects import Dialect
    from pleiade.gateway.directory import Target
    from pleiade.gateway.form import Form
    from pleiade.gateway.routing import Route
    from pleiade.gateway.runs.notes import Notes
    from pleiade.quota import Verdict
    from pleiade.quota.estimate import Estimate

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Body = dict[str, msgspec.Raw]


CLIENT_CLOSED = 499  # nginx's number for a caller that went away; only ever logged and booked


class Counter(Protocol):
    """What counts the tokens of a running stream."""

    @property
    def usage(self) -> Usage | None:
        """All counts so far."""
        ...

    @property
    def completion_tokens(self) -> int:
        """Those of the answer so far."""
        ...


class Call:
    """A request on its way. `body` holds undecoded JSON by key, so what we do not know passes untouched."""

    __slots__ = (
        "aborted",
        "answer",
        "api_version",
        "asked",
        "asked_at",
        "attempts",
        "body",
        "body_read",
        "cost",
        "counter",
        "deadline",
        "dialect",
        "diverted_from",
        "edge",
        "engine_path",
        "error_code",
        "estimate",
        "first_byte_at",
        "first_byte_deadline",
        "form",
        "headers",
        "id",
        "line",
        "model",
        "notes",
        "operation",
        "paid",
        "params",
        "parent",
        "part",
        "parts",
        "path",
        "price",
        "principal",
        "raw",
        "receive",
        "route",
        "scope",
        "started_at",
        "started_time",
        "status",
        "stays",
        "stream",
        "target",
        "task",
        "unsettled",
        "usage",
        "verdicts",
        "watcher",
    )

    def __init__(
        self,
        *,
        id: str,
        route: "Route",
        dialect: "Dialect",
        params: dict[str, str],
        scope: Scope,
        receive: Receive,
        edge: "HttpAnswer",
    ) -> None:
        self.id = id  # 32 hexadecimal digits
        self.route = route
        self.dialect = dialect
        self.params = params  # what the path named: deployment, model, …
        self.scope = scope
        self.receive = receive
        self.edge = edge  # the HTTP answer itself
        self.answer: Answer = edge  # what stages write to; a stage may put a wrapper around it
        self.path: str = scope["raw_path"].decode("latin-1")  # as sent: no line can be forged in a log
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.principal: Principal = ANONYMOUS
        self.api_version = ""  # Azure's, once checked
        self.raw = b""  # the body as it came
        self.body: Body = {}
        self.form: Form | None = None  # the same body, where it came as a form; `body` holds its texts
        self.body_read = scope["method"] in ("GET", "DELETE", "HEAD")
        self.operation = ""  # gen_ai operation name, where a model is called: see pipeline.OPERATIONS
        self.engine_path = ""  # the engine's route, e.g. /chat/completions
        self.model = ""  # the name that the caller used for the model
        self.stream = False
        self.target: Target | None = None  # the endpoint, once resolved
        self.diverted_from: Target | None = None  # the deployment asked for, where its canary answers
        self.stays = False  # its caller may not use the canary's model
        self.usage: Usage | None = None  # cumulative; right even where a stream was cut
        self.counter: Counter | None = None  # counts while a stream runs
        self.attempts = 0  # engines that were asked
        self.asked_at = 0.0  # perf_counter when the first one was
        self.asked: asyncio.Event | None = None  # set when the first one is, for whoever waits for that
        self.parent: Call | None = None  # the one that makes this call on its way
        self.line: BatchLine | None = None  # of a batch, which it answers
        self.paid = False  # of such a line: its answer is written down, and paid for
        self.part = ""  # ".1", ".2", … of a call that another one makes on its way
        self.parts = 0  # how many calls this one has made on its way
        self.estimate: Estimate | None = None  # what it may use, where it is metered
        self.price: Price | None = None  # what it is sold at; None = nothing is paid
        self.verdicts: list[Verdict] = []  # of the limiter, to be corrected by what is used; none = nothing limits it
        self.unsettled: asyncio.Task[None] | None = None  # asks the engine what the call used, which broke off
        self.cost = 0  # nano, once it is settled
        self.notes: Notes | None = None  # for its run
        self.status = 0  # of the answer; CLIENT_CLOSED = the caller went away first
        self.error_code = ""
        self.started_at = time.perf_counter()
        self.started_time = time.time()
        self.first_byte_at = 0.0  # perf_counter when the engine's first token (or whole answer) came
        # Read by pleiade.gateway.watch:
        self.task: asyncio.Task[Any] | None = None
        self.watcher: asyncio.Task[None] | None = None
        self.aborted = ""  # why it was cut short: disconnected, slow_client, timeout, first_byte_timeout, draining
        self.deadline = 0.0  # perf_counter
        self.first_byte_deadline = 0.0

    @property
    def name(self) -> str:
        """The call's own name in the ledger and towards engines: its id, and which part of it this is."""
        return self.id + self.part

    @property
    def cut(self) -> str:
        """Why it, or the call that makes it on its way, was cut short; "" if neither was."""
        return self.aborted or (self.parent.cut if self.parent is not None else "")

    @property
    def usage_now(self) -> Usage | None:
        """Tokens so far, also in the middle of a stream; None where the engine has not told any."""
        return self.usage if self.counter is None else self.counter.usage or self.usage

    @property
    def completion_tokens(self) -> int:
        """Those of the answer so far; cheap enough to ask at every chunk."""
        return 0 if self.counter is None else self.counter.completion_tokens

    def abort(self, reason: str) -> None:
        """Cut the call short: its task is cancelled, and Observe tells the caller, if it still listens."""
        if self.task is not None and not self.edge.finished:
            self.aborted = reason
            self.task.cancel()

    @property
    def query(self) -> bytes:
        """The raw query string."""
        query: bytes = self.scope["query_string"]
        return query
