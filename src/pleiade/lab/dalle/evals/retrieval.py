"""Does a picture find its own caption among others? The measure of alignment, by embeddings of an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

AMONG = 100


def ranks(
    pictures_NE: NDArray[np.float32], captions_NE: NDArray[np.float32], concepts: Sequence[str], seed: int = 1
) -> NDArray[np.float64]:
    """How many of AMONG captions are nearer to each picture than its own, 0 for none; both are L2-normalised.

    The others are captions of other concepts, the same for every model; equals count half, so that pictures that are
    all alike rank as chance would. Raises ValueError where there are fewer than two concepts.
    """
    ids_N = np.unique(np.asarray(concepts), return_inverse=True)[1]
    if len(set(concepts)) < 2:
        raise ValueError("captions of one concept only: nothing to tell it from; take more items")
    found_N = np.empty(len(concepts))
    for place, concept in enumerate(ids_N):
        others = np.flatnonzero(ids_N != concept)
        rng = np.random.default_rng((seed, place))
        drawn = rng.choice(others, AMONG - 1, replace=len(others) < AMONG - 1)
        scores = captions_NE[drawn] @ pictures_NE[place]
        own = captions_NE[place] @ pictures_NE[place]
        found_N[place] = np.sum(scores > own) + np.sum(scores == own) / 2
    return found_N


def recalled(ranks_N: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Which captions are among the first `k`, 1 or 0 each (R@k is the mean); chance is k / AMONG."""
    return (ranks_N < k).astype(np.float64)
