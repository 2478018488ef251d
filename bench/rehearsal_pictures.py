"""The recipe of a picture model, one command, at toy size: a minute or two here find what would cost a GPU's.

The command is stopped once in every stage, by a signal as a time limit sends it, and in one stage killed without any;
it is given again until it is finished. A run that nothing stopped must end on the same bits.

    python bench/rehearsal_pictures.py [--source FOLDER] [--keep FOLDER]
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pleiade.lab.checkpoint import latest_checkpoint, load_weights
from pleiade.lab.dalle.stages import STAGES

STOPPED = 3
KILLED = "few"  # the stage that ends without a farewell
SHAPE = ("model.size=32", "model.patch=8", "enlarger.crop=16")
LENGTHS = {"encoder": "encoder.loop", "base": "loop", "few": "few.loop", "enlarger": "enlarger.loop"}
SHORT = tuple(
    f"{key}.{what}" for key in LENGTHS.values() for what in ("steps=40", "checkpoint_steps=10", "log_steps=20")
)
COLOURS = {"red": "#d22", "blue": "#24d", "green": "#2a4", "black": "#000"}
SHAPES = {
    "disc": '<circle cx="12" cy="12" r="9" fill="{0}"/>',
    "bar": '<path fill="{0}" d="M3 9h18v6H3z"/>',
    "boxes": '<path fill="{0}" d="M3 3h7v7H3zM14 14h7v7h-7z"/>',
    "kite": '<path fill="{0}" d="M12 2l8 8-8 12-8-12z"/>',
    "roof": '<path fill="{0}" d="M2 20 12 4l10 16z"/>',
}


def main() -> None:
    """Rehearse in a temporary folder, or in one that stays."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--source", type=Path, help="drawings to train on [default: some are made]")
    options.add_argument("--keep", type=Path, help="work there and leave everything")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="pleiade-rehearsal-") as temporary:
        folder = given.keep or Path(temporary)
        source, data = given.source or _draw(folder / "drawings"), folder / "pictures"
        build = [sys.executable, "-m", "pleiade.lab.dalle.data", "--source", str(source), "--out", str(data)]
        _run([*build, "--size", "32", "--large", "0.999"])
        stopped, whole = _command(data, folder / "run"), _command(data, folder / "whole")
        for stage in STAGES:
            _stop_in(stage, stopped, folder / "run")
        _run(stopped)
        _run(whole)
        for stage in STAGES:
            _same_bits(folder / "run" / stage, folder / "whole" / stage)
        config = json.loads((folder / "run" / "export" / "config.json").read_text("utf-8"))
        if not config["few_step"] or config["files"].keys() != {"text", "picture", "encoder", "words", "enlarger"}:
            raise SystemExit(f"the export is not whole: {config}")
    print(f"result: stages={len(STAGES)}")


def _command(data: Path, run: Path) -> list[str]:
    """The documented command, whose preset alone is smaller."""
    command = [sys.executable, "-m", "pleiade.cli", "train", "pix-toy", *SHAPE, *SHORT]
    return [*command, "--data", str(data), "--run", str(run), "--processes", "1"]


def _stop_in(stage: str, command: list[str], run: Path) -> None:
    """Give the command, and stop it when that stage has made its first steps past a checkpoint."""
    process = subprocess.Popen(command)
    metrics = run / stage / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.read_bytes().count(b"\n") > 12):
        time.sleep(0.02)
    if process.poll() is not None:
        raise SystemExit(f"it ended with {process.returncode} before it could be stopped in {stage}")
    if stage == KILLED:
        rank = json.loads((run / stage / "events.jsonl").read_text("utf-8").splitlines()[-1])["pid"]
        os.kill(rank, signal.SIGKILL)
    else:
        process.send_signal(signal.SIGTERM)
    status = process.wait()
    print(f"{stage}: stopped with {status}", flush=True)
    if stage != KILLED and status != STOPPED:
        raise SystemExit(f"{stage} ended with {status} instead of {STOPPED}")


def _run(command: list[str]) -> None:
    if status := subprocess.run(command, check=False).returncode:
        raise SystemExit(f"{' '.join(command)} ended with {status}")


def _same_bits(one: Path, other: Path) -> None:
    paths = [latest_checkpoint(folder) for folder in (one, other)]
    if paths[0] is None or paths[1] is None or paths[0].name != paths[1].name:
        raise SystemExit(f"{one} and {other} did not come equally far: {paths}")
    ours, theirs = (load_weights(path) for path in paths if path is not None)
    differing = [name for name in ours if not ours[name].equal(theirs[name])]
    if differing:
        raise SystemExit(f"{one} ended on other bits than {other}: {', '.join(differing)}")


def _draw(folder: Path) -> Path:
    """A few drawings of our own."""
    for shape, path in SHAPES.items():
        (folder / "outline").mkdir(parents=True, exist_ok=True)
        for name, colour in COLOURS.items():
            svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{path.format(colour)}</svg>'
            (folder / "outline" / f"{name}-{shape}.svg").write_text(svg, "utf-8")
    (folder / "LICENCE.txt").write_text("CC0-1.0\n", "utf-8")
    return folder


if __name__ == "__main__":
    main()
