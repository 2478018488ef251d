import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_files import drawing, png_head, png_with_a_text_bomb, saved, scene
from PIL import Image, ImageCms

from pleiade.engines.image_openvino.pictures.reading import MAX_PIXELS, MAX_SIDE, read
from pleiade.engines.wire.errors import ApiError

STILL = {"PNG": {}, "WEBP": {"lossless": True, "exact": True}}


def refused(data: bytes, name: str = "image") -> ApiError:
    with pytest.raises(ApiError) as caught:
        read(data, name)
    assert caught.value.status == 400
    assert caught.value.param == name
    return caught.value


@pytest.mark.parametrize("kind", STILL)
def test_a_lossless_file_is_read_bit_by_bit_with_the_colours_under_its_transparency(kind: str) -> None:
    picture = read(saved(drawing(), kind, **STILL[kind]))
    assert np.array_equal(picture.rgba_HWC, drawing())
    assert picture.size == (48, 40)
    assert picture.has_alpha


def test_a_picture_without_alpha_says_so_and_is_opaque() -> None:
    picture = read(saved(Image.fromarray(scene()[..., :3])))
    assert not picture.has_alpha
    assert (picture.rgba_HWC[..., 3] == 255).all()


@pytest.mark.parametrize(
    ("data", "about"),
    [
        (b"Example data", "not a PNG"),
        (b"", "not a PNG"),
        (b"\x89PNG\r\n\x1a\n", "not a PNG"),
        (b"GIF89a", "not a PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG"),
        (b"%PDF-1.7 a document", "not a PNG"),
        (png_head(0, 0), "no pixels"),
        (png_head(64, 64), "damaged or cut off"),  # 1,000 bytes of pixels
    ],
)
def test_what_is_no_picture_is_refused_as_such(data: bytes, about: str) -> None:
    error = refused(data, "mask")
    assert error.code == "invalid_image_file"
    assert about in error.message


def test_other_formats_that_pillow_knows_are_not_opened() -> None:
    for kind in ("TIFF", "BMP", "ICO", "PPM"):
        assert refused(saved(Image.fromarray(scene()[..., :3]), kind)).code == "invalid_image_file"


@pytest.mark.parametrize(
    "size",
    [(20_000, 20_000), (10_000, 10_000), (60_000, 60_000), (MAX_SIDE + 1, 1), (1, MAX_SIDE + 1), (5001, 5000)],
)
def test_a_picture_too_large_is_refused_by_its_head(size: tuple[int, int]) -> None:
    error = refused(png_head(*size))
    assert error.code == "image_too_large"
    assert "25 megapixels" in error.message


