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
SAMPLE = 16_384  # pixels that the palette is found from
ALIKE = 32.0  # distance in RGB below which two colours of the palette are one
# Colours are snapped already, so each is a layer; curves may be 8 pixels long and points have one decimal: a
# quarter smaller files than by vtracer's own settings.
TRACING = {
    "filter_speckle": 8,
    "length_threshold": 8.0,
    "color_precision": 8,
    "layer_difference": 0,
    "path_precision": 1,
}

_HEAD = re.compile(r'<svg [^>]*width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)"[^>]*>')


def trace(rgba_HWC: Pixels, *, colours: int = COLOURS) -> str:
    """SVG text of `rgba_HWC` in at most `colours` colours, as wide and high as the picture; clear where it is clear."""
    height, width = rgba_HWC.shape[:2]
    scale = TRACED_SIDE / max(width, height)
    traced = (max(1, round(width * scale)), max(1, round(height * scale)))
    file = io.BytesIO()
    Image.fromarray(snap(resize(rgba_HWC, traced), colours)).save(file, "PNG")
    svg: str = vtracer.convert_raw_image_to_svg(file.getvalue(), "png", **TRACING)
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
    palette_P3 = palette_of(inside_N3, colours)
    # |x - p|² without |x|², which is the same for all p.
    nearest_NP = (palette_P3 * palette_P3).sum(axis=1) - 2 * (inside_N3.astype(np.float32) @ palette_P3.T)
    index_HW = np.full(solid_HW.shape, 255, dtype=np.uint8)
    index_HW[solid_HW] = nearest_NP.argmin(axis=1)
    # Between two colours a blurred border passes through others: the commonest around a pixel wins.
    index_HW = np.asarray(Image.fromarray(index_HW).filter(ImageFilter.ModeFilter(7)))
    out_HWC = np.zeros_like(rgba_HWC)
    solid_HW = index_HW != 255
    out_HWC[solid_HW, :3] = np.rint(palette_P3[index_HW[solid_HW]])
    out_HWC[solid_HW, 3] = 255
    return out_HWC


def palette_of(inside_N3: NDArray[np.uint8], colours: int) -> NDArray[np.float32]:
    """At most `colours` colours of some pixels, the commonest first; of those that are alike only one."""
    sample_N3 = inside_N3[:: len(inside_N3) // SAMPLE + 1]
    reduced = Image.fromarray(sample_N3[None]).quantize(colours, Image.Quantize.MEDIANCUT, kmeans=2)
    palette_P3 = np.array(reduced.getpalette(), dtype=np.float32).reshape(-1, 3)
    counts = np.bincount(np.asarray(reduced)[0], minlength=len(palette_P3))
    kept: list[int] = []
    for place in np.argsort(-counts, kind="stable"):
        if all(np.linalg.norm(palette_P3[place] - palette_P3[other]) >= ALIKE for other in kept):
            kept.append(int(place))
    return palette_P3[kept]
