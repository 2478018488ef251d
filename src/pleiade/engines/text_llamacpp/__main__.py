"""`python -m pleiade.engines.text_llamacpp --model FILE --model-id ID --port PORT`: one llama.cpp worker."""

import argparse
import asyncio
import sys

from pleiade.engines.text_llamacpp.server import LlamaOptions
from pleiade.engines.text_llamacpp.worker import LlamaService, load
from pleiade.engines.wire.serve import serve


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and serve until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.engines.text_llamacpp", description=__doc__)
    parser.add_argument("--model", required=True, help=".gguf file")
    parser.add_argument("--model-id", required=True, help="what answers carry in `model`")
    parser.add_argument("--port", type=int, required=True, help="listens on 127.0.0.1")
    parser.add_argument("--context", type=int, default=4096, help="tokens per sequence")
    parser.add_argument("--slots", type=int, default=4, help="sequences at a time")
    parser.add_argument("--threads", type=int, default=0, help="0 = chosen by llama.cpp")
    parser.add_argument("--gpu-layers", type=int, default=0, help="for wheels that were built for a GPU")
    parser.add_argument("--queue-limit", type=int, default=32, help="requests that may wait; more get 429")
    parser.add_argument("--embedding", action="store_true", help="the file is an embedding model")
    parser.add_argument("--drain-s", type=float, default=30.0)
    given = parser.parse_args(argv)
    options = LlamaOptions(
        model=given.model,
        model_id=given.model_id,
        context=given.context,
        slots=given.slots,
        threads=given.threads,
        gpu_layers=given.gpu_layers,
        queue_limit=given.queue_limit,
        embedding=given.embedding,
    )

    def load_model(loop: asyncio.AbstractEventLoop) -> LlamaService:
        return load(options, loop)

    return serve(load_model, port=given.port, drain_s=given.drain_s)


if __name__ == "__main__":
    sys.exit(main())
