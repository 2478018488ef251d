"""The whole way of an edit or an enlargement as a conversation: a frame is handed out, what was made of it comes back.

No model and no waiting inside: whoever drives it may paint frames at once, in a queue, or by a pure function.
"""

from collections.abc import Generator

from pleiade.engines.image_openvino.canvas.frames import Frame, cut, paste
from pleiade.engines.image_openvino.canvas.masks import Canvas
from pleiade.engines.image_openvino.canvas.plan import plan, view
from pleiade.engines.image_openvino.pictures.floats import Floats, Pixels


def painting(canvas: Canvas, *, size: int, feather: int | None = None) -> Generator[Frame, Floats, Pixels]:
    """Yields frames of `size` x `size`, receives each painted (any resolution), returns the picture.

    A frame knows what earlier ones painted, so they come one at a time. Outside of `canvas.unknown_HW` the result is
    the canvas, bit by bit.
    """
    boxes = plan(canvas.unknown_HW, smallest=size) if canvas.unknown_HW.any() else []
    for index, box in enumerate(boxes):
        if view(canvas.unknown_HW, box).any():
            made_HWC = yield cut(canvas, box, size, index=index, total=len(boxes))
            canvas = paste(canvas, box, made_HWC, feather=feather)
    return canvas.rgba_HWC
