"""What a run of the lab has written since it was last looked at: steps, validations, checkpoints, warnings."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec

# Names in the lab's rows -> names in ours.
NAMES = {
    "loss": "train_loss",
    "accuracy": "train_mean_token_accuracy",
    "reward": "train_reward",
    "valid_loss": "valid_loss",
    "valid_accuracy": "valid_mean_token_accuracy",
    "valid_reward": "valid_reward",
}


class Tail:
    """A file of JSON lines that grows, and that is replaced by a shorter one when its run goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] = (0, 0)  # inode, bytes read

    def new(self) -> list[dict[str, Any]]:
        """Whole lines since the last look; of a file that was replaced all of them."""
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                inode, read = self._file
                start = read if inode == status.st_ino and read <= status.st_size else 0
                file.seek(start)
                data = file.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._file = (status.st_ino, start + len(whole))
        rows = []
        for line in whole.splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # half a row that a kill left: the run that goes on cuts it off
            if isinstance(row, dict):
                rows.append(row)
        return rows


class Seen(msgspec.Struct, frozen=True):
    """What came since the last look."""

    steps: list[dict[str, Any]]  # metrics of steps, in our names, with `time` where known
    events: list[dict[str, Any]]


class Run:
    """A run's folder, followed from the outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._metrics = Tail(folder / "metrics.jsonl")
        self._events = Tail(folder / "events.jsonl")

    def look(self) -> Seen:
        """What is new."""
        return Seen([told(row) for row in self._metrics.new() if "step" in row], self._events.new())

    @property
    def report(self) -> dict[str, Any] | None:
        """What a finished run reported; None of one that is not finished."""
        path = self.folder / "report.json"
        return dict(json.loads(path.read_text("utf-8"))[0]) if path.is_file() else None

    @property
    def decided(self) -> dict[str, Any]:
        """What "auto" became; {} before that is known."""
        path = self.folder / "sizes.json"
        return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a step as an event's data: its names are OpenAI's."""
    data = {ours: row[name] for name, ours in NAMES.items() if row.get(name) is not None}
    more = {name: row[name] for name in ("tokens", "seconds", "lr", "grad_norm") if row.get(name) is not None}
    return {"step": row["step"], **data, **more}


def all_metrics(folder: Path, began: int) -> list[dict[str, Any]]:
    """Every step of a run, with what was measured on unseen examples at its end. `began`: Unix seconds."""
    run = Run(folder)
    seen = run.look()
    rows = {row["step"]: {**row, "time": began + int(row.get("seconds", 0))} for row in seen.steps}
    for event in seen.events:
        if event.get("event") == "validation" and event.get("step") in rows:
            rows[event["step"]].update(valid_of(event))
    return [rows[step] for step in sorted(rows)]


def valid_of(event: dict[str, Any]) -> dict[str, Any]:
    """What a validation measured, in our names."""
    return {ours: event[name] for name, ours in NAMES.items() if ours.startswith("valid_") and name in event}
