"""The line that says where a run is: rewritten in place behind a bar on a terminal, one of many in a log."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass

MIN_BAR, MAX_BAR = 8, 20  # columns


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
    unit: str = "tokens"


def progress_line(place: Place, without: tuple[str, ...] = ()) -> str:
    """Step, tokens, loss, learning rate, tokens/s, MFU where known, time left; parts may be left out by name."""
    parts = {
        "step": f"step {place.step}/{place.last}" if place.last is not None else f"step {place.step}",
        "tokens": f"{place.tokens / 1e6:.2f} M {place.unit}",
        "loss": f"loss {place.loss:.3f}",
        "lr": f"lr {place.lr:.2g}",
        "speed": f"{place.tokens_per_s:,.0f} {place.unit}/s",
        "mfu": f"MFU {place.mfu:.0%}" if place.mfu is not None else "",
        "left": f"{_minutes(place.left)} left",
    }
    return "  ".join(part for name, part in parts.items() if part and name not in without)


def bar_line(place: Place, columns: int) -> str:
    """The line behind a bar, without what does not fit into so many columns."""
    for without in ((), ("lr",), ("lr", "tokens"), ("lr", "tokens", "mfu", "speed")):
        line = progress_line(place, without)
        room = columns - len(line) - 2
        if room >= MIN_BAR:
            break
    width = max(0, min(MAX_BAR, room))
    filled = round(width * place.step / place.last) if place.last else 0
    return f"{'█' * filled}{'░' * (width - filled)} {line}"[: columns - 1] if place.last else line[: columns - 1]


def show_progress(place: Place) -> None:
    """Print the line; on a terminal over the one before."""
    if not sys.stdout.isatty():
        print(progress_line(place), flush=True)
        return
    end = "\n" if place.step == place.last else ""
    print(f"\r\x1b[K{bar_line(place, shutil.get_terminal_size().columns)}", end=end, flush=True)


def _minutes(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"
