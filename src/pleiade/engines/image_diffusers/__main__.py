"""`python -m pleiade.engines.image_diffusers --model FOLDER --model-id ID --port PORT`: one diffusers worker."""

import argparse
import asyncio
import sys

from pleiade.engines.image_diffusers.plan import DTYPES
from pleiade.engines.image_diffusers.worker import DiffusersOptions, load
from pleiade.engines.image_openvino.service import PictureService
from pleiade.engines.wire.serve import serve

MAX_BODY_BYTES = 96 << 20  # the largest single picture in base64, and some more


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and serve until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.engines.image_diffusers", description=__doc__)
    parser.add_argument("--model", required=True, help="diffusers folder, with model_index.json")
    parser.add_argument("--model-id", required=True, help="what the list of models carries")
    parser.add_argument("--port", type=int, required=True, help="listens on 127.0.0.1")
    parser.add_argument("--queue-limit", type=int, default=32, help="requests that may wait; more get 429")
    parser.add_argument("--device", default="", help="cuda, mps or cpu; chosen by itself otherwise")
    parser.add_argument("--dtype", choices=("", *DTYPES), default="")
    parser.add_argument("--offload", action="store_true", help="keep idle parts in main memory, for small GPUs")
    parser.add_argument("--steps", type=int, default=0, help="of medium quality; 0 = the pipeline's own")
    parser.add_argument("--guidance", type=float, default=None)
    parser.add_argument("--strength", type=float, default=0.6, help="how far variations go from the picture")
    parser.add_argument("--max-batch", type=int, default=4, help="pictures of one run")
    parser.add_argument("--threads", type=int, default=0, help="0 = chosen by torch")
    parser.add_argument("--drain-s", type=float, default=30.0)
    given = vars(parser.parse_args(argv))
    port, drain_s = given.pop("port"), given.pop("drain_s")
    options = DiffusersOptions(**given)

    def load_model(loop: asyncio.AbstractEventLoop) -> PictureService:
        return load(options, loop)

    return serve(load_model, port=port, max_body_bytes=MAX_BODY_BYTES, drain_s=drain_s)


if __name__ == "__main__":
    sys.exit(main())
