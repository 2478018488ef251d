"""Pleiade's picture engine beside torch in a loop as diffusers has it, and beside onnxruntime on the same graphs.

One network of random weights, one prompt, one picture at a time at the network's own size: what is measured is how
fast it is drawn, not what it shows. All draw as many candidates with as many steps, and drop as many after as many.
Ours reads as much of a caption as there are words; the others read it padded, as diffusers' pipelines do.
Ours is asked over HTTP, the others in their own process. They take turns within each round; medians are reported.

    python bench/images.py [--preset pix-6m] [--few] [--rounds 5] [--quick]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from images_model import PROMPT
from machine import busy_seconds, cpu_seconds, free_port, process_tree, two_cores
from report import result_line, table, write_json

TOKEN = "bench"
QUALITIES = ("low", "medium", "high")
OURS = "pleiade worker"


@dataclass
class Peer:
    """A running engine; `draw` gives the seconds of one picture of a quality."""

    name: str
    process: subprocess.Popen[str]
    draw: Callable[[str], float]
    started: float  # seconds until it was ready

    def close(self) -> None:
        """End the process that we started."""
        self.process.terminate()
        self.process.wait(30)


def start_worker(folder: Path, threads: int, size: int) -> Peer:
    """Our worker over HTTP."""
    port = free_port()
    command = [sys.executable, "-m", "pleiade.engines.image_openvino", "--model", str(folder), "--model-id", "bench"]
    command += ["--port", str(port), "--threads", str(threads)]
    begin = time.perf_counter()
    quiet = None if os.environ.get("BENCH_VERBOSE") else subprocess.DEVNULL
    process = subprocess.Popen(command, stderr=quiet, text=True, env=os.environ | {"PLEIADE_ENGINE_TOKEN": TOKEN})
    url = f"http://127.0.0.1:{port}"
    while not _healthy(url):
        if process.poll() is not None:
            raise SystemExit(f"our worker did not start; run it by hand: {' '.join(command)}")
        time.sleep(0.02)

    def draw(quality: str) -> float:
        start = time.perf_counter()
        with urllib.request.urlopen(_request(url, quality, f"{size}x{size}")) as answer:
            json.load(answer)
        return time.perf_counter() - start

    return Peer(OURS, process, draw, time.perf_counter() - begin)


def first_partial(peer: Peer, size: int) -> tuple[float, float]:
    """Seconds to the first partial picture of a stream at medium quality, and of a whole picture of 1024 pixels."""
    url = f"http://127.0.0.1:{peer.process.args[peer.process.args.index('--port') + 1]}"  # type: ignore[index,union-attr]
    start = time.perf_counter()
    with urllib.request.urlopen(_request(url, "medium", f"{size}x{size}", stream=True, partial_images=1)) as answer:
        answer.readline()
        partial = time.perf_counter() - start
        answer.read()
    start = time.perf_counter()
    with urllib.request.urlopen(_request(url, "medium", "1024x1024")) as answer:
        answer.read()
    return partial, time.perf_counter() - start


def start_child(name: str, kind: str, preset: str, folder: Path, threads: int, precision: str) -> Peer:
    """A peer of images_child.py."""
    described = json.loads((folder / "config.json").read_text("utf-8"))
    script = Path(__file__).with_name("images_child.py")
    command = [sys.executable, str(script), kind, preset, str(folder), str(threads), precision]
    begin = time.perf_counter()
    quiet = None if os.environ.get("BENCH_VERBOSE") else subprocess.DEVNULL
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet, text=True, bufsize=1
    )
    assert process.stdin is not None
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        raise SystemExit(f"{name} did not start; run it by hand: {' '.join(command)}")
    questions, answers = process.stdin, process.stdout

    def draw(quality: str) -> float:
        asked = {"steps": described["steps"][quality], "candidates": described["best_of"][quality]}
        questions.write(json.dumps(asked) + "\n")
        return float(answers.readline())

    return Peer(name, process, draw, time.perf_counter() - begin)


def _request(url: str, quality: str, size: str, **more: object) -> urllib.request.Request:
    body = {"prompt": PROMPT, "quality": quality, "size": size, "seed": 1, **more}
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    return urllib.request.Request(f"{url}/v1/images/generations", json.dumps(body).encode(), headers)


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def peak_mb(pid: int) -> float:
    """The largest resident memory that a process and its children have had, in MB (1e6 bytes)."""
    lines = [line for one in process_tree(pid) for line in Path(f"/proc/{one}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def main() -> None:
    """Export the model, start everybody, measure, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="pix-6m", help="pix-toy, pix-6m (64 pixels) or pix-25m (128 pixels)")
    parser.add_argument("--few", action="store_true", help="a distilled model, of few steps [default: as pleiade-pix]")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one round, for a first look")
    options = parser.parse_args()
    threads, preset = len(two_cores()), options.preset
    with tempfile.TemporaryDirectory(prefix="pleiade-bench-") as temporary:
        folder = Path(temporary) / "pix"
        script = Path(__file__).with_name("images_model.py")
        kind = "few" if options.few else "base"
        subprocess.run([sys.executable, str(script), preset, str(folder), kind], check=True)
        size = json.loads((folder / "config.json").read_text("utf-8"))["size"]
        peers: list[Peer] = []
        try:
            peers.append(start_worker(folder, threads, size))
            for precision in ("f32", "bf16"):
                peers.append(start_child(f"torch eager {precision}", "torch", preset, folder, threads, precision))
            peers.append(start_child("onnxruntime f32", "onnxruntime", preset, folder, threads, "f32"))
            measures, partials, foreign = run(peers, 1 if options.quick else options.rounds, size)
            memory = {peer.name: peak_mb(peer.process.pid) for peer in peers}
        finally:
            for peer in peers:
                peer.close()
    report(f"{preset} ({kind})", size, measures, partials, memory, {peer.name: peer.started for peer in peers}, foreign)


