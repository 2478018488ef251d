"""`python -m pleiade.engines.moderation --model FOLDER --model-id ID --port PORT`: one moderation worker."""

import argparse
import asyncio
import os
import sys

# Sums over a few thousand integers gain nothing from a thread pool, and each of its threads costs memory.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pleiade.engines.moderation.worker import ModerationOptions, ModerationService, load
from pleiade.engines.wire.serve import serve


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and serve until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.engines.moderation", description=__doc__)
    parser.add_argument("--model", required=True, help="folder of a moderation model")
    parser.add_argument("--model-id", required=True, help="what answers carry in `model`")
    parser.add_argument("--port", type=int, required=True, help="listens on 127.0.0.1")
    parser.add_argument("--queue-limit", type=int, default=32, help="requests that may wait; more get 429")
    parser.add_argument("--sha256", default="", help="verify model.safetensors against this")
    parser.add_argument("--drain-s", type=float, default=30.0)
    given = parser.parse_args(argv)
    options = ModerationOptions(
        model=given.model, model_id=given.model_id, queue_limit=given.queue_limit, sha256=given.sha256
    )

    def load_model(loop: asyncio.AbstractEventLoop) -> ModerationService:
        return load(options)

    return serve(load_model, port=given.port, drain_s=given.drain_s)


if __name__ == "__main__":
    sys.exit(main())
