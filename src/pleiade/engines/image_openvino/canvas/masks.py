"""Which pixels a request leaves to be painted: OpenAI's rule, alpha 0 = paint here (wire-contract §11.3)."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from pleiade.engines.image_openvino.pictures.floats import Pixels, is_transparent
from pleiade.engines.image_openvino.pictures.reading import Picture
from pleiade.engines.wire.errors import invalid

Where = NDArray[np.bool_]  # HW


class Canvas(msgspec.Struct, frozen=True):
    """A picture in the making. Known pixels never change; `opaque`: what is painted must not be clear either."""

    rgba_HWC: Pixels
    unknown_HW: Where
    opaque: bool

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.unknown_HW.shape[1], self.unknown_HW.shape[0]


def canvas_of(picture: Picture, mask: Picture | None) -> Canvas:
    """What an edit starts from.

    With a mask: its wholly transparent pixels are painted. Without one: the picture's own; where it has none, all of
    it. A mask that is wholly transparent frees the whole picture. Raises ApiError 400 for a mask of another size,
    without alpha, or without a transparent pixel.
    """
    if mask is None:
        clear_HW = picture.rgba_HWC[..., 3] == 0
        if not clear_HW.any():
            clear_HW = np.ones_like(clear_HW)
    else:
        clear_HW = _clear(picture, mask)
    kept_HW4 = picture.rgba_HWC[~clear_HW]
    return Canvas(picture.rgba_HWC, clear_HW, opaque=bool(kept_HW4.size) and not is_transparent(kept_HW4))


def _clear(picture: Picture, mask: Picture) -> Where:
    if mask.size != picture.size:
        raise invalid(
            f"Invalid mask image size - the mask has {mask.size[0]}x{mask.size[1]} pixels, but must be as large as "
            f"the image, {picture.size[0]}x{picture.size[1]}.",
            "mask",
            "invalid_mask_image_size",
        )
    if not mask.has_alpha:
        raise invalid(
            "Invalid mask image format - mask image missing alpha channel. Save it as a PNG that is transparent "
            "where the image is to be painted, and opaque elsewhere.",
            "mask",
            "invalid_mask_image_format",
        )
    clear_HW: Where = mask.rgba_HWC[..., 3] == 0
    if not clear_HW.any():
        raise invalid(
            "The mask leaves nothing to paint: no pixel of it is wholly transparent (alpha 0). Erase the parts that "
            "are to change.",
            "mask",
            "empty_mask",
        )
    return clear_HW
