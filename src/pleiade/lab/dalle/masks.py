"""What a picture model has to fill in while it learns: holes, strokes, and everything around a window (outpainting)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def draw_masks(rng: np.random.Generator, num: int, size: int, share: float) -> Mask:
    """(B, H, W), True where a pixel is unknown; `share` of the rows have known pixels, the others none."""
    masks = np.ones((num, size, size), dtype=bool)
    for row in np.flatnonzero(rng.random(num) < share):
        kind = rng.integers(3)
        masks[row] = (_holes, _strokes, _around_a_window)[kind](rng, size)
    return masks


def _holes(rng: np.random.Generator, size: int) -> Mask:
    """One to three rectangles are unknown."""
    mask = np.zeros((size, size), dtype=bool)
    for _ in range(rng.integers(1, 4)):
        height, width = rng.integers(size // 6, size * 3 // 4, 2, endpoint=True)
        top, left = rng.integers(0, size - height, endpoint=True), rng.integers(0, size - width, endpoint=True)
        mask[top : top + height, left : left + width] = True
    return mask


def _strokes(rng: np.random.Generator, size: int) -> Mask:
    """A broad line through three to six places is unknown, as a brush leaves it."""
    places = rng.uniform(0, size, (rng.integers(3, 7), 2))
    radius = rng.uniform(size / 16, size / 6)
    mask = np.zeros((size, size), dtype=bool)
    centres_HW2 = np.moveaxis(np.mgrid[:size, :size] + 0.5, 0, -1)
    for start, end in pairwise(places):
        line = end - start
        along_HW1 = np.clip((centres_HW2 - start) @ line / (line @ line), 0, 1)[..., None]
        mask |= ((centres_HW2 - start - along_HW1 * line) ** 2).sum(-1) < radius**2
    return mask


def _around_a_window(rng: np.random.Generator, size: int) -> Mask:
    """All but a window is unknown; it keeps a quarter to three quarters of the side, often along whole borders."""
    mask = np.ones((size, size), dtype=bool)
    lengths = [size if rng.random() < 0.4 else int(rng.integers(size // 4, size * 3 // 4, endpoint=True)) for _ in "hw"]
    if lengths == [size, size]:
        lengths[int(rng.integers(2))] = size // 2
    spans = []
    for length in lengths:
        at_an_end = rng.random() < 0.6
        first = int(rng.integers(2)) * (size - length) if at_an_end else int(rng.integers(0, size - length + 1))
        spans.append(slice(first, first + length))
    mask[spans[0], spans[1]] = False
    return mask
