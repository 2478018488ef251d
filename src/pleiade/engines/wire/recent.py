"""What requests used, by the id that their caller gave them: for whoever was cut off before the answer."""

from collections import OrderedDict
from typing import Any, Protocol

KEPT = 4096  # requests that ended; an id is asked for within seconds of its request's end
_LONGEST_ID = 128  # bytes


class Counter(Protocol):
    """Counts what one request uses: tokens (sse.py) or pictures (images/counting.py)."""

    def as_object(self) -> dict[str, Any]:
        """The `usage` object of this moment."""
        ...


class RecentUsage:
    """The counters of requests that carry an `x-request-id`: of all that run, and of the last ones that ended."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._running: dict[bytes, Counter] = {}
        self._ended: OrderedDict[bytes, Counter] = OrderedDict()

    def note(self, request: bytes, usage: Counter) -> None:
        """Remember that `request` counts with `usage` from now on."""
        if request and len(request) <= _LONGEST_ID:
            self._running[request] = usage

    def end(self, request: bytes) -> None:
        """The request is over: it is forgotten once enough others have ended after it."""
        usage = self._running.pop(request, None)
        if usage is None:
            return
        self._ended[request] = usage
        self._ended.move_to_end(request)
        if len(self._ended) > self._kept:
            self._ended.popitem(last=False)

    def find(self, request: bytes) -> Counter | None:
        """The counter of a request; None where it was never counted, or is forgotten."""
        return self._running.get(request) or self._ended.get(request)
