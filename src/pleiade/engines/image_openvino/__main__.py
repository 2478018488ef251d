"""`python -m pleiade.engines.image_openvino --model FOLDER --model-id ID --port PORT`: one picture worker."""

import argparse
import asyncio
import sys

from pleiade.engines.image_openvino.plan import BATCHES, PRECISIONS
from pleiade.engines.image_openvino.service import PictureService
from pleiade.engines.image_openvino.worker import ImageOptions, load
from pleiade.engines.wire.serve import serve

MAX_BODY_BYTES = 96 << 20  # the largest single picture in base64, and some more


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and serve until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.engines.image_openvino", description=__doc__)
    parser.add_argument("--model", required=True, help="folder that `pleiade train pix-6m` exported")
    parser.add_argument("--model-id", required=True, help="what the list of models carries")
    parser.add_argument("--port", type=int, required=True, help="listens on 127.0.0.1")
    parser.add_argument("--precision", choices=PRECISIONS, default="bf16")
    parser.add_argument("--max-batch", type=int, choices=BATCHES, default=4, help="pictures of one pass")
    parser.add_argument("--queue-limit", type=int, default=32, help="requests that may wait; more get 429")
    parser.add_argument("--threads", type=int, default=0, help="0 = chosen by the runtime")
    parser.add_argument("--sha256", default="", help="verify the graphs against this")
    parser.add_argument("--drain-s", type=float, default=30.0)
    given = parser.parse_args(argv)
    options = ImageOptions(
        model=given.model,
        model_id=given.model_id,
        precision=given.precision,
        max_batch=given.max_batch,
        queue_limit=given.queue_limit,
        threads=given.threads,
        sha256=given.sha256,
    )

    def load_model(loop: asyncio.AbstractEventLoop) -> PictureService:
        return load(options, loop)

    return serve(load_model, port=given.port, max_body_bytes=MAX_BODY_BYTES, drain_s=given.drain_s)


if __name__ == "__main__":
    sys.exit(main())
