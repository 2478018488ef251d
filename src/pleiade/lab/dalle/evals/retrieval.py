"""Does a picture find its own caption among others? The measure of alignment, by embeddings of an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

AMONG, SEED = 100, 1
ROUNDING = 1e-6  # of float32 sums: nearer than that is equal


def ranks(
    pictures_NE: Floats, captions_NE: Floats, concepts: Sequence[str], pool_ME: Floats, pool: Sequence[str]
) -> NDArray[np.float64]:
    """How many of AMONG captions are nearer to each picture than its own, 0 for none; all are L2-normalised.

    The others are drawn from captions `pool_ME` of the concepts `pool`, never of the picture's own, and are the same
    for every model. Equals count half, so that pictures that are all alike rank as chance would. Raises ValueError for
    a pool of the picture's own concept alone.
    """
    pool_M, found_N = np.asarray(pool), np.empty(len(concepts))
    for place, concept in enumerate(concepts):
        others = np.flatnonzero(pool_M != concept)
        if not len(others):
            raise ValueError("captions of one concept only: there is nothing to tell it from")
        rng = np.random.default_rng((SEED, place))
        drawn = rng.choice(others, AMONG - 1, replace=len(others) < AMONG - 1)
        further = pool_ME[drawn] @ pictures_NE[place] - captions_NE[place] @ pictures_NE[place]
        found_N[place] = np.sum(further > ROUNDING) + np.sum(np.abs(further) <= ROUNDING) / 2
    return found_N


def recalled(ranks_N: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Which captions are among the first `k`, 1 or 0 each (R@k is the mean); chance is k / AMONG."""
    return (ranks_N < k).astype(np.float64)
