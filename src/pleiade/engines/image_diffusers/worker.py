"""The diffusers worker: loads a user's pipeline and serves it on the four picture routes."""

import asyncio
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from pleiade.engines.image_diffusers.plan import INSTALL
from pleiade.engines.image_openvino.room import bound_threads
from pleiade.engines.image_openvino.service import PictureService
from pleiade.engines.wire.serve import LoadError

if TYPE_CHECKING:
    from pleiade.engines.image_diffusers.painter import Painter

log = logging.getLogger("pleiade.engine")


class DiffusersOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is served: the command line of `python -m pleiade.engines.image_diffusers`."""

    model: str  # folder
    model_id: str
    queue_limit: int = 32  # requests that may wait
    device: str = ""  # "" = cuda, else mps, else cpu
    dtype: Literal["", "bf16", "f16", "f32"] = ""  # "" = bf16 on GPUs, f32 on CPUs
    offload: bool = False  # parts of the model wait in main memory: slower, for small GPUs
    steps: int = 0  # of medium quality; 0 = the pipeline's own
    guidance: float | None = None  # None = the pipeline's own
    strength: float = 0.6  # how far variations go from the picture, 0 to 1
    max_batch: int = 4  # pictures of one run
    threads: int = 0  # 0 = torch's own choice


def load(options: DiffusersOptions, loop: asyncio.AbstractEventLoop) -> PictureService:
    """Load the pipeline. Raises LoadError, with what to do."""
    began = time.monotonic()
    bound_threads(loop)
    folder = Path(options.model)
    try:
        import torch

        from pleiade.engines.image_diffusers.painter import Painter
    except ImportError as error:
        raise LoadError(f"{error.name or error} is not installed here. Add it: {INSTALL}") from error
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        painter = Painter(
            folder,
            device=options.device,
            dtype=options.dtype,
            offload=options.offload,
            steps=options.steps,
            guidance=options.guidance,
            strength=options.strength,
        )
    except Exception as error:  # diffusers, torch and safetensors raise whatever a folder leads them to
        raise LoadError(
            f"{folder} cannot be loaded by diffusers ({_first_line(error)}): copy the model again, or update diffusers"
        ) from error
    log.info("%s ready after %.1f s", options.model_id, time.monotonic() - began)
    return open_service(painter, options, loop)


def open_service(painter: "Painter", options: DiffusersOptions, loop: asyncio.AbstractEventLoop) -> PictureService:
    """What serves a loaded model."""
    from pleiade.engines.image_diffusers.crew import Crew
    from pleiade.engines.image_diffusers.routes import ROUTES, Easel

    crew = Crew(painter, loop=loop, max_batch=options.max_batch)
    easel = Easel(crew, painter)
    return PictureService(options.model_id, easel, ROUTES, crew, styles=(), queue_limit=options.queue_limit)


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
