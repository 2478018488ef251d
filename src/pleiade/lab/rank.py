"""One rank's process around its work: the run's lock, signals, and what ends it told in a sentence and a status."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import FrameType

from pleiade.lab.faults import EXPECTED, told
from pleiade.lab.launch import INTERRUPTED, REFUSED, end_with_launcher
from pleiade.lab.lock import hold
from pleiade.lab.ranks import leave_ranks


def run_rank(run: Path, work: Callable[[], bool]) -> int:
    """Do `work` in `run`: 0 when done, 3 when a signal ended it (what is finished stays), 2 for what cannot be."""
    is_first = os.environ.get("RANK", "0") == "0"
    before = signal.signal(signal.SIGTERM, _interrupt)
    end_with_launcher()
    try:
        with hold(run) if is_first else nullcontext():
            finished = work()
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
    return 0 if finished else INTERRUPTED


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
