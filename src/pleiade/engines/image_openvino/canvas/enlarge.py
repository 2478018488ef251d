"""Canvases larger than a picture (pixels on each side, a target size, another shape), or smaller than one."""

import numpy as np

from pleiade.engines.image_openvino.canvas.masks import Canvas
from pleiade.engines.image_openvino.pictures.floats import Pixels, is_transparent, resize
from pleiade.engines.wire.errors import invalid

MAX_SIDE = 4096  # pixels of a canvas; its frames are painted one after the other
PLAIN = 6 / 255  # spread of a border that counts as one colour


def enlarged(rgba_HWC: Pixels, *, left: int = 0, right: int = 0, top: int = 0, bottom: int = 0) -> Canvas:
    """A canvas with so many unknown pixels on each side. Raises ApiError 400 above 4096 pixels on a side."""
    height, width = rgba_HWC.shape[:2]
    wide, high = left + width + right, top + height + bottom
    if max(wide, high) > MAX_SIDE:
        raise invalid(
            f"The enlarged picture would have {wide}x{high} pixels; at most {MAX_SIDE} are painted on a side. Enlarge "
            "it by less, or send the picture smaller.",
            "size",
            "image_too_large",
        )
    padding = ((top, bottom), (left, right))
    unknown_HW = np.pad(np.zeros((height, width), dtype=np.bool_), padding, constant_values=True)
    return Canvas(np.pad(rgba_HWC, (*padding, (0, 0))), unknown_HW, opaque=not is_transparent(rgba_HWC))


def enlarged_to(rgba_HWC: Pixels, size: tuple[int, int]) -> Canvas:
    """A canvas of `size` (width, height) with the picture in its middle.

    Raises ApiError 400 where the picture is larger than `size`, or as large.
    """
    height, width = rgba_HWC.shape[:2]
    more, taller = size[0] - width, size[1] - height
    if more < 0 or taller < 0 or not (more or taller):
        raise invalid(
            f"Invalid value: '{size[0]}x{size[1]}'. To enlarge a picture of {width}x{height}, 'size' must be larger "
            "than it, and smaller in neither direction.",
            "size",
        )
    left, top = more // 2, taller // 2
    return enlarged(rgba_HWC, left=left, right=more - left, top=top, bottom=taller - top)


def shaped(rgba_HWC: Pixels, size: tuple[int, int]) -> Canvas:
    """The picture in the middle of a canvas that has the shape of `size`, at the picture's own scale.

    Where its border is plain (transparent, or all of one colour) the new parts have that colour and nothing is left
    to paint; otherwise they are unknown.
    """
    height, width = rgba_HWC.shape[:2]
    wide, high = max(width, round(height * size[0] / size[1])), max(height, round(width * size[1] / size[0]))
    if (wide, high) == (width, height):
        return Canvas(rgba_HWC, np.zeros((height, width), dtype=np.bool_), opaque=not is_transparent(rgba_HWC))
    left, top = (wide - width) // 2, (high - height) // 2
    canvas = enlarged(rgba_HWC, left=left, right=wide - width - left, top=top, bottom=high - height - top)
    edges = [rgba_HWC[0], rgba_HWC[-1]] if high > height else [rgba_HWC[:, 0], rgba_HWC[:, -1]]
    border_N4 = np.concatenate(edges)
    if (border_N4[:, 3] == 0).all():
        return Canvas(canvas.rgba_HWC, np.zeros_like(canvas.unknown_HW), opaque=False)
    if (border_N4.std(axis=0) > PLAIN * 255).any():
        return canvas
    filled_HWC = canvas.rgba_HWC.copy()
    filled_HWC[canvas.unknown_HW] = np.rint(border_N4.mean(axis=0)).astype(np.uint8)
    return Canvas(filled_HWC, np.zeros_like(canvas.unknown_HW), canvas.opaque)


def fitted(canvas: Canvas, size: tuple[int, int]) -> Canvas:
    """`canvas`, smaller if it must be, to lie within `size` (width, height) in its own shape.

    What covers an unknown pixel is unknown.
    """
    width, height = canvas.size
    scale = min(size[0] / width, size[1] / height)
    if scale >= 1:
        return canvas
    wide, high = (max(1, round(length * scale)) for length in (width, height))
    unknown_HW = canvas.unknown_HW
    for axis, (length, short) in enumerate(((height, high), (width, wide))):
        unknown_HW = np.logical_or.reduceat(unknown_HW, np.arange(short) * length // short, axis=axis)
    return Canvas(resize(canvas.rgba_HWC, (wide, high)), unknown_HW, canvas.opaque)


def squared(rgba_HWC: Pixels, side: int) -> Pixels:
    """The picture in the middle of a transparent square of `side` pixels: what an image encoder looks at."""
    height, width = rgba_HWC.shape[:2]
    scale = side / max(width, height)
    rgba_HWC = resize(rgba_HWC, (max(1, round(width * scale)), max(1, round(height * scale))))
    height, width = rgba_HWC.shape[:2]
    across, down = side - width, side - height
    return np.pad(rgba_HWC, ((down // 2, down - down // 2), (across // 2, across - across // 2), (0, 0)))
