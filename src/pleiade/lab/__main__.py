"""One rank of a training chain: `python -m pleiade.lab PRESET --data DIR --run DIR [--until STAGE] [key=value ...]`.

People use `pleiade train`, which starts as many of these as there are cores or GPUs; on several machines
`torchrun --nproc-per-node N … -m -- pleiade.lab PRESET …` does (docs/train.md).
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from types import FrameType

from pleiade.lab.bounds import refuse_nonsense
from pleiade.lab.chain import STAGES, run_chain, way_to
from pleiade.lab.faults import EXPECTED, told
from pleiade.lab.launch import INTERRUPTED, REFUSED, end_with_launcher
from pleiade.lab.lock import hold
from pleiade.lab.presets import override, presets
from pleiade.lab.ranks import leave_ranks


def main(arguments: list[str]) -> int:
    """Run the chain; 0 when finished, 3 when a signal ended it (what was finished stays), 2 for what cannot be."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab")
    parser.add_argument("preset", choices=sorted(presets()))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--until", choices=STAGES, default="chat")
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args(arguments)
    is_first = os.environ.get("RANK", "0") == "0"
    before = signal.signal(signal.SIGTERM, _interrupt)
    end_with_launcher()
    try:
        preset = override(presets()[options.preset], options.overrides)
        refuse_nonsense(preset, unused=set(STAGES) - set(way_to(options.until)))
        with hold(options.run) if is_first else nullcontext():
            reports = run_chain(preset, options.data, options.run, options.until)
    except EXPECTED as error:
        print(f"pleiade: {told(error)}", file=sys.stderr, flush=True)
        return REFUSED
    except KeyboardInterrupt:
        if is_first:
            print("\nstopped: the same command goes on from here", file=sys.stderr, flush=True)
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    leave_ranks()
    return INTERRUPTED if reports is None else 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
