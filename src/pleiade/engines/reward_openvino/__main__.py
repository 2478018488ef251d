"""`python -m pleiade.engines.reward_openvino --model FOLDER --model-id ID --port PORT`: one reward worker."""

import argparse
import asyncio
import sys

from pleiade.engines.reward_openvino.plan import WEIGHTS
from pleiade.engines.reward_openvino.worker import RewardOptions, RewardService, load
from pleiade.engines.wire.serve import serve


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and serve until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.engines.reward_openvino", description=__doc__)
    parser.add_argument("--model", required=True, help="Hugging Face folder")
    parser.add_argument("--model-id", required=True, help="what answers carry in `model`")
    parser.add_argument("--port", type=int, required=True, help="listens on 127.0.0.1")
    parser.add_argument("--weights", choices=WEIGHTS, default="bf16")
    parser.add_argument("--queue-limit", type=int, default=32, help="requests that may wait; more get 429")
    parser.add_argument("--threads", type=int, default=0, help="0 = chosen by the runtime")
    parser.add_argument("--sha256", default="", help="verify model.safetensors against this")
    parser.add_argument("--drain-s", type=float, default=30.0)
    given = parser.parse_args(argv)
    options = RewardOptions(
        model=given.model,
        model_id=given.model_id,
        weights=given.weights,
        queue_limit=given.queue_limit,
        threads=given.threads,
        sha256=given.sha256,
    )

    def load_model(loop: asyncio.AbstractEventLoop) -> RewardService:
        return load(options, loop)

    return serve(load_model, port=given.port, drain_s=given.drain_s)


if __name__ == "__main__":
    sys.exit(main())
