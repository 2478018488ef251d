"""Drawings that all tests of the picture model share."""

from pathlib import Path

import pytest
from drawing_pack import write_pack

from pleiade.lab.dalle.data.build import build_large, build_pictures
from pleiade.lab.dalle.data.drawings import Drawings


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny pack."""
    return write_pack(tmp_path_factory.mktemp("pack") / "pack")


@pytest.fixture(scope="session")
def drawings(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Drawings:
    """The pack rendered at 32 pixels, and all of it at 128 for the enlarger."""
    out = tmp_path_factory.mktemp("pictures")
    build_pictures(pack, out, size=32)
    build_large(pack, out, size=32, share=0.999)
    return Drawings.open(out)
