"""The four picture routes over HTTP, around whatever makes pictures: a queue with an end, and counts."""

import asyncio
import functools
import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pleiade.engines.image_openvino.room import Room
from pleiade.engines.wire.app import Handler
from pleiade.engines.wire.errors import retry_later
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.metrics import SECONDS, Histogram, format_labels, value_lines

if TYPE_CHECKING:
    from pleiade.engines.image_openvino.routes import Route


class PictureThread(Protocol):
    """Where pictures are computed."""

    passes: int  # runs of the network
    rows: int  # pictures predicted in these runs

    def stop(self) -> None:
        """End the thread."""
        ...


class PictureService:
    """What the HTTP surface serves."""

    def __init__(
        self,
        model_id: str,
        studio: Any,
        routes: Mapping[str, "Route[Any]"],
        thread: PictureThread,
        *,
        styles: Sequence[str],
        queue_limit: int,
    ) -> None:
        """`studio`: what the plans of `routes` draw with; `thread`: where it computes."""
        self._id = model_id
        self._most = queue_limit + 1  # one is computed, the others wait
        self._styles = tuple(styles)
        self._studio = studio
        self._thread = thread
        self._room = Room()
        self._created = int(time.time())
        self._open = 0  # requests
        self._finished: deque[float] = deque(maxlen=16)  # when the last requests were answered, time.monotonic()
        self._labels = format_labels({"gen_ai_request_model": model_id})
        self._duration = Histogram("gen_ai_server_request_duration_seconds", "Arrival to answer.", SECONDS)
        self._outcomes = {"ok": 0, "error": 0, "cancelled": 0, "rejected": 0}
        self.posts: Mapping[str, Handler] = {
            path: functools.partial(self._serve, route) for path, route in routes.items()
        }

    async def _serve(self, route: "Route[Any]", exchange: Exchange) -> None:
        from pleiade.engines.image_openvino.answering import respond  # late, as what it works with

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
        task = asyncio.ensure_future(respond(self._studio, route, exchange, self._styles, self._room))
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
        lines = self._duration.lines(self._labels)
        lines += [
            "# HELP pleiade_engine_requests_total Requests by outcome.",
            "# TYPE pleiade_engine_requests_total counter",
        ]
        for outcome, count in self._outcomes.items():
            lines.append(f'pleiade_engine_requests_total{{{self._labels},outcome="{outcome}"}} {count}')
        for name, help, kind, value in (
            ("waiting", "Requests not yet complete.", "gauge", self._open),
            ("passes_total", "Runs of the picture network.", "counter", self._thread.passes),
            ("predictions_total", "Pictures predicted in these runs.", "counter", self._thread.rows),
        ):
            lines += value_lines(f"pleiade_engine_{name}", help, kind, value, self._labels)
        return "\n".join(lines) + "\n"

    def close(self) -> None:
        """Stop the thread."""
        self._thread.stop()
