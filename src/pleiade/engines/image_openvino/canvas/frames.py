"""A box of a canvas as a model sees it, and its answer put back: seamless, and without touching what is known."""

import msgspec
import numpy as np

from pleiade.engines.image_openvino.canvas.colour import Unit, harmony
from pleiade.engines.image_openvino.canvas.masks import Canvas, Where
from pleiade.engines.image_openvino.canvas.plan import Box, bounds
from pleiade.engines.image_openvino.pictures.floats import (
    Floats,
    averaged,
    bands,
    resize_float,
    to_float,
    to_rgba,
)

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
    rows, columns = _within(canvas, box)

    def read(some: slice) -> Floats:
        """Some rows of the box: what is there, and a fifth channel that tells where it is known."""
        x_HW5 = np.full((some.stop - some.start, box.side, 5), (-1, -1, -1, -1, 0), dtype=np.float32)
        there = slice(max(rows.start, box.top + some.start), min(rows.stop, box.top + some.stop))
        if there.start < there.stop:
            first, left = there.start - box.top - some.start, columns.start - box.left
            part = np.s_[first : first + there.stop - there.start, left : left + columns.stop - columns.start]
            x_HW5[part][..., :4] = to_float(canvas.rgba_HWC[there, columns])
            x_HW5[part][..., 4] = ~canvas.unknown_HW[there, columns]
        return x_HW5

    seen_HW5 = averaged(read, box.side, box.side, (size, size))
    return Frame(box, seen_HW5[..., :4], seen_HW5[..., 4] > 0.999, index, total)


def paste(canvas: Canvas, box: Box, made_HWC: Floats, *, feather: int | None = None) -> Canvas:
    """`canvas` with the unknown pixels of `box` painted as in `made_HWC`, a square of any resolution.

    `made_HWC` should show the painter's idea of the known part as well: its colours are matched there (mean and
    spread), and what still differs at the border fades out over `feather` pixels (None: 12 % of the box). Known pixels
    stay as they are, bit by bit.
    """
    reach = round(FEATHER * box.side) if feather is None else feather
    rows, columns = _worked(canvas, box, reach)
    unknown_HW = canvas.unknown_HW[rows, columns]
    height, width = unknown_HW.shape
    scale = made_HWC.shape[0] / box.side

    def made(some: slice) -> Unit:
        first, last = (rows.start - box.top + row for row in (some.start, some.stop))
        whole_HWC = resize_float(made_HWC, (box.side, last - first), rows=(first * scale, last * scale))
        part_HWC = whole_HWC[:, columns.start - box.left : columns.stop - box.left]
        return np.asarray(np.clip((part_HWC + 1) * 0.5, 0, 1), np.float32)

    def known(some: slice) -> Unit:
        return (to_float(canvas.rgba_HWC[rows, columns][some]) + 1) * 0.5

    agreed = harmony(made, known, ~unknown_HW, reach=reach, opaque=canvas.opaque)
    rgba_HWC, left_HW = canvas.rgba_HWC.copy(), canvas.unknown_HW.copy()
    for some in bands(width, height):
        here_HW = unknown_HW[some]
        if here_HW.any():
            painted_HWC = agreed.applied(made(some), some)
            rgba_HWC[rows, columns][some][here_HW] = to_rgba(painted_HWC[here_HW] * 2 - 1)
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
