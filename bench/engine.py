"""Pleiade's text engine beside llama.cpp and transformers: one model, one machine, one run, interleaved.

Every engine has the same 100 M random-weight model at 8 bits (transformers: bfloat16), the same prompts of
random tokens and answers of a fixed length. Engines take turns within each repetition; medians are
reported. Everything but the in-process rows goes through HTTP and server-sent events, llama.cpp as well as
we.

    python bench/engine.py [--repetitions 5] [--quick] [--without transformers]
"""

import argparse
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import engine_model
from engine_peers import (
    Peer,
    start_in_process,
    start_native,
    start_transformers,
    start_worker,
    start_xllamacpp,
)
from machine import busy_seconds, cpu_seconds, memory_mb, two_cores
from report import result_line, table, write_json

PROMPT, ANSWER, LONG_PROMPT = 128, 128, 1024

Measures = dict[str, dict[str, list[float]]]


def random_prompts(generator: random.Random, count: int, length: int) -> list[list[int]]:
    """Distinct, so that no cache of beginnings helps."""
    first, last = engine_model.FIRST_PLAIN_TOKEN, engine_model.VOCABULARY - 1
    return [[generator.randint(first, last) for _ in range(length)] for _ in range(count)]


def prefill(peer: Peer, generator: random.Random) -> dict[str, float]:
    """Prompt tokens a second of one long prompt."""
    prompts = random_prompts(generator, 1, LONG_PROMPT)
    start = time.perf_counter()
    (answer,) = peer.generate(prompts, 1)
    return {"prefill": LONG_PROMPT / (answer.first - start)}


def one_stream(peer: Peer, generator: random.Random) -> dict[str, float]:
    """Tokens a second after the first, and milliseconds to the first."""
    prompts = random_prompts(generator, 1, PROMPT)
    start = time.perf_counter()
    (answer,) = peer.generate(prompts, ANSWER)
    return {"1": (ANSWER - 1) / (answer.last - answer.first), "ttft_ms": 1000 * (answer.first - start)}


def streams(count: int) -> Callable[[Peer, random.Random], dict[str, float]]:
    """Tokens a second of all answers together, prompts included."""

    def measure(peer: Peer, generator: random.Random) -> dict[str, float]:
        prompts = random_prompts(generator, count, PROMPT)
        start = time.perf_counter()
        answers = peer.generate(prompts, ANSWER)
        return {str(count): count * ANSWER / (max(answer.last for answer in answers) - start)}

    return measure


def run(peers: list[Peer], repetitions: int, generator: random.Random) -> tuple[Measures, float]:
    """All measures of all peers, in turns, and the largest foreign load in cores meanwhile."""
    measures: Measures = {peer.name: {} for peer in peers}
    foreign = 0.0
    for repetition in range(repetitions):
        for workload in (prefill, one_stream, streams(8), streams(32)):
            turn = peers if repetition % 2 == 0 else peers[::-1]
            for peer in turn:
                if peer.name.startswith("transformers") and repetition >= 2:
                    continue  # far behind and slow: two repetitions tell it
                before = time.perf_counter(), busy_seconds(), cpu_seconds(os.getpid())
                for key, value in workload(peer, generator).items():
                    measures[peer.name].setdefault(key, []).append(value)
                elapsed = time.perf_counter() - before[0]
                busy = busy_seconds() - before[1] - (cpu_seconds(os.getpid()) - before[2])
                foreign = max(foreign, busy / elapsed)
        print(f"repetition {repetition + 1} of {repetitions} done", flush=True)
    return measures, foreign


def longest_stall_ms(folder: Path, threads: int) -> float:
    """How long another thread of the engine's process stands still during a 1,024-token prefill, in ms."""
    from pleiade.engines.text_openvino.engine import load_engine
    from pleiade.engines.text_openvino.generation import GenerationRequest

    engine = load_engine(folder, threads=threads, speculation="off")
    done = threading.Event()
    engine.start(lambda events: done.set())
    stalls: list[float] = []
    prompts = random_prompts(random.Random(5), 4, LONG_PROMPT)
    for number, prompt in enumerate(prompts):
        done.clear()
        engine.submit(GenerationRequest(id=str(number), prompt=prompt, max_tokens=1))
        longest, last = 0.0, time.perf_counter()
        while not done.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        stalls.append(1000 * longest)
    engine.stop()
    return statistics.median(stalls[1:])


def main() -> None:
    """Build the model, start everybody, measure, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one repetition, for a first look")
    parser.add_argument("--without", action="append", default=[], help="leave a peer out: transformers")
    options = parser.parse_args()
    threads = len(two_cores())
    generator = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="pleiade-bench-") as temporary:
        folder, gguf = Path(temporary) / "bench", Path(temporary) / "bench-q8_0.gguf"
        weights, words = engine_model.make_weights(), engine_model.make_vocabulary()
        engine_model.write_folder(folder, weights, words)
        engine_model.write_gguf(gguf, weights, words)
        del weights
        stall = longest_stall_ms(folder, threads)
        peers = [
            start_in_process(folder, threads),
            start_worker(folder, threads),
            start_xllamacpp(gguf, threads),
        ]
        if native := start_native(gguf, threads):
            peers.append(native)
        if "transformers" not in options.without:
            peers.append(start_transformers(folder, threads))
        try:
            for peer in peers:
                print(f"{peer.name}: {' '.join(peer.command)}", flush=True)
                peer.generate(random_prompts(generator, 2, PROMPT), 8)  # warm
            measures, foreign = run(peers, 1 if options.quick else options.repetitions, generator)
            memory = {peer.name: memory_mb(peer.process.pid) for peer in peers}
        finally:
            for peer in peers:
                peer.close()
    report(measures, memory, foreign, stall)


def report(measures: Measures, memory: dict[str, float], foreign: float, stall: float) -> None:
    """The table, the JSON and the line of results."""
    medians = {
        name: {key: statistics.median(values) for key, values in keys.items()} for name, keys in measures.items()
    }
    columns = {"prefill": "prefill tok/s", "ttft_ms": "first token ms", "1": "1 stream", "8": "8", "32": "32"}
    rows = [
        [name, *(f"{values[key]:.1f}" for key in columns), f"{memory[name]:.0f}"] for name, values in medians.items()
    ]
    print(table(["engine", *columns.values(), "memory MB"], rows))
    print(f"longest stall of another thread during a {LONG_PROMPT}-token prefill: {stall:.1f} ms")
    print(f"largest foreign load during a measurement: {foreign:.2f} cores")
    llama = [values for name, values in medians.items() if "llama" in name]
    ours = medians["pleiade worker"]
    result = {f"engine_{count}": ours[count] / max(values[count] for values in llama) for count in ("1", "8", "32")}
    result["worker_8"] = ours["8"] / medians["pleiade in process"]["8"]
    content = {
        "medians": medians,
        "all": measures,
        "memory_mb": memory,
        "foreign": foreign,
        "stall_ms": stall,
    }
    write_json("engine", content | {"result": result})
    print(result_line(result))


if __name__ == "__main__":
    main()
