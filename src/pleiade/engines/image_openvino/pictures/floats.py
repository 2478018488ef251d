"""Pictures as numbers: straight 8-bit RGBA on one side, premultiplied RGBA in [-1, 1] on the model's side.

Premultiplied colours are what may be averaged: a transparent pixel's colour means nothing, and must not bleed.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]  # HWC, straight RGBA
Floats = NDArray[np.float32]  # HWC, premultiplied RGBA: 2 * value - 1, alpha too


def to_float(rgba_HWC: Pixels) -> Floats:
    """Straight 8-bit RGBA as premultiplied floats in [-1, 1]."""
    x_HWC = rgba_HWC.astype(np.float32) * np.float32(1 / 255)
    x_HWC[..., :3] *= x_HWC[..., 3:]
    return x_HWC * np.float32(2) - np.float32(1)


def to_rgba(x_HWC: Floats) -> Pixels:
    """Premultiplied floats as straight 8-bit RGBA; what lies outside of [-1, 1] or above its alpha is clipped."""
    unit_HWC = np.clip((x_HWC + 1) * 0.5, 0, 1)
    alpha_HW1 = unit_HWC[..., 3:]
    straight_HWC = np.divide(unit_HWC[..., :3], alpha_HW1, out=np.zeros_like(unit_HWC[..., :3]), where=alpha_HW1 > 0)
    both_HWC = np.concatenate([np.minimum(straight_HWC, 1), alpha_HW1], axis=-1)
    return np.asarray(np.rint(both_HWC * 255), dtype=np.uint8)


def resize_float(x_HWC: Floats, size: tuple[int, int], *, sharp: bool = True) -> Floats:
    """`x_HWC` at (width, height): Lanczos, or with `sharp=False` plain averages that look no further than needed."""
    if (x_HWC.shape[1], x_HWC.shape[0]) == size:
        return x_HWC
    how = Image.Resampling.LANCZOS if sharp else Image.Resampling.BOX
    planes = [Image.fromarray(np.ascontiguousarray(x_HWC[..., c])) for c in range(x_HWC.shape[2])]
    return np.stack([np.asarray(plane.resize(size, how), dtype=np.float32) for plane in planes], axis=-1)


def resize(rgba_HWC: Pixels, size: tuple[int, int]) -> Pixels:
    """`rgba_HWC` at (width, height) by Lanczos. Pillow premultiplies by itself while it resizes RGBA."""
    if (rgba_HWC.shape[1], rgba_HWC.shape[0]) == size:
        return rgba_HWC
    return np.asarray(Image.fromarray(rgba_HWC).resize(size, Image.Resampling.LANCZOS))


def is_transparent(rgba_HWC: Pixels) -> bool:
    """Whether any pixel lets something through."""
    return bool((rgba_HWC[..., 3] < 255).any())


def flatten(rgba_HWC: Pixels, ground: tuple[int, int, int] = (255, 255, 255)) -> Pixels:
    """`rgba_HWC` on an opaque `ground`, as RGBA with full alpha."""
    if not is_transparent(rgba_HWC):
        return rgba_HWC
    below = Image.new("RGBA", (rgba_HWC.shape[1], rgba_HWC.shape[0]), (*ground, 255))
    return np.asarray(Image.alpha_composite(below, Image.fromarray(rgba_HWC)))
