"""A box of a canvas as a model sees it, and its answer put back: seamless, and without touching what is known."""

import msgspec
import numpy as np

from pleiade.engines.image_openvino.canvas.colour import harmonised
from pleiade.engines.image_openvino.canvas.masks import Canvas, Where
from pleiade.engines.image_openvino.canvas.plan import Box, bounds
from pleiade.engines.image_openvino.pictures.floats import Floats, resize_float, to_float, to_rgba

FEATHER = 0.12  # of a box's side: how far corrections reach inwards


class Frame(msgspec.Struct, frozen=True):
    """One piece of work for a painter: premultiplied floats at the model's size, and where they are known (True)."""

    box: Box
    known_HWC: Floats  # meaningless where nothing is known
    where_HW: Where
    index: int
    total: int


def cut(canvas: Canvas, box: Box, size: int, *, index: int = 0, total: int = 1) -> Frame:
    """`box` at `size` x `size`; a pixel of the frame is known only where all that it covers is."""
    side = box.side
    x_HWC = np.full((side, side, 4), -1, dtype=np.float32)
    where_HW1 = np.zeros((side, side, 1), dtype=np.float32)
    rows, columns = _within(canvas, box)
    y, x = rows.start - box.top, columns.start - box.left
    part = np.s_[y : y + rows.stop - rows.start, x : x + columns.stop - columns.start]
    x_HWC[part] = to_float(canvas.rgba_HWC[rows, columns])
    where_HW1[part] = ~canvas.unknown_HW[rows, columns, None]
    known_HWC = resize_float(x_HWC, (size, size), sharp=False)
    share_HW = resize_float(where_HW1, (size, size), sharp=False)[..., 0]
    return Frame(box, known_HWC, share_HW > 0.999, index, total)


def paste(canvas: Canvas, box: Box, made_HWC: Floats, *, feather: int | None = None) -> Canvas:
    """`canvas` with the unknown pixels of `box` painted as in `made_HWC`, a square of any resolution.

    `made_HWC` should show the painter's idea of the known part as well: its colours are matched there (mean and
    spread), and what still differs at the border fades out over `feather` pixels (None: 12 % of the box). Known pixels
    stay as they are, bit by bit.
    """
    reach = round(FEATHER * box.side) if feather is None else feather
    rows, columns = _worked(canvas, box, reach)
    unknown_HW = canvas.unknown_HW[rows, columns]
    made_HWC = resize_float(made_HWC, (box.side, box.side))[
        rows.start - box.top : rows.stop - box.top, columns.start - box.left : columns.stop - box.left
    ]
    painted_HWC = harmonised(
        np.clip((made_HWC + 1) * 0.5, 0, 1),
        (to_float(canvas.rgba_HWC[rows, columns]) + 1) * 0.5,
        ~unknown_HW,
        reach=reach,
        opaque=canvas.opaque,
    )
    rgba_HWC, left_HW = canvas.rgba_HWC.copy(), canvas.unknown_HW.copy()
    rgba_HWC[rows, columns][unknown_HW] = to_rgba(painted_HWC[unknown_HW] * 2 - 1)
    left_HW[rows, columns] = False
    return Canvas(rgba_HWC, left_HW, canvas.opaque)


def _worked(canvas: Canvas, box: Box, reach: int) -> tuple[slice, slice]:
    """The part of `box` that has something to paint, and enough around it to compare colours with."""
    rows, columns = _within(canvas, box)
    left, top, right, bottom = bounds(canvas.unknown_HW[rows, columns])
    margin = max(reach, box.side // 8)
    return (
        slice(max(rows.start + top - margin, rows.start), min(rows.start + bottom + margin, rows.stop)),
        slice(max(columns.start + left - margin, columns.start), min(columns.start + right + margin, columns.stop)),
    )


def _within(canvas: Canvas, box: Box) -> tuple[slice, slice]:
    """The rows and columns of `canvas` that `box` covers."""
    width, height = canvas.size
    return (
        slice(max(box.top, 0), min(box.top + box.side, height)),
        slice(max(box.left, 0), min(box.left + box.side, width)),
    )
