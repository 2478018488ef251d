"""Is a picture a copy of one that was trained on? Distances in features and in pixels, beside held-out pictures'.

The ratio rule is that of Yoon et al., "Diffusion probabilistic models generalize when they fail to memorize" (2023):
a copy is three times nearer to its nearest training picture than to the next.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

COPY_RATIO = 1 / 3
NEIGHBOURS = 16  # by features, whose pixels are compared
SMALL, SHIFTS = 16, 1  # pixels are compared at 16 x 16, moved by at most one
BLOCK = 256


class Nearest(NamedTuple):
    """Of N pictures in features: the NEIGHBOURS nearest training pictures and their cosine distances, nearest first."""

    rows_NK: NDArray[np.int64]
    distances_NK: NDArray[np.float32]

    @property
    def ratio(self) -> NDArray[np.float64]:
        """First distance over the second."""
        first, second = self.distances_NK[:, :2].T.astype(np.float64)
        ratio: NDArray[np.float64] = first / np.maximum(second, 1e-9)
        return ratio


def nearest(pictures_ND: NDArray[np.float32], train_MD: NDArray[np.float32]) -> Nearest:
    """The nearest training pictures of each; features are L2-normalised."""
    rows, distances = [], []
    k = min(NEIGHBOURS, len(train_MD) - 1)
    for first in range(0, len(pictures_ND), BLOCK):
        block = 1 - pictures_ND[first : first + BLOCK] @ train_MD.T
        chosen = np.argpartition(block, k, axis=1)[:, :k]
        ordered = np.take_along_axis(chosen, np.take_along_axis(block, chosen, 1).argsort(axis=1), 1)
        rows.append(ordered)
        distances.append(np.maximum(np.take_along_axis(block, ordered, 1), 0).astype(np.float32))
    return Nearest(np.concatenate(rows), np.concatenate(distances))


def shrunk(rgba_NHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Straight RGBA at SMALL x SMALL by means, premultiplied, 0 to 255. H and W are multiples of SMALL."""
    N, H, W, _ = rgba_NHWC.shape
    x = rgba_NHWC.astype(np.float32)
    x[..., :3] *= x[..., 3:] / 255
    small: NDArray[np.float32] = x.reshape(N, SMALL, H // SMALL, SMALL, W // SMALL, 4).mean(axis=(2, 4))
    return small


def pixel_distance(small_HWC: NDArray[np.float32], others_KHWC: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean absolute difference to each of the others, at the best of the shifts; 0 to 255, below 6 looks the same."""
    padded = np.pad(small_HWC, ((SHIFTS, SHIFTS), (SHIFTS, SHIFTS), (0, 0)))
    best = np.full(len(others_KHWC), np.inf, np.float32)
    for down in range(2 * SHIFTS + 1):
        for right in range(2 * SHIFTS + 1):
            moved = padded[down : down + SMALL, right : right + SMALL]
            best = np.minimum(best, np.abs(others_KHWC - moved).mean(axis=(1, 2, 3)))
    return best
