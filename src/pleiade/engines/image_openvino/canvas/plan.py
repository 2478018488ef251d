"""Where a model paints: one box around a hole, or a march of half-overlapping boxes outward from what is known."""

import math
from collections.abc import Iterator

import msgspec
import numpy as np

from pleiade.engines.image_openvino.canvas.masks import Where

CONTEXT = 1.5  # of a hole's larger side: how much of its surroundings the model sees
KNOWN = 0.2  # of a box's pixels, where the canvas leaves no room for so much of the surroundings
MAX_BOXES = 24  # above, larger boxes are taken: fewer of them, of less detail


class Box(msgspec.Struct, frozen=True):
    """A square part of a canvas, in its pixels; where a canvas is narrower than the box, the box reaches over it."""

    left: int
    top: int
    side: int


def plan(unknown_HW: Where, *, smallest: int) -> list[Box]:
    """The boxes that cover `unknown_HW`, in the order to paint them. `smallest`: the model's own side in pixels.

    One box where the hole and its surroundings fit into a square of the canvas: a painter who sees all of it makes
    one thing of what the words say. Otherwise frames as large as the known part's shorter side, each half over what
    is known by then, nearest first, as DALL·E 2's users laid them.
    """
    height, width = unknown_HW.shape
    if unknown_HW.all():
        return [_centred((width - 1) / 2, (height - 1) / 2, max(width, height), width, height)]
    left, top, right, bottom = bounds(unknown_HW)
    hole, square = max(right - left, bottom - top), min(width, height)
    if hole <= square:
        side = min(max(round(CONTEXT * hole), smallest), square)
        box = _centred((left + right - 1) / 2, (top + bottom - 1) / 2, side, width, height)
        if view(unknown_HW, box).mean() <= 1 - KNOWN:
            return [box]
    known = bounds(~unknown_HW)
    # A hundredth of the canvas at least: a sliver of a picture is no reason to look for thousands of places.
    start = max(min(known[2] - known[0], known[3] - known[1]), smallest, math.isqrt(width * height // 100))
    largest = max(width, height)
    # A little larger may fit much better: a strip of 300 pixels takes two boxes of 512, but one of 600.
    marches = [_march(unknown_HW, known, min(start * eighths // 8, largest)) for eighths in (8, 9, 10)]
    boxes = min(marches, key=len)
    while len(boxes) > MAX_BOXES and boxes[0].side < largest:
        boxes = _march(unknown_HW, known, min(boxes[0].side * 5 // 4 + 1, largest))
    return boxes


def bounds(where_HW: Where) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of the true pixels, the last two one past the end; there must be one."""
    rows, columns = np.flatnonzero(where_HW.any(axis=1)), np.flatnonzero(where_HW.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _centred(x: float, y: float, side: int, width: int, height: int) -> Box:
    """A box around (x, y), moved so that it lies within the canvas as far as it can."""
    return Box(_inside(round(x - (side - 1) / 2), side, width), _inside(round(y - (side - 1) / 2), side, height), side)


def _inside(start: int, side: int, length: int) -> int:
    return (length - side) // 2 if side >= length else min(max(start, 0), length - side)


def _march(unknown_HW: Where, known: tuple[int, int, int, int], side: int) -> list[Box]:
    """Boxes of `side` over all that is unknown: those that reach out least first, then those that know most."""
    height, width = unknown_HW.shape
    left_HW = unknown_HW.copy()
    open_boxes = [
        Box(left, top, side)
        for top in _starts(known[1], known[3], side, height)
        for left in _starts(known[0], known[2], side, width)
    ]
    order: list[Box] = []
    centre = ((known[0] + known[2]) / 2, (known[1] + known[3]) / 2)

    def rank(box: Box, unknown: int) -> tuple[int, float, float, int, int]:
        out = max(known[0] - box.left, known[1] - box.top, box.left + side - known[2], box.top + side - known[3], 0)
        away = abs(box.left + side / 2 - centre[0]) + abs(box.top + side / 2 - centre[1])
        return out, round(unknown / side**2, 2), away, box.top, box.left

    counts = {box: int(np.count_nonzero(view(left_HW, box))) for box in open_boxes}
    while len(order) <= MAX_BOXES and any(counts.values()):
        best = min((box for box, unknown in counts.items() if unknown), key=lambda box: rank(box, counts[box]))
        order.append(best)
        view(left_HW, best)[...] = False
        for box in counts:
            if abs(box.left - best.left) < side and abs(box.top - best.top) < side:
                counts[box] = int(np.count_nonzero(view(left_HW, box)))
    return order


def _starts(low: int, high: int, side: int, length: int) -> list[int]:
    """Where boxes may begin on one axis: half outside of the known [low, high), again and again, and over it."""

    def every_half() -> Iterator[int]:
        step = max(1, side // 2)
        yield (low + high - side) // 2
        yield from range(low, high - side + 1, step)
        yield high - side
        yield from range(low - step, -side, -step)
        yield from range(high - side + step, length, step)

    return sorted({_inside(start, side, length) for start in every_half()})


def view(array_HW: Where, box: Box) -> Where:
    """The part of `array_HW` (further axes are kept) in `box`, as a view."""
    return array_HW[max(box.top, 0) : box.top + box.side, max(box.left, 0) : box.left + box.side]
