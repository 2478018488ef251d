"""Pictures as numbers: straight 8-bit RGBA on one side, premultiplied RGBA in [-1, 1] on the model's side.

Premultiplied colours are what may be averaged: a transparent pixel's colour means nothing, and must not bleed.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]  # HWC, straight RGBA
Floats = NDArray[np.float32]  # HWC, premultiplied RGBA: 2 * value - 1, alpha too

BAND = 1 << 20  # pixels that are floats at a time: a phone's photograph whole would be gigabytes with all its copies


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


def resize_float(
    x_HWC: Floats, size: tuple[int, int], *, sharp: bool = True, rows: tuple[float, float] | None = None
) -> Floats:
    """`x_HWC` at (width, height): Lanczos, or with `sharp=False` plain averages that look no further than needed.

    `rows`: where those to be shown begin and end, all of them if None; beyond them it looks as far as it would anyhow.
    """
    height, width = x_HWC.shape[:2]
    if rows is None and (width, height) == size:
        return x_HWC
    first, last = rows or (0, height)
    how = Image.Resampling.LANCZOS if sharp else Image.Resampling.BOX
    planes = [Image.fromarray(np.ascontiguousarray(x_HWC[..., c])) for c in range(x_HWC.shape[2])]
    resized = [plane.resize(size, how, box=(0, first, width, last)) for plane in planes]
    return np.stack([np.asarray(plane, dtype=np.float32) for plane in resized], axis=-1)


def bands(width: int, height: int) -> Iterator[slice]:
    """Rows of a picture, a BAND of pixels at a time."""
    step = max(1, BAND // width)
    return (slice(first, min(first + step, height)) for first in range(0, height, step))


def averaged(read: Callable[[slice], Floats], width: int, height: int, size: tuple[int, int]) -> Floats:
    """What `resize_float` without sharpness makes of a picture of which `read` gives some rows (n, width, C).

    It is read a band at a time, with a row of the result more on both sides, for the same bits.
    """
    if width * height <= BAND or size[1] >= height:
        return resize_float(read(slice(0, height)), size, sharp=False)
    scale = height / size[1]
    step = max(1, int(BAND // width / scale))
    parts = []
    for first in range(0, size[1], step):
        last = min(first + step, size[1])
        begin = max(0, math.floor((first - 1) * scale))
        some_HWC = read(slice(begin, min(height, math.ceil((last + 1) * scale))))
        rows = first * scale - begin, last * scale - begin
        parts.append(resize_float(some_HWC, (size[0], last - first), sharp=False, rows=rows))
    return np.concatenate(parts)


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
