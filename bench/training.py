"""Our training loop beside nanoGPT's and nanochat's: tokens a second at one shape, and time to one validation loss.

Speed: all contestants have the same matrices (parameters and FLOPs a token are printed), rows, batch and precision,
torch.compile where there is a compiler, and the environment of `pleiade train`. They are loaded and warm together and
take turns. nanoGPT runs in the layouts that a CPU offers, one process with a thread a core and one process a core;
the faster one counts. Ours runs as `pleiade train` starts it.

Time: nanoGPT's recipe (AdamW, warm-up, cosine, the best learning rate of those tried) trains to the end of its
schedule; the loss that it reaches on the validation rows is the target. Ours (Muon, WSD, the rates of the presets)
trains on the same stream of rows until it is there. Neither compilation nor looks at the validation loss count as time.

    python bench/training.py [--nanogpt DIR] [--nanochat DIR] [--data FOLDER] [--quick]
"""

import argparse
import math
import os
import shutil
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pleiade.lab.events.flops import peak
from pleiade.lab.launch import default_ranks
from report import result_line, table, write_json
from training_child import DEVICE, Job, Shape
from training_text import write_text
from training_turns import (
    WARM_STEPS,
    Contestant,
    learning_curve,
    start,
    step_seconds,
    take_turns,
)

PEERS = {"nanogpt": "nanoGPT", "nanochat": "nanochat"}
NEVER = 1_000_000


@dataclass(frozen=True)
class Size:
    """How much is measured: a shape for speed and one for learning, and how long each takes."""

    fast: Shape
    fast_rows: int
    fast_micro_rows: int
    rounds: int
    turn_seconds: float
    learn: Shape
    learn_rows: int
    learn_micro_rows: int
    steps: int
    tuning_steps: int
    rates: tuple[float, ...]
    looks: int
    validation_rows: int
    characters: int
    compile: bool = True


# Vocabulary, depth, rows and batch of the presets mini (on a GPU) and pico, with widths that give equal matrices.
FULL = Size(
    *(Shape(8192, 384, 4, 6, 256), 64, 32, 4, 10.0),
    *(Shape(8192, 192, 4, 3, 256), 32, 16, 240, 40, (1.5e-3, 3e-3, 6e-3), 12, 64, 14_000_000),
)
GPU = Size(
    *(Shape(32768, 768, 12, 6, 1024), 64, 32, 5, 12.0),
    *(Shape(32768, 384, 6, 6, 512), 64, 32, 800, 150, (1e-3, 2e-3, 4e-3), 16, 256, 60_000_000),
)
QUICK = Size(
    *(Shape(2048, 192, 2, 3, 256), 16, 8, 2, 3.0),
    *(Shape(2048, 192, 2, 3, 256), 16, 8, 48, 12, (3e-3,), 6, 16, 2_500_000),
)
TOY = Size(
    *(Shape(512, 48, 2, 2, 64), 4, 4, 1, 0.5),
    *(Shape(512, 48, 2, 2, 64), 4, 4, 12, 4, (3e-3,), 2, 4, 300_000, False),
)
# How long our run is, as shares of nanoGPT's steps: the first that comes to the target counts.
SHARES = (0.5, 0.75, 1.0, 1.5)


@dataclass(frozen=True)
class Layout:
    """Processes and threads of a contestant, and how many rows pass through the model together."""

    processes: int
    threads: int
    micro_rows: int

    def __str__(self) -> str:
        return f"{self.processes} x {self.threads}"


