"""How alike two sets of pictures are, in an encoder's features: KID-own, precision and recall.

KID: Bińkowski et al., "Demystifying MMD GANs" (arXiv:1801.01401), with our own features in place of Inception's, so
that its values compare only with each other. Precision and recall: Kynkäänniemi et al. (arXiv:1904.06991).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]


def kid(made_ND: Features, real_MD: Features) -> float:
    """The unbiased squared MMD with the kernel (x·y / D + 1)³; near zero, also below it, for two halves of one set.

    Raises ValueError for sets of fewer than two.
    """
    N, M = len(made_ND), len(real_MD)
    if min(N, M) < 2:
        raise ValueError(f"KID needs two pictures a set and more (got {N} and {M})")
    own, others = _kernel(made_ND, made_ND), _kernel(real_MD, real_MD)
    within = (own.sum() - np.trace(own)) / (N * (N - 1)) + (others.sum() - np.trace(others)) / (M * (M - 1))
    return float(within - 2 * _kernel(made_ND, real_MD).mean())


def precision(made_ND: Features, real_MD: Features, k: int = 3) -> NDArray[np.float64]:
    """Which made pictures lie in the balls that reach from real ones to their k-th neighbours, 1 or 0 each.

    Recall is the same with the sets changed about.
    """
    between = _distances(real_MD, real_MD)
    radius_M = np.sort(between, axis=1)[:, min(k, len(real_MD) - 1)]  # the first is the picture itself
    inside_NM = _distances(made_ND, real_MD) <= radius_M
    inside_N: NDArray[np.float64] = inside_NM.max(axis=1).astype(np.float64)
    return inside_N


def spread(features_ND: Features) -> float:
    """The mean distance of each two of a set."""
    N = len(features_ND)
    return float(_distances(features_ND, features_ND).sum() / (N * (N - 1)))


def _kernel(a_ND: Features, b_MD: Features) -> NDArray[np.float64]:
    kernel: NDArray[np.float64] = (a_ND.astype(np.float64) @ b_MD.T.astype(np.float64) / a_ND.shape[1] + 1) ** 3
    return kernel


def _distances(a_ND: Features, b_MD: Features) -> NDArray[np.float64]:
    a, b = a_ND.astype(np.float64), b_MD.astype(np.float64)
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    away: NDArray[np.float64] = np.sqrt(np.maximum(squared, 0))
    return away
