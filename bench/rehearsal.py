"""The recipe of the shipped family, one command a stage, at toy size: a minute here finds what would cost a GPU's.

Each command is stopped once in the middle, as a time limit would, and given again until it is finished.

    python bench/rehearsal.py [--data FOLDER] [--keep FOLDER]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pleiade.lab.chain import way_to

ROOT = Path(__file__).parents[1]
STAGES = ("base", "code", "chat", "reward", "rloo")
STOPPED = 3
SHAPE = ("model.vocab_size=512", "model.hidden_size=64", "model.num_layers=2", "model.num_heads=2", "model.head_dim=32")
SHORT = (
    *("model.num_kv_heads=1", "model.ffn_size=128", "model.max_position=512", "tokenizer_megabytes=1"),
    *(
        "loop.steps=60",
        "rows=8",
        "micro_rows=4",
        "stream.seq_len=64",
        "stream.piece_tokens=128",
        "stream.fim_tokens=48",
    ),
    *(
        "code.loop.steps=60",
        "code.rows=8",
        "code.micro_rows=4",
        "code.stream.seq_len=64",
        "code.stream.piece_tokens=128",
    ),
    *("code.stream.fim_tokens=64", "replay_rows=2", "chat.epochs=0.1", "chat.rows=8", "chat.micro_rows=4"),
    *("reward.epochs=0.2", "reward.rows=8", "reward.micro_rows=8", "dpo.num_prompts=40", "dpo.max_tokens=8"),
    *("dpo.margin=0.0", "dpo.num_answers=4", "rloo.num_prompts=140", "rloo.max_tokens=8", "rloo.num_answers=2"),
    *(f"{s}.loop.compile=false" for s in ("code", "chat", "reward", "dpo.stage", "rloo.stage")),
    *("loop.compile=false", "loop.log_steps=20"),
)


def main() -> None:
    """Rehearse in a temporary folder, or in one that stays."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=ROOT / "docs", help="text to train on [default: docs]")
    options.add_argument("--keep", type=Path, help="work there and leave everything")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="pleiade-rehearsal-") as temporary:
        run = given.keep or Path(temporary) / "run"
        code = _little_code(Path(temporary))
        for stage in STAGES:
            _go(stage, run, given.data, f"code.recipe={code}")
        stages = {row["stage"] for row in json.loads((run / "report.json").read_text("utf-8"))}
        missing = {part for stage in STAGES for part in way_to(stage)} - stages
        if missing:
            raise SystemExit(f"not trained: {', '.join(sorted(missing))}")
    print(f"result: stages={len(stages)}")


def _go(stage: str, run: Path, data: Path, *changes: str) -> None:
    """The documented command, stopped once when it has begun to train, then given until it ends."""
    command = [sys.executable, "-m", "pleiade.cli", "train", "nano", *SHAPE, *SHORT, *changes]
    command += ["--data", str(data), "--run", str(run), "--until", stage]
    first = subprocess.Popen(command)
    metrics = run / stage / "metrics.jsonl"
    while first.poll() is None and not (metrics.exists() and metrics.read_bytes().count(b"\n") > 2):
        time.sleep(0.05)
    first.terminate()
    status = first.wait()
    print(f"{stage}: stopped with {status}", flush=True)
    while status == STOPPED:
        status = subprocess.run(command, check=False).returncode
    if status:
        raise SystemExit(f"{stage} ended with {status}")


def _little_code(folder: Path) -> Path:
    """A recipe of this repository's sources: the installation's own takes minutes to read."""
    texts = folder / "code"
    texts.mkdir()
    for number, path in enumerate(sorted((ROOT / "src").rglob("*.py"))[:200]):
        (texts / f"{number}.txt").write_text(path.read_text("utf-8"), "utf-8")
    recipe = folder / "code.toml"
    recipe.write_text(
        f'name = "code"\n[[sources]]\npath = "{texts}"\n[sources.filters]\ndetect_language = false\n', "utf-8"
    )
    return recipe


if __name__ == "__main__":
    main()
