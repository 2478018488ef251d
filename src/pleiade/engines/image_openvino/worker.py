"""The picture worker: loads a model and answers the four picture routes over HTTP."""

import asyncio
import functools
import logging
import math
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from pleiade.engines.image_openvino.folder import AGAIN, PixConfig, graph_paths, read_config, verify_graphs
from pleiade.engines.wire.app import Handler
from pleiade.engines.wire.errors import retry_later
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.metrics import SECONDS, Histogram, format_labels, value_lines
from pleiade.engines.wire.serve import LoadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pleiade.engines.image_openvino.scheduler import Scheduler
    from pleiade.engines.image_openvino.studio import Studio

log = logging.getLogger("pleiade.engine")


class ImageOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is served: the command line of `python -m pleiade.engines.image_openvino`."""

    model: str  # folder
    model_id: str
    precision: Literal["bf16", "f32"] = "bf16"
    max_batch: int = 4  # pictures of one pass of the network
    queue_limit: int = 32  # requests that may wait
    threads: int = 0  # 0 = the runtime's own choice
    sha256: str = ""  # of the graphs' listing; empty = only the folder's own SHA256SUMS is asked


class ImageService:
    """What the HTTP surface serves."""

    def __init__(self, options: ImageOptions, config: PixConfig, studio: "Studio", scheduler: "Scheduler") -> None:
        from pleiade.engines.image_openvino.routes import ROUTES

        self._id = options.model_id
        self._most = options.queue_limit + 1  # one is computed, the others wait
        self._styles = config.styles
        self._studio = studio
        self._scheduler = scheduler
        self._created = int(time.time())
        self._open = 0  # requests
        self._finished: deque[float] = deque(maxlen=16)  # when the last requests were answered, time.monotonic()
        self._labels = format_labels({"gen_ai_request_model": options.model_id})
        self._duration = Histogram("gen_ai_server_request_duration_seconds", "Arrival to answer.", SECONDS)
        self._outcomes = {"ok": 0, "error": 0, "cancelled": 0, "rejected": 0}
        self.posts: Mapping[str, Handler] = {path: functools.partial(self._serve, path) for path in ROUTES}

    async def _serve(self, path: str, exchange: Exchange) -> None:
        from pleiade.engines.image_openvino.answering import respond
        from pleiade.engines.image_openvino.routes import ROUTES

        if self._open >= self._most:
            self._outcomes["rejected"] += 1
            seconds = self._until_free()
            raise retry_later(
                429,
                f"The engine's queue is full. Retry after {seconds} s, or add capacity.",
                seconds=seconds,
                code="rate_limit_exceeded",
                kind="requests",
            )
        began, outcome = time.monotonic(), "error"
        self._open += 1
        task = asyncio.ensure_future(respond(self._studio, ROUTES[path], exchange, self._styles))
        exchange.when_client_leaves(task.cancel)
        try:
            await task
            outcome = "ok"
        except asyncio.CancelledError:
            outcome = "cancelled"
            if not exchange.closed:
                raise
        finally:
            task.cancel()
            self._open -= 1
            self._outcomes[outcome] += 1
            if outcome == "ok":
                now = time.monotonic()
                self._duration.observe(now - began)
                self._finished.append(now)

    def _until_free(self) -> int:
        """Seconds until a place in the queue may be free: the mean time between the last answers, 1 to 60."""
        if len(self._finished) < 2:
            return 1
        return min(60, max(1, math.ceil((self._finished[-1] - self._finished[0]) / (len(self._finished) - 1))))

    def models(self) -> list[dict[str, object]]:
        """The one model, with the styles that it knows."""
        return [
            {
                "id": self._id,
                "object": "model",
                "created": self._created,
                "owned_by": "pleiade",
                "styles": list(self._styles),
            }
        ]

    def metrics(self) -> str:
        """Durations, outcomes, the queue and the network's passes."""
        scheduler = self._scheduler
        lines = self._duration.lines(self._labels)
        lines += [
            "# HELP pleiade_engine_requests_total Requests by outcome.",
            "# TYPE pleiade_engine_requests_total counter",
        ]
        for outcome, count in self._outcomes.items():
            lines.append(f'pleiade_engine_requests_total{{{self._labels},outcome="{outcome}"}} {count}')
        for name, help, kind, value in (
            ("waiting", "Requests not yet complete.", "gauge", self._open),
            ("passes_total", "Runs of the picture network.", "counter", scheduler.passes),
            ("predictions_total", "Pictures predicted in these runs.", "counter", scheduler.rows),
        ):
            lines += value_lines(f"pleiade_engine_{name}", help, kind, value, self._labels)
        return "\n".join(lines) + "\n"

    def close(self) -> None:
        """Stop the scheduler."""
        self._scheduler.stop()


def load(options: ImageOptions, loop: asyncio.AbstractEventLoop) -> ImageService:
    """Check the folder, load its graphs and tokenizer. Raises LoadError, with what to do."""
    began = time.monotonic()
    folder = Path(options.model)
    config = read_config(folder)
    paths = graph_paths(folder, config.files)
    verify_graphs(folder, paths, options.sha256)
    # Imported here: the runtime takes a fifth of a second, and the worker should listen before that.
    from pleiade.engines.image_openvino.networks import Networks
    from pleiade.engines.image_openvino.prompts import load_tokenizer
    from pleiade.engines.image_openvino.scheduler import Scheduler
    from pleiade.engines.image_openvino.studio import Studio

    tokenizer = load_tokenizer(folder)
    try:
        networks = Networks(
            folder, config, precision=options.precision, max_batch=options.max_batch, threads=options.threads
        )
    except (RuntimeError, KeyError) as error:
        raise LoadError(f"the graphs in {folder} cannot be run ({_first_line(error)}): {AGAIN}") from error
    scheduler = Scheduler(networks, loop=loop)
    log.info("%s ready after %.1f s", options.model_id, time.monotonic() - began)
    return ImageService(options, config, Studio(scheduler, config, tokenizer), scheduler)


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
