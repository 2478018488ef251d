"""Any picture as 8-bit sRGB, upright: what looks the same once it is written without a profile. It knows no file."""

import io

import numpy as np
from PIL import Image, ImageCms, ImageOps


def upright_srgb(image: Image.Image) -> Image.Image:
    """The same picture as straight RGBA where its file could be clear somewhere, else as RGB; its pixels alone.

    Grey, palette, CMYK and 16-bit pictures are converted; a colour profile is applied, EXIF's rotation too; values
    that are 8-bit sRGB already stay bit by bit. Raises what Pillow's readers raise for damaged pixels.
    """
    image.load()
    clear = "A" in image.getbands() or "transparency" in image.info
    if image.mode.startswith("I;16"):
        image = _eight_bits(image)
    if image.mode != "CMYK":
        # Before the profile: a colour that stands for clear is not to be found after it, nor is a palette.
        grey = image.mode in ("1", "L", "LA")
        image = image.convert(("L" if grey else "RGB") + "A" * clear)
    image = ImageOps.exif_transpose(_as_srgb(image)).convert("RGBA" if clear else "RGB")
    image.info = {}
    return image


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
    """`image`, L, LA, RGB, RGBA or CMYK, in sRGB; as it is where its profile is sRGB, or does not fit."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    alpha = image.getchannel("A") if "A" in image.getbands() else None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        colours = image.convert(image.mode.removesuffix("A"))
        turned = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image  # passed over, as browsers do
    if turned is None:
        return image
    if alpha:
        turned.putalpha(alpha)
    turned.info = dict(image.info)
    return turned
