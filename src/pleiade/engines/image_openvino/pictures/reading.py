"""Reading pictures from anybody: four formats, limits before any pixel is decoded, and one form of pixels after it."""

import io

import msgspec
import numpy as np
from PIL import Image, ImageCms, ImageOps

from pleiade.engines.image_openvino.pictures.floats import Pixels
from pleiade.engines.wire.errors import ApiError, invalid

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
        image.load()
        return _upright(image)
    except Exception as error:  # as above
        raise _unreadable(name, f"It is damaged or cut off ({error}). Save it again.") from error


def _upright(image: Image.Image) -> Picture:
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    if image.mode.startswith("I;16"):
        image = _eight_bits(image)
    image = _as_srgb(image)
    rgba = ImageOps.exif_transpose(image).convert("RGBA")
    return Picture(np.array(rgba), has_alpha)


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey, scaled: Pillow's own conversion clips."""
    grey_HW = np.asarray(image).astype(np.uint32)
    eight_HW = ((grey_HW * 255 + 32767) // 65535).astype(np.uint8)
    clear = image.info.get("transparency")
    if clear is None:
        scaled = Image.fromarray(eight_HW)
    else:
        alpha_HW = np.where(grey_HW == clear, 0, 255).astype(np.uint8)
        scaled = Image.merge("LA", [Image.fromarray(eight_HW), Image.fromarray(alpha_HW)])
    scaled.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return scaled


def _as_srgb(image: Image.Image) -> Image.Image:
    """`image` in sRGB, so that what we write without a profile looks the same; sRGB itself stays bit by bit."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        colours = image.convert("RGB") if alpha else image
        turned = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image  # a profile that does not fit is passed over, as browsers do
    if turned is None:
        return image
    if alpha:
        turned.putalpha(alpha)
    turned.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return turned


def _unreadable(name: str, reason: str) -> ApiError:
    return invalid(f"Invalid image file in '{name}'. {reason}", name, "invalid_image_file")


def _too_large(name: str, size: str) -> ApiError:
    return invalid(
        f"The picture in '{name}' is too large: {size}. At most {MAX_SIDE} pixels on a side and "
        f"{MAX_PIXELS // 1_000_000} megapixels are read. Send it smaller.",
        name,
        "image_too_large",
    )
