"""The gateway as an ASGI application: its parts, how they start and stop, and where every request enters."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import aiohttp

from pleiade.domain import Endpoint
from pleiade.gateway.answer import HttpAnswer, Send
from pleiade.gateway.batches.house import House
from pleiade.gateway.call import Call, Receive, Scope
from pleiade.gateway.commerce import Commerce
from pleiade.gateway.directory import Directory
from pleiade.gateway.followed import Followed
from pleiade.gateway.keys import DatabaseKeys, KeyRing, KeySource
from pleiade.gateway.metrics import Metrics
from pleiade.gateway.pipeline import (
    CONTRACT_EDGE,
    EDGE,
    Room,
    answer_reached,
    fold,
    model_stages,
    run_handler,
)
from pleiade.gateway.request_log import RequestLog
from pleiade.gateway.routes.edits import edit_routes
from pleiade.gateway.routes.inference import inference_routes
from pleiade.gateway.routes.models import model_routes
from pleiade.gateway.routes.probes import probe_routes
from pleiade.gateway.routing import Route, Router
from pleiade.gateway.tracing import OtlpTracer, Tracer
from pleiade.gateway.watch import Watch
from pleiade.settings import Settings

if TYPE_CHECKING:
    from pleiade.gateway.runs.recorder import Recorder
    from pleiade.gateway.signin.bearers import Bearers
    from pleiade.gateway.stored.archive import Archive
    from pleiade.safety.protected import ProtectedIndex

logger = logging.getLogger(__name__)

# Shorter than the keep-alive of any engine (uvicorn's is 5 s), or a request may meet a connection that just closed.
_KEEP_ALIVE_S = 4.0
SHARE_S = 0.5


DeleteModel = Callable[[Call, Endpoint], Awaitable[None]]


class Gateway:
    """One gateway process. Build it with `create_app`; an ASGI server runs it, `lifespan` included."""

    def __init__(
        self,
        settings: Settings,
        keys: KeyRing,
        directory: Directory,
        request_log: RequestLog,
        rooms: Sequence[Room],
        commerce: Commerce | None = None,
        house_token: str = "",
    ) -> None:
        self.settings = settings
        self.keys = keys
        self.directory = directory
        self.request_log = request_log
        self.metrics = Metrics()
        self.bearers: Bearers | None = None  # set by the room of signing in: tokens and sessions are taken then
        self.house = House(house_token, keys)
        self.line_archive: Archive | None = None  # set by the room of batches: answers to their lines are kept there
        self.delete_model: DeleteModel | None = None  # set by the room of fine-tuning: projects delete what they made
        self.recorder: Recorder | None = None  # set by the room of runs: calls leave a record then
        self.protected: Followed[ProtectedIndex] | None = None  # set by the room of filters: what must not be repeated
        self.tracer: Tracer | None = OtlpTracer(settings.otlp_endpoint) if settings.otlp_endpoint else None
        self.watch = Watch(settings)
        self.commerce = commerce
        self.session: aiohttp.ClientSession  # opened at start: it belongs to the event loop
        self.model = fold(model_stages(rooms, metered=commerce is not None), answer_reached, self)
        self._edge = fold(CONTRACT_EDGE if settings.contract else EDGE, run_handler, self)
        self._rooms = tuple(rooms)
        self._random = random.Random(random.SystemRandom().getrandbits(64))  # request ids: unique, not secret
        self._share_task: asyncio.Task[None] | None = None
        routes: list[Route] = []
        for build in (inference_routes, model_routes, edit_routes, probe_routes):
            routes += build(self)
        for room in self._rooms:
            routes += room.routes
        self.routes = tuple(routes)
        self._router = Router(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._lifespan(receive, send)
            return
        match = self._router.match(scope["method"], scope["raw_path"].decode("latin-1"))
        number = f"{self._random.getrandbits(128):032x}"
        call = Call(
            id=number,
            route=match.route,
            dialect=match.dialect,
            params=match.params,
            scope=scope,
            receive=receive,
            edge=HttpAnswer(send, number),
        )
        await self._edge(call)

    async def start(self) -> None:
        """Load keys and endpoints, open the client session, start what runs beside. Raises as they do."""
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10.0),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
        )
        await self.keys.start()
        await self.directory.start()
        if self.commerce is not None:
            await self.commerce.start()
        self.watch.start()
        self.request_log.start()
        self._share_task = asyncio.create_task(self._share_metrics())
        for room in self._rooms:
            await room.start(self)

    async def stop(self) -> None:
        """Stop everything that `start` started, in reverse."""
        for room in reversed(self._rooms):
            await room.stop()
        if self._share_task is not None:
            self._share_task.cancel()
            await asyncio.gather(self._share_task, return_exceptions=True)
            self.metrics.share()
        await self.watch.stop()
        if self.commerce is not None:
            await self.commerce.stop()
        await self.directory.stop()
        await self.keys.stop()
        await self.session.close()
        await self.request_log.stop()
        if self.tracer is not None:
            await asyncio.to_thread(self.tracer.stop)

    def count_now(self) -> None:
        """Bring the gauges up to date."""
        self.metrics.in_flight = len(self.watch.calls)
        if self.recorder is not None:
            self.metrics.flights = self.recorder.flights_now()
        if self.commerce is not None:
            self.metrics.open_calls = self.commerce.journal.open_calls
            self.metrics.ledger_stuck = int(bool(self.commerce.journal.trouble))

    async def _share_metrics(self) -> None:
        """Let the other gateways know what this one counted, so that any of them can tell all."""
        while True:
            self.count_now()
            try:
                self.metrics.share()
            except OSError as error:
                logger.warning("metrics cannot be shared: %s", error)
            await asyncio.sleep(SHARE_S)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        message: MutableMapping[str, Any] = await receive()
        try:
            await self.start()
        except Exception as error:
            logger.exception("the gateway cannot start")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        while message["type"] != "lifespan.shutdown":
            message = await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})


def create_app(
    settings: Settings,
    *,
    keys: KeySource | None = None,
    directory: Directory | None = None,
    request_log: RequestLog | None = None,
    rooms: Sequence[Room] = (),
    commerce: Commerce | None = None,
    house_token: str = "",
) -> Gateway:
    """A gateway for `settings`.

    By default keys come from the settings' database and endpoints from HOME/run/endpoints.json; tests and
    embedders pass their own. `rooms` bring further routes; without `commerce` calls are neither limited nor metered.
    Who shows `house_token` acts for others: our own runner of jobs.
    """
    return Gateway(
        settings,
        KeyRing(keys if keys is not None else DatabaseKeys(settings.database)),
        directory if directory is not None else Directory(settings.home_path / "run" / "endpoints.json"),
        request_log if request_log is not None else RequestLog(text=settings.log_format == "text"),
        rooms,
        commerce,
        house_token,
    )
