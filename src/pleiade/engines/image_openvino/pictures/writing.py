"""Writing pictures: PNG, WebP and JPEG by Pillow, SVG by tracing."""

import io

from PIL import Image

from pleiade.engines.image_openvino.pictures.floats import Pixels, flatten, is_transparent
from pleiade.engines.image_openvino.pictures.vector import trace


def write(rgba_HWC: Pixels, output_format: str, *, compression: int = 100, background: str = "auto") -> bytes:
    """`rgba_HWC` as a file of `output_format`: png, webp, jpeg or svg.

    `compression`: percent, 100 keeps most; WebP at 100 loses nothing. `background`: `opaque` puts the picture on white,
    as JPEG always does; `transparent` and `auto` keep what is there.
    """
    if background == "opaque" or output_format == "jpeg":
        rgba_HWC = flatten(rgba_HWC)
    if output_format == "svg":
        return trace(rgba_HWC).encode()
    # Three channels where nothing is clear: smaller, and what old readers expect.
    image = Image.fromarray(rgba_HWC if is_transparent(rgba_HWC) else rgba_HWC[..., :3])
    file = io.BytesIO()
    if output_format == "png":
        image.save(file, "PNG")
    elif output_format == "webp":
        # `exact` keeps colours under full transparency: outside of a mask every value stays.
        image.save(file, "WEBP", lossless=compression == 100, quality=compression, exact=True, method=4)
    else:
        # Pillow takes 0 for its default; from 95 on colours are kept at full resolution.
        image.save(file, "JPEG", quality=max(1, compression), subsampling=0 if compression >= 95 else 2)
    return file.getvalue()
