"""One line that tells how far a long command is: rewritten on a terminal, repeated now and then in a log."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

LIVE_SECONDS, LOG_SECONDS = 0.2, 30.0


@dataclass
class Progress:
    """Counts `unit`s (such as bytes or tokens) under a title. `fraction`, once known, gives the time left."""

    title: str
    unit: str
    scale: float = 1.0
    out: TextIO = field(default_factory=lambda: sys.stderr)

    def __post_init__(self) -> None:
        self.count = 0
        self._live = self.out.isatty()
        self._began = time.monotonic()
        self._said = self._began

    def add(self, amount: int, fraction: float = 0.0, detail: str = "") -> None:
        """So much more was done; `fraction` of all of it, 0 if nobody knows."""
        self.count += amount
        now = time.monotonic()
        if now - self._said >= (LIVE_SECONDS if self._live else LOG_SECONDS):
            self._said = now
            line = self._line(now - self._began, fraction, detail)
            self.out.write(f"\r{line}\x1b[K" if self._live else line + "\n")
            self.out.flush()

    def end(self) -> None:
        """Say the sum."""
        line = self._line(time.monotonic() - self._began, 0.0, "")
        self.out.write(f"\r{line}\x1b[K\n" if self._live else line + "\n")
        self.out.flush()

    def _line(self, seconds: float, fraction: float, detail: str) -> str:
        done = self.count / self.scale
        left = f"  {fraction:.0%}, {_minutes(seconds / fraction - seconds)} left" if 0 < fraction < 1 else ""
        rate = f"{done / max(seconds, 1e-9):,.3g} {self.unit}/s"
        return f"{self.title}: {done:,.1f} {self.unit}  {rate}{left}  {detail}".rstrip()


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"
