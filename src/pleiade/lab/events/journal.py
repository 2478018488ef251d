"""The files that a run appends to: one JSON object a line, rows of steps that are taken again cut off."""

from __future__ import annotations

import json
import math
import os
import socket
import time
from pathlib import Path
from typing import Any


def note(folder: Path, event: str, **facts: Any) -> None:
    """Append to `folder`/events.jsonl what happened, when (Unix seconds), and in which process of which machine."""
    folder.mkdir(parents=True, exist_ok=True)
    row = {"time": round(time.time(), 2), "event": event, **facts, "host": socket.gethostname(), "pid": os.getpid()}
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(line_of(row))


def line_of(row: dict[str, Any]) -> str:
    """The row as a line."""
    return json.dumps(row, ensure_ascii=False) + "\n"


def keep_until(path: Path, step: int) -> None:
    """Cut off the rows after `step`, which a resumed run writes again, and a last row that a kill left half written.

    The file is replaced at once, so that whoever reads it sees the old one or the new one.
    """
    if not path.is_file():
        return
    # Of bytes: lines of text would also end at U+2028, which a sample may hold.
    kept = [line for line in path.read_bytes().splitlines(keepends=True) if _step_of(line) <= step]
    unfinished = path.with_suffix(".tmp")
    unfinished.write_bytes(b"".join(kept))
    unfinished.replace(path)


def _step_of(line: bytes) -> float:
    """A row's step; that of a row which a kill or a full disk cut short lies behind all others."""
    try:
        return int(json.loads(line)["step"]) if line.endswith(b"}\n") else math.inf
    except (ValueError, KeyError, TypeError):
        return math.inf
