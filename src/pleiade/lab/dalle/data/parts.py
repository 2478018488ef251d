"""Counts the separate pieces of a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def label_parts(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the 8-connected pieces of a mask (H, W) from 1 (0 where there is none).

    Runs of each row are joined with those that touch them in the row above (union-find), as in Wu, Otoo & Suzuki 2009.
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    parent = list(range(len(rows)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first = np.searchsorted(rows, np.arange(height + 1))
    for y in range(1, height):
        above, below = int(first[y - 1]), int(first[y])
        while above < first[y] and below < first[y + 1]:
            if starts[above] <= ends[below] and starts[below] <= ends[above]:  # touching at a corner counts
                parent[root(below)] = root(above)
            if ends[above] < ends[below]:
                above += 1
            else:
                below += 1
    labels = np.zeros((height, width), np.int32)
    numbers: dict[int, int] = {}
    for i, (row, start, end) in enumerate(zip(rows, starts, ends, strict=True)):
        labels[row, start:end] = numbers.setdefault(root(i), len(numbers) + 1)
    return labels


def count_parts(mask: NDArray[np.bool_], least_share: float = 0.02) -> int:
    """How many pieces a mask has; those smaller than `least_share` of it do not count."""
    sizes = np.bincount(label_parts(mask).ravel())[1:]
    return int((sizes >= least_share * sizes.sum()).sum()) if len(sizes) else 0
