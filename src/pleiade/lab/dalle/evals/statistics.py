"""A number with what chance may have added to it: bootstrap intervals over items."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import ArrayLike

DRAWS, SEED = 1000, 1


class Estimate(msgspec.Struct, frozen=True):
    """A mean of `count` items with the ends of its 95 % interval; equal to the mean where no interval is known."""

    value: float
    low: float
    high: float
    count: int


def mean(values: ArrayLike) -> Estimate:
    """The mean of a value an item (shares: 0 and 1), its interval by 1,000 redraws of the items, always the same ones.

    Raises ValueError for no items.
    """
    values_N = np.asarray(values, dtype=np.float64)
    if values_N.size == 0:
        raise ValueError("no items to take the mean of: paint some first")
    redrawn = np.random.default_rng(SEED).integers(0, len(values_N), (DRAWS, len(values_N)))
    low, high = np.percentile(values_N[redrawn].mean(axis=1), (2.5, 97.5))
    return Estimate(float(values_N.mean()), float(low), float(high), len(values_N))


def exactly(value: float, count: int) -> Estimate:
    """A number without an interval."""
    return Estimate(value, value, value, count)
