"""`python -m pleiade.engines.text_openvino --model PATH --model-id ID --port PORT`: one text worker."""

import argparse
import asyncio
import sys

from pleiade.engines.text_openvino.worker import TextService, WorkerOptions, load
from pleiade.engines.wire.serve import serve


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and serve until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.engines.text_openvino", description=__doc__)
    parser.add_argument("--model", required=True, help="Hugging Face folder or .gguf file")
    parser.add_argument("--model-id", required=True, help="what answers carry in `model`")
    parser.add_argument("--port", type=int, required=True, help="listens on 127.0.0.1")
    parser.add_argument("--weights", choices=("int8", "int4", "bf16"), default="int8")
    parser.add_argument("--max-batch", type=int, default=32, help="sequences in one step")
    parser.add_argument("--queue-limit", type=int, default=32, help="requests that may wait; more get 429")
    parser.add_argument("--kv-cache-mb", type=int, default=0, help="0 = chosen by the engine")
    parser.add_argument("--threads", type=int, default=0, help="0 = chosen by the engine")
    parser.add_argument("--speculation", choices=("ngram", "off"), default="ngram")
    parser.add_argument("--step-tokens", type=int, default=512, help="tokens of one step")
    parser.add_argument("--answer-limit-s", type=float, default=600.0)
    parser.add_argument("--drain-s", type=float, default=30.0)
    parser.add_argument("--adapter", action="append", default=[], metavar="NAME=FOLDER", help="LoRA, repeatable")
    given = parser.parse_args(argv)
    adapters = {}
    for text in given.adapter:
        name, found, folder = text.partition("=")
        if not found:
            parser.error(f"--adapter {text}: write NAME=FOLDER")
        adapters[name] = folder
    options = WorkerOptions(
        model=given.model,
        model_id=given.model_id,
        weights=given.weights,
        max_batch=given.max_batch,
        queue_limit=given.queue_limit,
        kv_cache_mb=given.kv_cache_mb,
        threads=given.threads,
        speculation=given.speculation,
        step_tokens=given.step_tokens,
        answer_limit_s=given.answer_limit_s,
        adapters=adapters,
    )

    def load_model(loop: asyncio.AbstractEventLoop) -> TextService:
        return load(options, loop)

    return serve(load_model, port=given.port, drain_s=given.drain_s)


if __name__ == "__main__":
    sys.exit(main())
