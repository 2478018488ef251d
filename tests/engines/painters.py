"""Painters that are no models: pure functions that fill frames, to test everything around them."""

from collections.abc import Callable

import numpy as np

from pleiade.engines.image_openvino.canvas.frames import Frame, cut, paste
from pleiade.engines.image_openvino.canvas.masks import Canvas
from pleiade.engines.image_openvino.canvas.plan import plan, view
from pleiade.engines.image_openvino.pictures.floats import Floats, Pixels, resize_float, to_float

Painter = Callable[[Frame], Floats]


def paint(
    canvas: Canvas, painter: Painter, *, size: int = 16, feather: int | None = None
) -> tuple[Canvas, list[Frame]]:
    """`canvas` painted, and the frames in which it was."""
    frames: list[Frame] = []
    for box in plan(canvas.unknown_HW, smallest=size):
        if view(canvas.unknown_HW, box).any():
            frames.append(cut(canvas, box, size, index=len(frames)))
            canvas = paste(canvas, box, painter(frames[-1]), feather=feather)
    return canvas, frames


def noise_painter(seed: int) -> Painter:
    """Paints values of any size, as a model that knows nothing would; known pixels too."""
    rng = np.random.default_rng(seed)
    return lambda frame: rng.standard_normal(frame.known_HWC.shape, np.float32) * 2


def colour_painter(red: int, green: int, blue: int, alpha: int = 255) -> Painter:
    """Paints one colour everywhere."""
    one_HWC = to_float(np.array([[[red, green, blue, alpha]]], np.uint8))
    return lambda frame: np.broadcast_to(one_HWC, frame.known_HWC.shape)


def truth_painter(whole_HWC: Pixels, drift: tuple[float, float, float] = (0, 0, 0), *, keeps: bool = False) -> Painter:
    """Paints what `whole_HWC` shows, with all colours off by `drift` of their range.

    `keeps`: known pixels come back as they were given, as our model returns them.
    """

    def painter(frame: Frame) -> Floats:
        box, size = frame.box, frame.known_HWC.shape[0]
        outside = ((box.side, box.side), (box.side, box.side), (0, 0))
        part_HWC = np.pad(whole_HWC, outside)[box.top + box.side :, box.left + box.side :][: box.side, : box.side]
        made_HWC = resize_float(to_float(part_HWC), (size, size), sharp=False)
        made_HWC = made_HWC + np.array([*drift, 0], np.float32) * (made_HWC[..., 3:] + 1)
        return np.where(frame.where_HW[..., None], frame.known_HWC, made_HWC) if keeps else made_HWC

    return painter
