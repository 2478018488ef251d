"""What a fine-tune tells: lines for people, rows for curves, and events in the shape of OpenAI's job events."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any


class Events:
    """Writes `events.jsonl` (level, type, message, data, created_at) and prints messages; `quiet` where not first."""

    def __init__(self, run: Path, *, quiet: bool = False) -> None:
        self.path = run / "events.jsonl"
        self.quiet = quiet
        if not quiet:
            run.mkdir(parents=True, exist_ok=True)

    def message(self, text: str, level: str = "info", **data: Any) -> None:
        """Say it to whoever watches, and keep it."""
        if not self.quiet:
            print(text, flush=True)
            self._keep({"level": level, "type": "message", "message": text, "data": data})

    def metrics(self, text: str, data: dict[str, Any]) -> None:
        """Numbers of one step: printed as `text` if that is not empty."""
        if not self.quiet:
            if text:
                print(text, flush=True)
            self._keep({"level": "info", "type": "metrics", "message": text, "data": data})

    def _keep(self, event: dict[str, Any]) -> None:
        row = {"object": "fine_tuning.job.event", "created_at": int(time.time()), **event}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
