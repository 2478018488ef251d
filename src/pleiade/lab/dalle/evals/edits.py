"""What an edit left alone, and whether its border shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BAND = 4  # pixels on each side of the border that it is compared with


def is_untouched(before_HWC: NDArray[np.uint8], after_HWC: NDArray[np.uint8], unknown_HW: NDArray[np.bool_]) -> bool:
    """Whether every pixel outside the mask is the same, to the bit."""
    return bool((before_HWC[~unknown_HW] == after_HWC[~unknown_HW]).all())


def seam_score(rgba_HWC: NDArray[np.uint8], unknown_HW: NDArray[np.bool_]) -> float:
    """The mean step between neighbours across the mask's border over that between neighbours close to it; 1 = no seam.

    Steps are absolute differences of premultiplied RGBA. Where all is one colour the score is 1. Raises ValueError for
    a mask without a border.
    """
    x = rgba_HWC.astype(np.float64)
    x[..., :3] *= x[..., 3:] / 255
    near_HW = _grown(unknown_HW, BAND) & _grown(~unknown_HW, BAND)
    across, beside = [], []
    for axis in (0, 1):
        first, second = _pairs(unknown_HW, axis)
        close = np.logical_and(*_pairs(near_HW, axis))
        steps = np.abs(np.diff(x, axis=axis)).mean(axis=-1)
        across.append(steps[first != second])
        beside.append(steps[(first == second) & close])
    crossing = np.concatenate(across)
    if crossing.size == 0:
        raise ValueError("the mask has no border: some pixels must be known and some unknown")
    # One level of 255 on both sides keeps flat ground from dividing by nothing.
    return float((crossing.mean() + 1) / (np.concatenate(beside).mean() + 1))


def _pairs(x_HW: NDArray[np.bool_], axis: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return (x_HW[:-1], x_HW[1:]) if axis == 0 else (x_HW[:, :-1], x_HW[:, 1:])


def _grown(mask_HW: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    grown = mask_HW.copy()
    for _ in range(pixels):
        padded = np.pad(grown, 1)
        grown = padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return grown
