"""Reading pictures from anybody: four formats, limits before any pixel is decoded, and one form of pixels after it."""

import io

import msgspec
import numpy as np
from PIL import Image

from pleiade.engines.image_openvino.pictures.floats import Pixels
from pleiade.engines.wire.errors import ApiError, invalid
from pleiade.srgb import upright_srgb

# What OpenAI's routes take, plus still GIFs as its vision models do. Fewer decoders are fewer ways in.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MAX_SIDE = 8192
MAX_PIXELS = 25_000_000  # a phone's 24 megapixels; 100 MB as RGBA


class Picture(msgspec.Struct, frozen=True):
    """A picture that was read: upright, sRGB, straight 8-bit RGBA; `has_alpha` says whether its file could be clear."""

    rgba_HWC: Pixels
    has_alpha: bool

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.rgba_HWC.shape[1], self.rgba_HWC.shape[0]


def read(data: bytes, name: str = "image") -> Picture:
    """The picture in `data`. `name`: of the field, for errors.

    CMYK, grey, palette and 16-bit pictures become 8-bit RGBA; a colour profile is applied, EXIF's rotation too.
    Raises ApiError 400 for what is no whole PNG, JPEG, WebP or GIF, for animations, and above 8192 pixels on a side
    or 25 megapixels in all; the size is known from the head, so a decompression bomb is never unpacked.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(name, "more than 80 megapixels") from None
    except Exception as error:  # decoders raise whatever damaged bytes lead them to
        raise _unreadable(
            name, "It is not a PNG, JPEG, WebP or GIF file, or its head is damaged or has no pixels."
        ) from error
    width, height = image.size
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise _too_large(name, f"{width}x{height}")
    # A JPEG of several pictures (MPO) is a photograph with its depth map or preview.
    if getattr(image, "is_animated", False) and image.format != "MPO":
        raise _unreadable(name, "It is an animation. Send one of its frames as a still picture.")
    try:
        upright = upright_srgb(image)
    except Exception as error:  # as above
        raise _unreadable(name, f"It is damaged or cut off ({error}). Save it again.") from error
    return Picture(np.array(upright.convert("RGBA")), has_alpha=upright.mode == "RGBA")


def _unreadable(name: str, reason: str) -> ApiError:
    return invalid(f"Invalid image file in '{name}'. {reason}", name, "invalid_image_file")


def _too_large(name: str, size: str) -> ApiError:
    return invalid(
        f"The picture in '{name}' is too large: {size}. At most {MAX_SIDE} pixels on a side and "
        f"{MAX_PIXELS // 1_000_000} megapixels are read. Send it smaller.",
        name,
        "image_too_large",
    )