Measures = dict[str, dict[str, list[float]]]


def run(peers: list[Peer], rounds: int, size: int) -> tuple[Measures, list[tuple[float, float]], float]:
    """Seconds of all peers at all qualities, in turns; our partials; the largest foreign load in cores meanwhile."""
    for peer in peers:
        for quality in QUALITIES:
            peer.draw(quality)  # warm
    measures: Measures = {peer.name: {quality: [] for quality in QUALITIES} for peer in peers}
    partials, foreign = [], 0.0
    for number in range(rounds):
        for quality in QUALITIES:
            for peer in peers if number % 2 == 0 else peers[::-1]:
                before = time.perf_counter(), busy_seconds(), cpu_seconds(os.getpid())
                measures[peer.name][quality].append(peer.draw(quality))
                elapsed = time.perf_counter() - before[0]
                if elapsed > 0.2:  # below, the machine's own counters are too coarse
                    busy = busy_seconds() - before[1] - (cpu_seconds(os.getpid()) - before[2])
                    foreign = max(foreign, busy / elapsed)
        partials.append(first_partial(peers[0], size))
        print(f"round {number + 1} of {rounds} done", flush=True)
    return measures, partials, foreign


def report(
    preset: str,
    size: int,
    measures: Measures,
    partials: list[tuple[float, float]],
    memory: dict[str, float],
    started: dict[str, float],
    foreign: float,
) -> None:
    """The table, the JSON and the line of results."""
    medians = {
        name: {quality: statistics.median(seconds) for quality, seconds in by_quality.items()}
        for name, by_quality in measures.items()
    }
    rows = [
        [name, *(f"{values[quality]:.3f}" for quality in QUALITIES), f"{started[name]:.1f}", f"{memory[name]:.0f}"]
        for name, values in medians.items()
    ]
    print(f"{preset}, {size} x {size} pixels, seconds per picture")
    print(table(["engine", *QUALITIES, "start s", "peak MB"], rows))
    partial, large = (statistics.median(values) for values in zip(*partials, strict=True))
    print(f"first partial picture of a stream after {1000 * partial:.0f} ms; 1024 x 1024 in {large:.2f} s")
    print(f"largest foreign load during a measurement: {foreign:.2f} cores")
    ours = medians[OURS]["medium"]
    torch = min(values["medium"] for name, values in medians.items() if name.startswith("torch"))
    result = {
        "image_seconds": ours,
        "image_torch": torch / ours,
        "image_onnx": medians["onnxruntime f32"]["medium"] / ours,
    }
    content = {
        "preset": preset,
        "size": size,
        "medians": medians,
        "all": measures,
        "memory_mb": memory,
        "start_s": started,
        "first_partial_s": partial,
        "large_s": large,
        "foreign": foreign,
    }
    write_json("images", content | {"result": result})
    print(result_line(result))


if __name__ == "__main__":
    main()
