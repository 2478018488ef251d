"""What requests used can be asked for while they run, and for a while after."""

from pleiade.engines.wire.recent import RecentUsage
from pleiade.engines.wire.sse import UsageCounter


def test_a_request_that_runs_is_never_forgotten_and_an_ended_one_for_later_ones() -> None:
    recent = RecentUsage(kept=2)
    long = UsageCounter(7)
    recent.note(b"long", long)
    for number in range(10):
        recent.note(b"short %d" % number, UsageCounter(1))
        recent.end(b"short %d" % number)
    assert recent.find(b"long") is long
    assert recent.find(b"short 9") is not None
    assert recent.find(b"short 0") is None
    recent.end(b"long")
    assert recent.find(b"long") is long


def test_an_id_that_comes_twice_counts_the_later_request() -> None:
    recent = RecentUsage()
    first, second = UsageCounter(1), UsageCounter(2)
    recent.note(b"same", first)
    recent.end(b"same")
    recent.note(b"same", second)
    assert recent.find(b"same") is second
    recent.end(b"same")
    assert recent.find(b"same") is second
    recent.end(b"never noted")
    assert recent.find(b"never noted") is None
