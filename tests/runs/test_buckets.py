"""Quantiles from buckets are near the real ones."""

import statistics

from hypothesis import given
from hypothesis import strategies as st

from pleiade.runs.buckets import MOST, bounds_of, bucket_of, quantile


@given(st.integers(0, 2**40))
def test_a_time_lies_within_its_bucket(ms: int) -> None:
    bucket = bucket_of(ms)
    low, high = bounds_of(bucket)
    assert low <= ms + 1e-6
    assert ms < high + 1e-6 or bucket == MOST


@given(st.lists(st.integers(1, 10_000_000), min_size=1, max_size=200), st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_within_a_bucket_of_the_real_one(times: list[int], share: float) -> None:
    counts: dict[int, int] = {}
    for ms in times:
        counts[bucket_of(ms)] = counts.get(bucket_of(ms), 0) + 1
    told = quantile(counts, share)
    real = sorted(times)[max(0, -(-int(share * 1000) * len(times) // 1000) - 1)]
    assert told is not None
    assert real / 1.2 - 1 <= told <= real * 1.2 + 1


def test_the_median_of_even_times_is_told_closely() -> None:
    times = range(100, 2000)
    counts: dict[int, int] = {}
    for ms in times:
        counts[bucket_of(ms)] = counts.get(bucket_of(ms), 0) + 1
    told = quantile(counts, 0.5)
    assert told is not None
    assert abs(told / statistics.median(times) - 1) < 0.02
    assert quantile({}, 0.5) is None
