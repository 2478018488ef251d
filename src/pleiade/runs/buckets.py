"""Times counted into buckets, from which quantiles are told: four buckets to each doubling, so within a tenth."""

import math
from collections.abc import Mapping

PER_DOUBLING = 4
MOST = 100  # about seven hours: more is counted there


def bucket_of(ms: int) -> int:
    """The bucket of a time in milliseconds; 0 holds what is below one."""
    return 0 if ms < 1 else min(MOST, 1 + int(PER_DOUBLING * math.log2(ms)))


def bounds_of(bucket: int) -> tuple[float, float]:
    """Where a bucket begins and ends, in milliseconds."""
    return (0.0, 1.0) if bucket == 0 else (2 ** ((bucket - 1) / PER_DOUBLING), 2 ** (bucket / PER_DOUBLING))


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The time that `share` of all observations do not exceed, as if each bucket were filled evenly; None for none."""
    total = sum(counts.values())
    if not total:
        return None
    wanted, seen = share * total, 0
    for bucket in sorted(counts):
        inside = counts[bucket]
        if seen + inside >= wanted:
            low, high = bounds_of(bucket)
            return low + (high - low) * (wanted - seen) / inside
        seen += inside
    return bounds_of(max(counts))[1]
