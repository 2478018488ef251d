import io

import numpy as np
import pytest
import resvg_py
from picture_files import drawing, scene
from PIL import Image

from pleiade.engines.image_openvino.pictures.reading import read
from pleiade.engines.image_openvino.pictures.vector import snap, trace
from pleiade.engines.image_openvino.pictures.writing import write


def rendered(svg: str, side: int) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=side)))).convert("RGBA"))


@pytest.mark.parametrize("output_format", ["png", "webp"])
def test_what_is_written_without_loss_is_read_bit_by_bit(output_format: str) -> None:
    for rgba_HWC in (drawing(), scene()):
        assert np.array_equal(read(write(rgba_HWC, output_format)).rgba_HWC, rgba_HWC)


@pytest.mark.parametrize(("output_format", "kind"), [("png", "PNG"), ("webp", "WEBP"), ("jpeg", "JPEG")])
def test_an_opaque_background_is_white_and_has_no_alpha(output_format: str, kind: str) -> None:
    data = write(drawing(), output_format, background="opaque")
    assert Image.open(io.BytesIO(data)).format == kind
    picture = read(data)
    assert not picture.has_alpha
    assert (picture.rgba_HWC[0, 0] >= 250).all()


def test_jpeg_puts_a_transparent_picture_on_white() -> None:
    assert (read(write(drawing(), "jpeg")).rgba_HWC[0, 0] >= 250).all()


@pytest.mark.parametrize("output_format", ["webp", "jpeg"])
def test_less_compression_percent_is_a_smaller_file(output_format: str) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (64, 64, 4), np.uint8)
    sizes = [len(write(noisy, output_format, compression=percent)) for percent in (0, 30, 60, 100)]
    assert sizes == sorted(set(sizes))


def test_an_svg_shows_the_picture_at_its_size() -> None:
    svg = write(drawing(), "svg").decode()
    assert 'width="48" height="40"' in svg
    large_HWC = rendered(svg, 480)
    assert large_HWC.shape == (400, 480, 4)
    assert large_HWC[0, 0, 3] == 0
    assert np.abs(large_HWC[200, 240].astype(int) - (200, 30, 40, 255)).max() <= 2
    assert abs(large_HWC[..., 3].mean() - drawing()[..., 3].mean()) < 0.01 * 255


def test_an_svg_on_an_opaque_background_is_opaque_everywhere() -> None:
    assert (rendered(write(drawing(), "svg", background="opaque").decode(), 96)[..., 3] == 255).all()


def test_an_empty_picture_is_an_empty_svg() -> None:
    assert "<path" not in trace(np.zeros((8, 8, 4), np.uint8))


def test_a_traced_picture_has_few_colours_and_no_half_transparency() -> None:
    snapped_HWC = snap(scene(), 8)
    assert len(np.unique(snapped_HWC.reshape(-1, 4), axis=0)) <= 8
    assert set(np.unique(snap(drawing())[..., 3])) == {0, 255}


def test_colours_that_are_alike_become_one() -> None:
    y, x = np.mgrid[:64, :64]
    rgba_HWC = np.full((64, 64, 4), 255, np.uint8)
    rgba_HWC[..., 0] = 200 + (x + y) % 6
    rgba_HWC[:32] = (0, 0, 255, 255)
    assert len(np.unique(snap(rgba_HWC).reshape(-1, 4), axis=0)) == 2
