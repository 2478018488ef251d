"""`python -m pleiade.lab.moderation --data FOLDER --run RUN`: one run, in a process of its own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pleiade.lab.moderation.fit import FitConfig
from pleiade.lab.moderation.options import read_overrides
from pleiade.lab.moderation.run import train_moderation

READER = Path(__file__).parents[2] / "registry" / "bundled" / "pleiade-gpt-pico"


def main(arguments: list[str]) -> int:
    """Train, and print what was measured; 1 where the data is not there."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.moderation")
    parser.add_argument("--data", type=Path, required=True, help="folder with post/…, pretrain/… and eval/…")
    parser.add_argument("--run", type=Path, required=True, help="where everything goes")
    parser.add_argument("overrides", nargs="*")
    given = parser.parse_args(arguments)
    plan = read_overrides(given.overrides)
    config = FitConfig(buckets=plan.buckets, epochs=plan.epochs, learning_rate=plan.learning_rate)
    try:
        record = train_moderation(given.data, given.run, config, READER if plan.compare else None)
    except FileNotFoundError as error:
        print(f"{error.filename} is missing: --data must hold the sets that docs/data.md tells of", file=sys.stderr)
        return 1
    for name, languages in record["areas"].items():
        macro = {language: found["macro"].get("auc") for language, found in languages.items()}
        print(f"{name}: macro area {macro}")
    print(f"{given.run / 'export'} is the model; `pleiade model add` registers it")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
