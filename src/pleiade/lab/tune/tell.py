"""What a fine-tune says to people: printed, and kept among the run's events for whoever watches it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pleiade.lab.events.journal import note


class Voice:
    """Speaks for the first rank; its own events are `message` (level, message) and `validation`."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.speaks = int(os.environ.get("RANK", "0")) == 0

    def say(self, text: str, level: str = "info") -> None:
        """Print it and keep it; `level` is info or warn."""
        if self.speaks:
            print(text, flush=True)
            note(self.run, "message", level=level, message=text)

    def note(self, event: str, **facts: Any) -> None:
        """Keep an event: started, resumed, checkpoint, validation, finished, stopped, failed."""
        if self.speaks:
            note(self.run, event, **facts)
