"""Pictures as files: what they are, what may be taken in, and the same picture in another format or smaller."""

import io
import re

import msgspec
from PIL import Image

from pleiade.products.records.errors import InvalidError
from pleiade.srgb import upright_srgb

# As the routes of pictures take them (docs/images.md): the head tells the size, so a bomb is never unpacked.
FILE_BYTES = 50 * 1024 * 1024
MAX_SIDE = 8192
MAX_PIXELS = 25_000_000
READ = ("PNG", "JPEG", "WEBP")
MIN_WIDTH, MAX_WIDTH = 16, 4096
QUALITY = 90  # of thumbnails, and of JPEG
_SVG_SIZE = re.compile(
    r'<svg[^>]*?\swidth="([\d.]+)[^"]*"[^>]*?\sheight="([\d.]+)|<svg[^>]*?\sviewBox="\S+ \S+ ([\d.]+) ([\d.]+)"'
)


class Look(msgspec.Struct, frozen=True):
    """What a picture's bytes say of it."""

    format: str
    width: int
    height: int


def look(data: bytes) -> Look:
    """Format and size of a picture that was made here, or by an engine of ours. Raises InvalidError."""
    if b"<svg" in data[:1024]:
        found = _SVG_SIZE.search(data[:4096].decode("utf-8", "replace"))
        sides = [float(side) for side in found.groups() if side] if found else [0.0, 0.0]
        return Look("svg", round(sides[0]), round(sides[1]))
    image = _opened(data)
    turned = image.getexif().get(0x0112, 1) >= 5  # lies on its side
    width, height = image.size[::-1] if turned else image.size
    # A JPEG of several pictures (MPO) is a photograph with its depth map or preview.
    return Look("jpeg" if image.format == "MPO" else (image.format or "").lower(), width, height)


def check_upload(data: bytes) -> Look:
    """What somebody's own file is, every pixel of it read. Raises InvalidError for what is not taken."""
    if not data:
        raise _refused("It is empty.")
    if len(data) > FILE_BYTES:
        raise _refused(f"It has more than {FILE_BYTES // 2**20} MB: send it smaller.", "image_file_too_large")
    if b"<svg" in data[:1024]:
        raise _refused("SVG files are not taken: save it as PNG.")
    image = _opened(data)
    if getattr(image, "is_animated", False) and image.format != "MPO":
        raise _refused("It is an animation: send one of its frames as a still picture.")
    try:
        image.load()
    except Exception as error:  # Pillow's readers raise whatever damaged bytes lead them to
        raise _refused(f"It is damaged or cut off ({type(error).__name__}): save it again.") from error
    return look(data)


def converted(data: bytes, format: str, width: int = 0) -> bytes:
    """The same picture as a file of `format`, at most `width` pixels wide (0 = as it is). JPEG stands on white.

    It is 8-bit sRGB, upright, and carries neither profile nor EXIF. Raises InvalidError.
    """
    image = upright_srgb(_opened(data))
    if width and width < image.width:
        image = image.resize((width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS)
    if image.mode == "RGBA" and format == "jpeg":
        ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(ground, image).convert("RGB")
    file = io.BytesIO()
    if format == "png":
        image.save(file, "PNG")
    elif format == "webp":
        image.save(file, "WEBP", lossless=not width, quality=QUALITY if width else 100)
    else:
        image.save(file, "JPEG", quality=QUALITY if width else 95)
    return file.getvalue()


def _opened(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=READ)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large("more than 80 megapixels") from error
    except Exception as error:  # as above
        raise _refused("It is not a PNG, JPEG or WebP file, or its head is damaged.") from error
    if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
        raise _too_large(f"{image.width}x{image.height}")
    return image


def _refused(reason: str, code: str = "invalid_image_file") -> InvalidError:
    return InvalidError(f"This picture cannot be taken. {reason}", param="file", code=code)


def _too_large(size: str) -> InvalidError:
    told = (
        f"It is too large: {size}. At most {MAX_SIDE} pixels on a side and {MAX_PIXELS // 10**6} megapixels are read."
    )
    return _refused(told, "image_too_large")
