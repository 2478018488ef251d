"""One rank of a training chain: `python -m pleiade.lab PRESET --data DIR --run DIR [--base-only] [key=value ...]`.

People use `pleiade train`, which starts as many of these as there are cores.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pleiade.lab.chain import run_chain
from pleiade.lab.finetune import FinetuneConfig
from pleiade.lab.presets import override, presets
from pleiade.lab.ranks import leave_ranks

INTERRUPTED = 3


def main(arguments: list[str]) -> int:
    """Run the chain; 0 when finished, 3 when a signal ended it with a checkpoint."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab")
    parser.add_argument("preset", choices=sorted(presets()))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--base-only", action="store_true")
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args(arguments)
    preset = override(presets()[options.preset], options.overrides)
    chat = None if options.base_only else FinetuneConfig()
    finished = run_chain(preset, options.data, options.run, chat)
    leave_ranks()
    return 0 if finished else INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
