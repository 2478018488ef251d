"""One rank of a training chain: `python -m pleiade.lab PRESET --data DIR --run DIR [--until STAGE] [key=value ...]`.

People use `pleiade train`, which starts as many of these as there are cores.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pleiade.lab.chain import STAGES, run_chain
from pleiade.lab.presets import override, presets
from pleiade.lab.ranks import leave_ranks

INTERRUPTED = 3
REFUSED = 2


def main(arguments: list[str]) -> int:
    """Run the chain; 0 when finished, 3 when a signal ended it with a checkpoint, 2 for what cannot be."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab")
    parser.add_argument("preset", choices=sorted(presets()))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--until", choices=STAGES, default="chat")
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args(arguments)
    preset = override(presets()[options.preset], options.overrides)
    try:
        reports = run_chain(preset, options.data, options.run, options.until)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr, flush=True)
        return REFUSED
    leave_ranks()
    return INTERRUPTED if reports is None else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
