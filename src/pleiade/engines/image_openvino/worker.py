"""The picture worker: loads a model and serves it."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Literal

import msgspec

from pleiade.engines.image_openvino.folder import AGAIN, graph_paths, read_config, verify_graphs
from pleiade.engines.image_openvino.room import bound_threads
from pleiade.engines.image_openvino.service import PictureService
from pleiade.engines.wire.serve import LoadError

log = logging.getLogger("pleiade.engine")


class ImageOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is served: the command line of `python -m pleiade.engines.image_openvino`."""

    model: str  # folder
    model_id: str
    precision: Literal["bf16", "f32"] = "bf16"
    max_batch: int = 4  # pictures of one pass of the network
    queue_limit: int = 32  # requests that may wait
    threads: int = 0  # 0 = the runtime's own choice
    sha256: str = ""  # of the graphs' listing; empty = only the folder's own SHA256SUMS is asked


def load(options: ImageOptions, loop: asyncio.AbstractEventLoop) -> PictureService:
    """Check the folder, load its graphs and tokenizer. Raises LoadError, with what to do."""
    began = time.monotonic()
    bound_threads(loop)
    folder = Path(options.model)
    config = read_config(folder)
    paths = graph_paths(folder, config.files)
    verify_graphs(folder, paths, options.sha256)
    # Imported here: the runtime takes a fifth of a second, and the worker should listen before that.
    from pleiade.engines.image_openvino.networks import Networks
    from pleiade.engines.image_openvino.prompts import load_tokenizer
    from pleiade.engines.image_openvino.routes import ROUTES
    from pleiade.engines.image_openvino.scheduler import Scheduler
    from pleiade.engines.image_openvino.studio import Studio

    tokenizer = load_tokenizer(folder)
    try:
        networks = Networks(
            folder, config, precision=options.precision, max_batch=options.max_batch, threads=options.threads
        )
    except (RuntimeError, KeyError) as error:
        raise LoadError(f"the graphs in {folder} cannot be run ({_first_line(error)}): {AGAIN}") from error
    scheduler = Scheduler(networks, loop=loop)
    log.info("%s ready after %.1f s", options.model_id, time.monotonic() - began)
    return PictureService(
        options.model_id,
        Studio(scheduler, config, tokenizer),
        ROUTES,
        scheduler,
        styles=tuple(config.styles),
        queue_limit=options.queue_limit,
    )


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
