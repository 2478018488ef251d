"""One rank of a training chain: `python -m pleiade.lab PRESET --data DIR --run DIR [--until STAGE] [key=value ...]`.

People use `pleiade train`, which starts as many of these as there are cores or GPUs; on several machines
`torchrun --nproc-per-node N … -m -- pleiade.lab PRESET …` does (docs/train.md).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pleiade.lab.bounds import refuse_nonsense
from pleiade.lab.chain import STAGES, run_chain, way_to
from pleiade.lab.presets import override, presets
from pleiade.lab.rank import run_rank


def main(arguments: list[str]) -> int:
    """Run the chain; 0 when finished, 3 when a signal ended it (what was finished stays), 2 for what cannot be."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab")
    parser.add_argument("preset", choices=sorted(presets()))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--until", choices=STAGES, default="chat")
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args(arguments)

    def work() -> bool:
        preset = override(presets()[options.preset], options.overrides)
        refuse_nonsense(preset, unused=set(STAGES) - set(way_to(options.until)))
        return run_chain(preset, options.data, options.run, options.until) is not None

    return run_rank(options.run, work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
