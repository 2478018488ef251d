import numpy as np
import pytest
from picture_files import drawing, mask_file, saved, scene
from PIL import Image

from pleiade.engines.image_openvino.canvas.masks import canvas_of
from pleiade.engines.image_openvino.pictures.reading import Picture, read
from pleiade.engines.wire.errors import ApiError


def photo() -> Picture:
    return read(saved(Image.fromarray(scene()[..., :3])))


def refused(mask: bytes) -> ApiError:
    with pytest.raises(ApiError) as caught:
        canvas_of(photo(), read(mask, "mask"))
    assert (caught.value.status, caught.value.param) == (400, "mask")
    return caught.value


def test_a_mask_frees_exactly_its_wholly_transparent_pixels() -> None:
    alpha_HW = np.arange(64 * 96).reshape(64, 96) % 256  # every degree of transparency
    mask_HWC = np.dstack([np.zeros((64, 96, 3), np.uint8), alpha_HW.astype(np.uint8)])
    canvas = canvas_of(photo(), read(saved(mask_HWC), "mask"))
    assert np.array_equal(canvas.unknown_HW, alpha_HW == 0)
    assert np.array_equal(canvas.rgba_HWC, scene())
    assert canvas.opaque


def test_without_a_mask_the_clear_pixels_of_the_picture_are_free() -> None:
    canvas = canvas_of(read(saved(drawing())), None)
    assert np.array_equal(canvas.unknown_HW, drawing()[..., 3] == 0)
    assert not canvas.opaque  # its edge is soft


def test_without_a_mask_and_without_transparency_all_is_free() -> None:
    assert canvas_of(photo(), None).unknown_HW.all()


def test_a_mask_that_is_wholly_transparent_frees_everything() -> None:
    assert canvas_of(photo(), read(mask_file(np.ones((64, 96), np.bool_)))).unknown_HW.all()


def test_a_mask_of_another_size_is_refused_with_both_sizes() -> None:
    error = refused(mask_file(np.ones((96, 64), np.bool_)))
    assert error.code == "invalid_mask_image_size"
    assert "64x96" in error.message
    assert "96x64" in error.message


def test_a_mask_without_alpha_is_refused() -> None:
    error = refused(saved(Image.new("L", (96, 64), 255)))
    assert error.code == "invalid_mask_image_format"
    assert "alpha" in error.message


def test_an_opaque_mask_is_refused_since_it_leaves_nothing_to_paint() -> None:
    assert refused(mask_file(np.zeros((64, 96), np.bool_))).code == "empty_mask"
    faint = np.zeros((64, 96, 4), np.uint8)
    faint[..., 3] = 1
    assert refused(saved(faint)).code == "empty_mask"


def test_a_palette_mask_with_a_clear_colour_counts_as_one_with_alpha() -> None:
    mask = Image.new("P", (96, 64), 1)
    mask.paste(0, (10, 20, 30, 40))
    canvas = canvas_of(photo(), read(saved(mask, transparency=0), "mask"))
    assert canvas.unknown_HW.sum() == 20 * 20
