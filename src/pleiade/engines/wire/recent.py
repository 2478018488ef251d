"""What requests used, by the id that their caller gave them: for whoever was cut off before the answer."""

from collections import OrderedDict

from pleiade.engines.wire.sse import UsageCounter

KEPT = 4096  # requests that ended; an id is asked for within seconds of its request's end
_LONGEST_ID = 128  # bytes


class RecentUsage:
    """The counters of requests that carry an `x-request-id`: of all that run, and of the last ones that ended."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._running: dict[bytes, UsageCounter] = {}
        self._ended: OrderedDict[bytes, UsageCounter] = OrderedDict()

    def note(self, request: bytes, usage: UsageCounter) -> None:
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

    def find(self, request: bytes) -> UsageCounter | None:
        """The counter of a request; None where it was never counted, or is forgotten."""
        return self._running.get(request) or self._ended.get(request)
