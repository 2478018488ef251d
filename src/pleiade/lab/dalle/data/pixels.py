"""Pictures as the model sees them: premultiplied RGBA, colours and alpha in [-1, 1]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rgba = NDArray[np.uint8]  # straight alpha, (..., H, W, 4)
Floats = NDArray[np.float32]

LEAST_ALPHA = 0.5 / 255  # below it a colour cannot be told from the alpha


def premultiplied(rgba: Rgba) -> Floats:
    """Straight uint8 RGBA as premultiplied float32 in [0, 1]."""
    x = rgba.astype(np.float32) * np.float32(1 / 255)
    x[..., :3] *= x[..., 3:]
    return x


def to_float(rgba: Rgba) -> Floats:
    """Straight uint8 RGBA (..., 4) as the model's float32: 2 x premultiplied - 1; transparent is -1 throughout."""
    return premultiplied(rgba) * 2 - 1


def to_rgba(x: NDArray[np.floating]) -> Rgba:
    """The model's floats (..., 4) as straight uint8 RGBA; what lies outside of [-1, 1] or above alpha is cut off."""
    unit = np.clip(np.asarray(x, np.float32) * 0.5 + 0.5, 0, 1)
    alpha = unit[..., 3:]
    colour = np.where(alpha > LEAST_ALPHA, unit[..., :3] / np.maximum(alpha, LEAST_ALPHA), 0)
    rgba: Rgba = np.rint(np.concatenate([np.clip(colour, 0, 1), alpha], axis=-1) * 255).astype(np.uint8)
    return rgba
