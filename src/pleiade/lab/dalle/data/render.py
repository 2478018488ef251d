"""A drawing's SVG text or picture file as straight RGBA pixels of one square size."""

from __future__ import annotations

import io

import numpy as np
import resvg_py
from PIL import Image

from pleiade.lab.dalle.data.pixels import Rgba

PIXEL_ART_BELOW = 64  # smaller pictures are pixel art: enlarged by whole numbers, without blur
BACKDROP = 1 << 24  # pixels that a file may unfold to (Pillow's own bound is ten times that)


def render_svg(svg: str, size: int, colour: str = "#000") -> Rgba:
    """SVG text at size x size pixels, `currentColor` painted in `colour`; (size, size, 4) uint8.

    No fonts, no outside references. Raises ValueError when it is no SVG that resvg reads.
    """
    png = resvg_py.svg_to_bytes(
        svg_string=svg.replace("currentColor", colour), width=size, height=size, skip_system_fonts=True
    )
    return _square(Image.open(io.BytesIO(bytes(png))).convert("RGBA"), size)


def render_picture(data: bytes, size: int) -> Rgba:
    """A picture file (png, webp, ...) fitted into size x size pixels. Raises ValueError when it cannot be read."""
    try:
        picture = Image.open(io.BytesIO(data))
        if picture.width * picture.height > BACKDROP:
            raise ValueError(f"{picture.width} x {picture.height} pixels are more than a drawing has")
        return _square(picture.convert("RGBA"), size)
    except (OSError, SyntaxError) as error:
        raise ValueError(f"it is no picture that can be read ({error})") from error


def is_one_colour(rgba: Rgba) -> bool:
    """Whether every visible pixel is black, as one-colour drawings are rendered."""
    return bool(rgba[..., 3].any()) and not rgba[..., :3].any()


def _square(picture: Image.Image, size: int) -> Rgba:
    scale = size / max(picture.size)
    pixel_art = max(picture.size) < PIXEL_ART_BELOW
    if pixel_art and scale > 1:
        scale = int(scale)
    if scale != 1:
        # Premultiplied, or a transparent pixel's colour would show at the edges.
        how = Image.Resampling.NEAREST if pixel_art and scale > 1 else Image.Resampling.BOX
        how = Image.Resampling.LANCZOS if not pixel_art else how
        wanted = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.convert("RGBa").resize(wanted, how).convert("RGBA")
    ground = np.zeros((size, size, 4), np.uint8)
    top, left = (size - picture.height) // 2, (size - picture.width) // 2
    ground[top : top + picture.height, left : left + picture.width] = np.asarray(picture)
    ground[ground[..., 3] == 0] = 0
    return ground
