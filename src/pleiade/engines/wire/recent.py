"""What recent requests used, by the id that their caller gave them: for whoever was cut off before the answer."""

from collections import OrderedDict

from pleiade.engines.wire.sse import UsageCounter

KEPT = 4096  # requests; an id is asked for within seconds of its request's end
_LONGEST_ID = 128  # bytes


class RecentUsage:
    """The counters of the last requests that carried an `x-request-id`; a running one goes on counting."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._counters: OrderedDict[bytes, UsageCounter] = OrderedDict()

    def note(self, request: bytes, usage: UsageCounter) -> None:
        """Remember that `request` counts with `usage`; the oldest one is forgotten for it."""
        if not request or len(request) > _LONGEST_ID:
            return
        self._counters[request] = usage
        self._counters.move_to_end(request)
        if len(self._counters) > self._kept:
            self._counters.popitem(last=False)

    def find(self, request: bytes) -> UsageCounter | None:
        """The counter of a request; None where it was never counted, or is forgotten."""
        return self._counters.get(request)
