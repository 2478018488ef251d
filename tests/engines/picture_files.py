"""Picture files made for tests: whole ones of every kind, and ones that are wrong in a known way."""

import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def drawing(width: int = 48, height: int = 40) -> Pixels:
    """A red disc on a clear ground, soft at its edge, with a hidden colour where it is clear."""
    y, x = np.mgrid[:height, :width]
    away = np.hypot(x - (width - 1) / 2, y - (height - 1) / 2) / (min(width, height) / 2)
    rgba_HWC = np.zeros((height, width, 4), np.uint8)
    rgba_HWC[..., :3] = (200, 30, 40)
    rgba_HWC[..., 3] = np.clip((0.9 - away) * 5000, 0, 255).astype(np.uint8)
    rgba_HWC[rgba_HWC[..., 3] == 0, :3] = (7, 8, 9)
    return rgba_HWC


def scene(width: int = 96, height: int = 64) -> Pixels:
    """An opaque picture that changes smoothly everywhere."""
    y, x = np.mgrid[:height, :width]
    planes = [128 + 90 * np.sin(x / 23), 128 + 90 * np.cos(y / 17), 60 + (x + y) * 0.4, np.full(x.shape, 255)]
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


def saved(image: Image.Image | Pixels, kind: str = "PNG", **options: object) -> bytes:
    """A file of `kind`, with Pillow's `options`."""
    file = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(file, kind, **options)
    return file.getvalue()


def mask_file(clear_HW: NDArray[np.bool_]) -> bytes:
    """A mask: clear where true, opaque black elsewhere."""
    rgba_HWC = np.zeros((*clear_HW.shape, 4), np.uint8)
    rgba_HWC[..., 3] = np.where(clear_HW, 0, 255)
    return saved(rgba_HWC)


def png_head(width: int, height: int, *, depth: int = 8, colour: int = 6) -> bytes:
    """A PNG of any announced size with a few bytes of data, such as a decompression bomb begins with."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return _png([(b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")])


def _png(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def png_with_a_text_bomb() -> bytes:
    """A PNG of one pixel whose compressed comment unpacks to 8 MB."""
    head = struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0)
    comment = b"Comment\0\0" + zlib.compress(bytes(8 << 20))
    return _png([(b"IHDR", head), (b"zTXt", comment), (b"IDAT", zlib.compress(bytes(5))), (b"IEND", b"")])
