"""One rank of a picture run: `python -m pleiade.lab.dalle PRESET --data DIR --run DIR [--until STAGE] [key=value ...]`.

People use `pleiade train pix-6m`, which starts as many of these as there are cores or GPUs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pleiade.lab.bounds import refuse_nonsense
from pleiade.lab.dalle.presets import override_pix, pix_presets
from pleiade.lab.dalle.run import run_pix
from pleiade.lab.dalle.stages import MEASURING, STAGES
from pleiade.lab.rank import run_rank


def main(arguments: Sequence[str]) -> int:
    """Run the stages; 0 when finished, 3 when a signal ended it (what was finished stays), 2 for what cannot be."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.dalle")
    parser.add_argument("preset", choices=sorted(pix_presets()))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--until", choices=(*STAGES, MEASURING), default=STAGES[-1])
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args(arguments)

    def work() -> bool:
        preset = override_pix(pix_presets()[options.preset], options.overrides)
        refuse_nonsense(preset)
        return run_pix(preset, options.data, options.run, options.until)

    return run_rank(options.run, work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
