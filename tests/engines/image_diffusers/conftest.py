"""The worker's whole application around a tiny Stable Diffusion, in this process: torch is imported once."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest
from PIL import Image

from pleiade.engines.wire.app import EngineApp

if TYPE_CHECKING:
    from pleiade.engines.image_diffusers.painter import Painter


def png(*, size: tuple[int, int] = (32, 16), clear: tuple[int, int, int, int] | None = None) -> bytes:
    """A random picture; the box `clear` of it is transparent."""
    pixels_HWC = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 4), np.uint8)
    pixels_HWC[..., 3] = 255
    picture = Image.fromarray(pixels_HWC)
    if clear:
        picture.paste((0, 0, 0, 0), clear)
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def pixels(data: bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """RGBA of a file."""
    return np.array(Image.open(io.BytesIO(data)).convert("RGBA"))


@pytest.fixture(scope="session")
def tiny_diffusion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny Stable Diffusion."""
    from engines.image_diffusers.tiny_pipelines import stable_diffusion

    return stable_diffusion(tmp_path_factory.mktemp("diffusion"))


@pytest.fixture(scope="session")
def painter(tiny_diffusion: Path) -> "Painter":
    """It, loaded; 4 steps at medium quality, so 2 at low and 8 at high."""
    from pleiade.engines.image_diffusers.painter import Painter

    return Painter(tiny_diffusion, device="cpu", steps=4)


@pytest.fixture
async def app(painter: "Painter") -> AsyncIterator[EngineApp]:
    """The application around it; three requests may wait."""
    from pleiade.engines.image_diffusers.worker import DiffusersOptions, open_service

    options = DiffusersOptions(model="", model_id="tiny", queue_limit=3, max_batch=4)
    app = EngineApp(token="", max_body_bytes=1 << 20)
    app.service = open_service(painter, options, asyncio.get_running_loop())
    yield app
    app.service.close()


@pytest.fixture
async def client(app: EngineApp) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the application without a socket."""
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://engine/v1", timeout=60) as client:
        yield client
