"""A picture as SVG: few colours, then curves around them (vtracer). Fit for flat drawings, not for gradients."""

import io
import re

import numpy as np
import vtracer  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pleiade.engines.image_openvino.pictures.floats import Pixels, resize

COLOURS = 24
TRACED_SIDE = 512  # pixels; smaller pictures are enlarged first, so that curves have room
ALIKE = 32.0  # distance in RGB below which two colours of the palette are one

_HEAD = re.compile(r'<svg [^>]*width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)"[^>]*>')


def trace(rgba_HWC: Pixels, *, colours: int = COLOURS) -> str:
    """SVG text of `rgba_HWC` in at most `colours` colours, as wide and high as the picture; clear where it is clear."""
    height, width = rgba_HWC.shape[:2]
    scale = TRACED_SIDE / max(width, height)
    traced = (max(1, round(width * scale)), max(1, round(height * scale)))
    file = io.BytesIO()
    Image.fromarray(snap(resize(rgba_HWC, traced), colours)).save(file, "PNG")
    svg: str = vtracer.convert_raw_image_to_svg(
        file.getvalue(), "png", filter_speckle=6, color_precision=8, layer_difference=0, path_precision=1
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {traced[0]} {traced[1]}">'
    )
    return _HEAD.sub(head, svg, count=1)


def snap(rgba_HWC: Pixels, colours: int = COLOURS) -> Pixels:
    """`rgba_HWC` with at most `colours` colours, each wholly opaque or wholly clear, and clean borders between them."""
    solid_HW = rgba_HWC[..., 3] >= 128
    if not solid_HW.any():
        return np.zeros_like(rgba_HWC)
    inside_N3 = rgba_HWC[..., :3][solid_HW]
    strip = Image.fromarray(inside_N3[None])
    reduced = strip.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
    palette_P3 = np.array(reduced.getpalette(), dtype=np.uint8).reshape(-1, 3)
    index_N = _merge(np.asarray(reduced)[0], palette_P3)
    index_HW = np.full(solid_HW.shape, 255, dtype=np.uint8)
    index_HW[solid_HW] = index_N
    # Between two colours a blurred border passes through others: the commonest around a pixel wins.
    index_HW = np.asarray(Image.fromarray(index_HW).filter(ImageFilter.ModeFilter(7)))
    out_HWC = np.zeros_like(rgba_HWC)
    solid_HW = index_HW != 255
    out_HWC[solid_HW, :3] = palette_P3[index_HW[solid_HW]]
    out_HWC[solid_HW, 3] = 255
    return out_HWC


def _merge(index_N: NDArray[np.uint8], palette_P3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`index_N` with each colour replaced by the commonest one that is alike."""
    counts = np.bincount(index_N, minlength=len(palette_P3))
    target_P = np.arange(len(palette_P3), dtype=np.uint8)
    kept: list[int] = []
    for place in np.argsort(-counts, kind="stable"):
        distance = [float(np.linalg.norm(palette_P3[place].astype(float) - palette_P3[other])) for other in kept]
        if distance and min(distance) < ALIKE:
            target_P[place] = kept[int(np.argmin(distance))]
        else:
            kept.append(int(place))
    return target_P[index_N]
