"""The line that says where a run is: rewritten in place with a bar on a terminal, one of many in a log."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass

BAR = 20


@dataclass(frozen=True)
class Place:
    """Where a run is. `last` step is None while a deadline has not decided it; `left` is in seconds."""

    step: int
    last: int | None
    tokens: int
    loss: float
    lr: float
    tokens_per_s: float
    mfu: float | None
    left: float


def progress_line(place: Place) -> str:
    """Step, tokens, loss, learning rate, tokens/s, MFU where known, time left."""
    of = f"/{place.last}" if place.last is not None else ""
    mfu = f"MFU {place.mfu:.0%}  " if place.mfu is not None else ""
    return (
        f"step {place.step}{of}  {place.tokens / 1e6:.2f} M tokens  loss {place.loss:.3f}  lr {place.lr:.2g}  "
        f"{place.tokens_per_s:,.0f} tokens/s  {mfu}{_minutes(place.left)} left"
    )


def show_progress(place: Place) -> None:
    """Print the line; on a terminal over the one before, behind a bar."""
    line = progress_line(place)
    if not sys.stdout.isatty():
        print(line, flush=True)
        return
    filled = round(BAR * place.step / place.last) if place.last else 0
    shown = f"{'█' * filled}{'░' * (BAR - filled)} {line}" if place.last else line
    end = "\n" if place.step == place.last else ""
    print(f"\r\x1b[K{shown[: shutil.get_terminal_size().columns - 1]}", end=end, flush=True)


def _minutes(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"