def layouts(contestant: str, rows: int, micro_rows: int) -> list[Layout]:
    """The ways in which a contestant is run here."""
    if DEVICE.type == "cuda":
        return [Layout(1, 1, micro_rows)]
    ranks, cores = default_ranks(rows // micro_rows), len(os.sched_getaffinity(0))
    apart, together = Layout(ranks, 1, micro_rows), Layout(1, cores, rows)
    if contestant == "pleiade":
        return [apart]
    # nanochat on several processes needs an average that gloo does not have.
    return [together, apart] if contestant == "nanogpt" and ranks > 1 else [together]


class Bench:
    """What all measurements share: size, folders, peers; and the contestants that have to be ended."""

    def __init__(self, size: Size, folder: Path, peers: dict[str, str]) -> None:
        self.size, self.folder, self.peers = size, folder, peers
        self.started: list[Contestant] = []

    def start(self, contestant: str, layout: Layout, name: str, **job: Any) -> Contestant:
        """A contestant that is warm and stands still."""
        notes = self.folder / f"{len(self.started)}.jsonl"
        # Without a compiler our loop says so and goes on; the peers would fail, so they run as we do.
        compiler = DEVICE.type == "cuda" or shutil.which("g++") is not None
        whole = Job(
            contestant=contestant,
            checkout=self.peers.get(contestant, ""),
            text=str(self.folder / "text"),
            notes=str(notes),
            compile=self.size.compile and compiler,
            threads=layout.threads,
            micro_rows=layout.micro_rows,
            **job,
        )
        started = start(name, whole, layout.processes)
        self.started.append(started)
        started.wait_for_step(WARM_STEPS)
        started.stand()
        print(f"{name} is warm", flush=True)
        return started

    def close(self) -> None:
        """End all."""
        for contestant in self.started:
            contestant.close()


def measure_speed(bench: Bench) -> dict[str, Any]:
    """Tokens a second of every contestant in every layout, with parameters, FLOPs a token and MFU."""
    size, entries = bench.size, []
    for contestant in ("pleiade", *bench.peers):
        for layout in layouts(contestant, size.fast_rows, size.fast_micro_rows):
            name = f"{PEERS.get(contestant, contestant)} {layout}"
            job = {"shape": size.fast, "rows": size.fast_rows, "steps": NEVER, "warmup_steps": 60}
            entries.append((contestant, layout, bench.start(contestant, layout, name, **job)))
    spans = take_turns([entry for _, _, entry in entries], size.rounds, size.turn_seconds)
    most, source = device_peak()
    print(f"peak: {most / 1e12:.2f} TFLOP/s ({source})")
    measured: dict[str, Any] = {"peak": most, "peak_source": source, "contestants": {}}
    step_tokens = size.fast_rows * size.fast.seq_len
    for contestant, layout, entry in entries:
        durations = step_seconds(entry, spans[entry.name])
        facts, rate = entry.facts(), step_tokens / statistics.median(durations)
        measured["contestants"][entry.name] = {
            "contestant": contestant,
            "layout": [layout.processes, layout.threads, layout.micro_rows],
            "parameters": facts["parameters"],
            "flops": facts["flops"],
            "tokens_per_s": rate,
            "mfu": rate * facts["flops"] / most,
            "cpu_us_per_token": 1e6 * entry.cpu_seconds_per_step() / step_tokens,
            "steps": len(durations),
        }
        entry.close()
    return measured


def device_peak() -> tuple[float, str]:
    """FLOPs a second that 100 % MFU stands for (NaN for a GPU that we have no data sheet of), and how we know."""
    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    known = peak(DEVICE, torch.bfloat16, 1)
    if known is None:
        return math.nan, "unknown"
    what = torch.cuda.get_device_name(0) if DEVICE.type == "cuda" else f"the best product of matrices on {cores} cores"
    return known.flops, f"{known.source}: {what}"


def best_of(measured: dict[str, Any], contestant: str) -> dict[str, Any] | None:
    """The fastest layout of a contestant."""
    mine = [entry for entry in measured["contestants"].values() if entry["contestant"] == contestant]
    return max(mine, key=lambda entry: float(entry["tokens_per_s"]), default=None)


def beyond(reached: dict[float, float]) -> list[float]:
    """The learning rates to try next, given some with their losses: one further while the best is at an end of them."""
    best = min(reached, key=lambda rate: reached[rate] if math.isfinite(reached[rate]) else math.inf)
    return [best / 2] * (best == min(reached)) + [best * 2] * (best == max(reached))


def measure_learning(bench: Bench, nanogpt_layout: Layout | None) -> dict[str, Any]:
    """Validation loss over training time, ours and (with a layout for it) nanoGPT's, and the times to its loss."""
    size = bench.size
    (ours_layout,) = layouts("pleiade", size.learn_rows, size.learn_micro_rows)
    common = {"shape": size.learn, "rows": size.learn_rows, "validation_rows": size.validation_rows}

    def begin(contestant: str, layout: Layout, name: str, steps: int, looks: int, **job: Any) -> Contestant:
        every, warmup = max(1, steps // looks), max(2, steps // 12)
        return bench.start(
            contestant, layout, name, steps=steps, warmup_steps=warmup, evaluate_every=every, **common, **job
        )

    if nanogpt_layout is None:
        entry = begin("pleiade", ours_layout, "pleiade", round(SHARES[0] * size.steps), size.looks)
        take_turns([entry], None, NEVER)
        return {"curves": {"pleiade": learning_curve(entry)}}
    reached = {}
    waiting = list(size.rates) if len(size.rates) > 1 else []
    while waiting:
        rate = waiting.pop(0)
        name = f"nanoGPT at {rate:g}"
        entry = begin("nanogpt", nanogpt_layout, name, size.tuning_steps, 1, learning_rate=rate)
        take_turns([entry], None, NEVER)
        reached[rate] = entry.notes()[-1]["loss"]
        print(f"{name}: {reached[rate]:.4f} nats per token after {size.tuning_steps} steps", flush=True)
        if not waiting:
            waiting = beyond(reached)
    rate = min(reached, key=lambda key: reached[key]) if reached else size.rates[0]
    theirs = begin("nanogpt", nanogpt_layout, f"nanoGPT {rate:g}", size.steps, size.looks, learning_rate=rate)
    seconds, ours_curve = math.inf, []
    for share in SHARES:
        ours = begin("pleiade", ours_layout, f"pleiade {share:g}", round(share * size.steps), size.looks)
        take_turns([theirs, ours], None, size.turn_seconds)  # nanoGPT has ended after the first time
        their_curve, ours_curve = learning_curve(theirs), learning_curve(ours)
        target = their_curve[-1]["loss"]
        seconds = seconds_to(ours_curve, target)
        if seconds < math.inf:
            break
        print(f"{ours.name} ended at {ours_curve[-1]['loss']:.4f}, above {target:.4f}: a longer run", flush=True)
    return {
        "rates": {f"{key:g}": value for key, value in reached.items()},
        "rate": rate,
        "target": target,
        "seconds": {"nanogpt": their_curve[-1]["seconds"], "pleiade": seconds},
        "curves": {"nanogpt": their_curve, "pleiade": ours_curve},
    }


def seconds_to(curve: list[dict[str, float]], target: float) -> float:
    """When a curve comes to `target`, on a straight line between two looks; infinity if it does not."""
    for before, after in zip([curve[0], *curve], curve, strict=False):
        if after["loss"] <= target:
            fall = before["loss"] - after["loss"]
            share = (before["loss"] - target) / fall if fall > 0 else 1.0
            return before["seconds"] + max(0.0, share) * (after["seconds"] - before["seconds"])
    return math.inf


def options_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for key, name in PEERS.items():
        parser.add_argument(f"--{key}", type=Path, metavar="DIR", help=f"a checkout of {name}")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="JSON lines to learn instead of our own text")
    parser.add_argument("--quick", action="store_true", help="small and short, for a first look")
    parser.add_argument("--toy", action="store_true", help="smaller still: only shows that it runs")
    return parser.parse_args()


def main() -> None:
    """Measure, tell."""
    options = options_of()
    peers: dict[str, str] = {}
    for key, name in PEERS.items():
        folder = getattr(options, key)
        if folder is None:
            print(f"{name} is absent: give a checkout with --{key} DIR; the rest is measured")
        elif not folder.is_dir():
            raise SystemExit(f"--{key} {folder}: no such folder")
        else:
            peers[key] = str(folder.resolve())
    size = TOY if options.toy else QUICK if options.quick else GPU if DEVICE.type == "cuda" else FULL
    with tempfile.TemporaryDirectory(prefix="pleiade-bench-") as temporary:
        bench = Bench(size, Path(temporary), peers)
        try:
            text = write_text(options.data, bench.folder / "text", size.fast.vocabulary, size.characters)
            print(text, flush=True)
            speed = measure_speed(bench)
            nanogpt = best_of(speed, "nanogpt")
            print_speed(speed, size)
            learning = measure_learning(bench, layout_of(nanogpt, size) if nanogpt else None)
        finally:
            bench.close()
    ours = best_of(speed, "pleiade")
    assert ours is not None
    result = {"train_tokens": math.nan, "train_time": math.nan}
    if nanogpt:
        result["train_tokens"] = ours["tokens_per_s"] / nanogpt["tokens_per_s"]
        result["train_time"] = learning["seconds"]["pleiade"] / learning["seconds"]["nanogpt"]
    print_learning(learning)
    if nanogpt and not (options.quick or options.toy):
        where = torch.cuda.get_device_name(0) if DEVICE.type == "cuda" else "CPU"
        content = {"text": text, "device": where, "shapes": shapes_in_words(size), "speed": speed, "learning": learning}
        write_json("training", content | {"result": result})
    print(result_line(result))


def layout_of(entry: dict[str, Any], size: Size) -> Layout:
    """A measured layout, with the rows of the learning runs."""
    processes, threads, micro_rows = entry["layout"]
    together = micro_rows == size.fast_rows
    return Layout(processes, threads, size.learn_rows if together else size.learn_micro_rows)


def shapes_in_words(size: Size) -> dict[str, str]:
    """Both shapes and their batches, for people."""
    return {
        name: f"{shape.layers} layers of {shape.width} with {shape.heads} heads, {shape.vocabulary:,} tokens in the "
        f"vocabulary, {rows} rows of {shape.seq_len} a step"
        for name, shape, rows in (("speed", size.fast, size.fast_rows), ("learning", size.learn, size.learn_rows))
    }


def print_speed(speed: dict[str, Any], size: Size) -> None:
    """The table of speeds."""
    print(shapes_in_words(size)["speed"])
    rows = [
        [
            name,
            f"{entry['parameters'] / 1e6:.2f}",
            f"{entry['flops'] / 1e6:.1f}",
            f"{entry['tokens_per_s']:,.0f}",
            f"{100 * entry['mfu']:.1f}",
            f"{entry['cpu_us_per_token']:.1f}",
        ]
        for name, entry in speed["contestants"].items()
    ]
    header = ["processes x threads", "M parameters", "MFLOPs/token", "tokens/s", "MFU %", "CPU µs/token"]
    print(table(header, rows), flush=True)


def print_learning(learning: dict[str, Any]) -> None:
    """Both curves' ends, and the times to the target."""
    for name, curve in learning["curves"].items():
        last = curve[-1]
        print(f"{name}: {last['loss']:.4f} nats per token after {last['step']} steps and {last['seconds']:.1f} s")
    if "target" in learning:
        seconds = learning["seconds"]
        print(f"to {learning['target']:.4f}: nanoGPT {seconds['nanogpt']:.1f} s, ours {seconds['pleiade']:.1f} s")


if __name__ == "__main__":
    main()
