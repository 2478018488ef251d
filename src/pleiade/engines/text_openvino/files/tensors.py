"""A tensor that stays on disk until somebody reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class StoredTensor:
    """Its shape is known; `read` makes float32 of it. Raises ValueError on an unknown storage type."""

    shape: tuple[int, ...]
    read: Callable[[], Array]


def transposed(tensor: StoredTensor) -> StoredTensor:
    """The transpose of a matrix, still on disk."""
    return StoredTensor(tensor.shape[::-1], lambda: tensor.read().T)


def rows_of(tensor: StoredTensor, start: int, stop: int) -> StoredTensor:
    """Rows `start` to `stop` of a matrix, or entries of a vector, still on disk."""
    return StoredTensor((stop - start, *tensor.shape[1:]), lambda: tensor.read()[start:stop])
