"""One engine in a process of its own, for bench/engine.py: prompts come as lines of JSON, times go back."""

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

Times = list[tuple[float, float, int]]
Generate = Callable[[list[list[int]], int], Times]


def our_engine(model: str, threads: int) -> Generate:
    """Pleiade's engine, driven through its own calls; speculation off."""
    from pleiade.engines.text_openvino.engine import load_engine
    from pleiade.engines.text_openvino.generation import GenerationRequest, Sampling, TokenEvent

    engine = load_engine(model, threads=threads, speculation="off")
    times: dict[str, list[float]] = {}
    left: set[str] = set()
    done = threading.Event()

    def sink(events: Sequence[TokenEvent]) -> None:
        now = time.perf_counter()
        for event in events:
            entry = times[event.request]
            entry[0] = entry[0] or now
            entry[1] = now
            entry[2] += 1
            if event.finish is not None:
                left.discard(event.request)
        if not left:
            done.set()

    engine.start(sink)
    greedy = Sampling(temperature=0.0)

    def generate(prompts: list[list[int]], tokens: int) -> Times:
        names = [str(number) for number in range(len(prompts))]
        times.clear()
        times.update({name: [0.0, 0.0, 0] for name in names})
        left.update(names)
        done.clear()
        for name, prompt in zip(names, prompts, strict=True):
            engine.submit(
                GenerationRequest(id=name, prompt=prompt, max_tokens=tokens, sampling=greedy, ignore_stop_tokens=True)
            )
        done.wait()
        return [(first, last, int(count)) for first, last, count in times.values()]

    return generate


def transformers_model(model: str, threads: int) -> Generate:
    """transformers on torch, bfloat16."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.generation.streamers import BaseStreamer

    torch.set_num_threads(threads)
    network: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16).eval()

    class Clock(BaseStreamer):  # type: ignore[misc]
        """Notes when tokens come; the first call brings the prompt."""

        def __init__(self) -> None:
            self.stamps: list[float] = []

        def put(self, value: object) -> None:
            self.stamps.append(time.perf_counter())

        def end(self) -> None:
            """Nothing to close."""

    def generate(prompts: list[list[int]], tokens: int) -> Times:
        clock = Clock() if len(prompts) == 1 else None
        with torch.no_grad():
            output = network.generate(
                torch.tensor(prompts),
                max_new_tokens=tokens,
                min_new_tokens=tokens,
                do_sample=False,
                streamer=clock,
                pad_token_id=0,
            )
        end = time.perf_counter()
        first = clock.stamps[1] if clock else end
        return [(first, end, output.shape[1] - len(prompts[0]))] * len(prompts)

    return generate


def serve_llamacpp(model: str, threads: int, port: int) -> None:
    """llama.cpp's server of the wheel, until this process is ended."""
    import xllamacpp

    from engine_peers import SLOT_CONTEXT, SLOTS, TOKEN

    params: Any = xllamacpp.CommonParams()
    params.model.path = model
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * SLOT_CONTEXT
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.hostnames, params.port, params.api_keys = ["127.0.0.1"], port, [TOKEN]
    params.ui = False
    params.verbosity = 1
    server = xllamacpp.Server(params)
    sys.stdin.read()
    del server


def main() -> None:
    """engine_child.py KIND MODEL THREADS [PORT]"""
    kind, model, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if kind == "xllamacpp":
        serve_llamacpp(model, threads, int(sys.argv[4]))
        return
    generate = {"engine": our_engine, "transformers": transformers_model}[kind](model, threads)
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps(generate(job["prompts"], job["tokens"])), flush=True)


if __name__ == "__main__":
    main()
