"""Moves, scales and mirrors pictures with two small matrices each: exact areas, no loop over pixels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pleiade.lab.dalle.data.pixels import Floats


@lru_cache(maxsize=4096)
def resampling(inside: int, outside: int, length: float, start: float, mirrored: bool = False) -> Floats:
    """The (outside, inside) matrix that draws `inside` pixels as `length` pixels from `start` on; float32.

    Catmull-Rom, widened when it makes smaller so that every pixel counts (as Pillow's BICUBIC); the identity where
    nothing changes. What lies outside is left empty (0).
    """
    scale = length / inside
    centres = (np.arange(outside) + 0.5 - start) / scale - 0.5
    reach = max(1.0, 1 / scale)
    away = np.abs(centres[:, None] - np.arange(inside)[None]) / reach
    near = 1.5 * away**3 - 2.5 * away**2 + 1
    far = -0.5 * away**3 + 2.5 * away**2 - 4 * away + 2
    weights = np.where(away < 1, near, np.where(away < 2, far, 0.0)) / reach
    if mirrored:
        weights = weights[:, ::-1]
    matrix = np.ascontiguousarray(weights, np.float32)
    matrix.setflags(write=False)
    return matrix


def resample(x: Floats, rows: Floats, columns: Floats) -> Floats:
    """A premultiplied picture (H, W, 4) through its two matrices; values stay within [0, alpha]."""
    height, width, channels = x.shape
    tall = rows @ x.reshape(height, width * channels)
    out = np.matmul(columns, tall.reshape(len(rows), width, channels))
    return within_alpha(out)


def within_alpha(x: Floats) -> Floats:
    """Cut a premultiplied picture to what it can be: alpha in [0, 1], colours in [0, alpha]. In place."""
    np.maximum(x, 0, out=x)
    np.minimum(x[..., 3], 1, out=x[..., 3])
    np.minimum(x[..., :3], x[..., 3:], out=x[..., :3])
    return x