def test_the_largest_picture_is_not_refused_for_its_size() -> None:
    width = MAX_SIDE
    assert "damaged" in refused(png_head(width, MAX_PIXELS // width)).message


def test_a_comment_that_unpacks_to_eight_megabytes_is_not_unpacked() -> None:
    assert refused(png_with_a_text_bomb()).code == "invalid_image_file"


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG", "GIF"])
def test_a_cut_off_file_is_refused(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = saved(Image.fromarray(noise), kind)
    read(whole)
    assert refused(whole[: len(whole) * 2 // 3]).code == "invalid_image_file"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_refused_and_its_first_frame_alone_is_not(kind: str) -> None:
    frames = [Image.fromarray(scene() // shade) for shade in (1, 2, 3)]
    error = refused(saved(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert "animation" in error.message
    assert read(saved(frames[0], kind)).size == (96, 64)


def test_a_photograph_with_its_preview_is_no_animation() -> None:
    photo = Image.fromarray(scene()[..., :3])
    both = saved(photo, "MPO", save_all=True, append_images=[photo.resize((24, 16))])
    assert read(both).size == (96, 64)


def test_cmyk_becomes_rgb() -> None:
    picture = read(saved(Image.new("CMYK", (20, 10), (0, 255, 255, 0)), "JPEG", quality=100))
    red, green, blue, alpha = picture.rgba_HWC[5, 5].tolist()
    assert red > 180 > 60 > max(green, blue)
    assert alpha == 255


def test_16_bit_grey_is_scaled_and_not_clipped() -> None:
    grey_HW = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    picture = read(saved(Image.fromarray(grey_HW)))
    assert np.array_equal(picture.rgba_HWC[..., 0], np.arange(256).reshape(16, 16))
    assert not picture.has_alpha


def test_the_clear_value_of_16_bit_grey_is_clear() -> None:
    grey_HW = np.full((4, 4), 40_000, np.uint16)
    grey_HW[1, 2] = 40_001
    picture = read(saved(Image.fromarray(grey_HW), transparency=40_001))
    assert picture.has_alpha
    assert np.argwhere(picture.rgba_HWC[..., 3] == 0).tolist() == [[1, 2]]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_was_turned_stands_upright(kind: str) -> None:
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :20] = 255  # bright on its left
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    picture = read(saved(Image.fromarray(pixels), kind, exif=exif))
    assert picture.size == (20, 40)
    assert picture.rgba_HWC[5, 10, 0] > 250  # bright at its top
    assert picture.rgba_HWC[35, 10, 0] < 5


def test_a_palette_with_transparency_keeps_it() -> None:
    small = Image.new("P", (4, 4), 1)
    small.putpalette([255, 0, 0, 0, 255, 0])
    small.putpixel((2, 1), 0)
    for kind in ("PNG", "GIF"):
        picture = read(saved(small, kind, transparency=0))
        assert picture.has_alpha
        assert picture.rgba_HWC[1, 2, 3] == 0
        assert picture.rgba_HWC[0, 0].tolist() == [0, 255, 0, 255]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_png_becomes_rgba(mode: str) -> None:
    assert read(saved(Image.new(mode, (3, 2)))).rgba_HWC.shape == (2, 3, 4)


def swapping_profile() -> bytes:
    """A profile of our own: what a file calls red is green."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"swap").replace(b"gXYZ", b"rXYZ").replace(b"swap", b"gXYZ")
    return swapped.replace("sRGB".encode("utf-16-be"), "ours".encode("utf-16-be"))


def test_a_colour_profile_is_applied() -> None:
    picture = read(saved(Image.new("RGBA", (4, 4), (250, 20, 30, 99)), icc_profile=swapping_profile()))
    red, green, blue, alpha = picture.rgba_HWC[1, 1].tolist()
    assert green > 240 > 50 > max(red, blue)
    assert alpha == 99


def test_a_colour_that_stands_for_clear_is_clear_in_a_file_with_a_profile() -> None:
    colours = Image.new("RGB", (4, 4), (250, 20, 30))
    colours.putpixel((2, 1), (1, 2, 3))
    picture = read(saved(colours, transparency=(1, 2, 3), icc_profile=swapping_profile()))
    assert picture.has_alpha
    assert np.argwhere(picture.rgba_HWC[..., 3] == 0).tolist() == [[1, 2]]
    assert picture.rgba_HWC[0, 0, 1] > 240


@pytest.mark.parametrize("kind", ["L", "LA"])
def test_a_profile_of_greys_is_applied_and_what_is_clear_stays_so(kind: str) -> None:
    grey = Image.new("L", (4, 4), 128)
    grey.putpixel((2, 1), 9)
    options: dict[str, object] = {"transparency": 9}
    if kind == "LA":
        grey.putalpha(grey.point(lambda value: 0 if value == 9 else 255))
        options = {}
    rgba_HWC = read(saved(grey, icc_profile=linear_greys(), **options)).rgba_HWC
    assert np.argwhere(rgba_HWC[..., 3] == 0).tolist() == [[1, 2]]
    assert abs(int(rgba_HWC[0, 0, 0]) - 188) < 3  # half the light, in sRGB's curve


def linear_greys() -> bytes:
    """The smallest profile of greys (ICC.1, version 2): the values are the light itself."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(78)
    tags, place, body = [], 128 + 4 + 3 * 12, b""
    for tag, data in ((b"wtpt", white), (b"kTRC", curve), (b"desc", name)):
        tags.append(tag + struct.pack(">2I", place + len(body), len(data)))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", 0, b"\0" * 4, 0x02100000, b"mntr", b"GRAY", b"XYZ ") + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    profile = head.ljust(128, b"\0") + struct.pack(">I", 3) + b"".join(tags) + body
    return struct.pack(">I", len(profile)) + profile[4:]


def test_a_profile_is_applied_to_a_palette() -> None:
    small = Image.new("P", (4, 4), 1)
    small.putpalette([255, 0, 0, 250, 20, 30])
    red, green, blue, _ = read(saved(small, icc_profile=swapping_profile())).rgba_HWC[1, 1].tolist()
    assert green > 240 > 50 > max(red, blue)


@pytest.mark.parametrize("profile", [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), b"broken"])
def test_with_srgb_or_a_broken_profile_every_value_stays(profile: bytes) -> None:
    assert np.array_equal(read(saved(scene(), icc_profile=profile)).rgba_HWC, scene())


WHOLE = [
    saved(drawing(24, 20)),
    saved(scene(24, 20), "WEBP"),
    saved(Image.fromarray(scene(24, 20)[..., :3]), "JPEG"),
    saved(Image.fromarray(scene(24, 20)[..., 0]), "GIF"),
    saved(Image.new("P", (9, 9), 1), transparency=0),
]


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1))
def test_damaged_bytes_are_a_picture_or_an_error_that_says_so(whole: bytes, damage: list[tuple[int, int]]) -> None:
    data = bytearray(whole)
    for place, value in damage:
        data[place % len(data)] = value
    try:
        picture = read(bytes(data))
    except ApiError:
        return
    assert picture.rgba_HWC.dtype == np.uint8
    assert picture.rgba_HWC.shape[2] == 4
