"""Reads what a run has recorded so far: stages with their rows, events and samples, reports, configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Row(msgspec.Struct, frozen=True):
    """A step. What older runs did not record is None."""

    step: int
    tokens: int
    loss: float
    grad_norm: float
    seconds: float
    scale: float
    lr: float | None = None
    tokens_per_s: float | None = None
    mfu: float | None = None
    reward: float | None = None
    accuracy: float | None = None


class Sample(msgspec.Struct, frozen=True):
    """What the model made of `prompt` when it had seen so many tokens: a text, or a picture (a PNG as a data URI)."""

    step: int
    tokens: int
    prompt: str
    text: str
    picture: str = ""


class Event(msgspec.Struct, frozen=True):
    """What happened at `time` (Unix seconds). Which facts there are depends on the event."""

    time: float
    event: str
    host: str
    pid: int
    step: int | None = None
    last: int | None = None
    minutes: float | None = None
    reason: str = ""
    message: str = ""
    device: str = ""
    ranks: int = 1
    precision: str = ""
    parameters: int = 0
    unit: str = "tokens"
    peak: dict[str, float | str] | None = None


class Report(msgspec.Struct, frozen=True):
    """What a finished stage changed."""

    stage: str
    metric: str
    before: float
    after: float
    better: str = "lower"


@dataclass(frozen=True)
class Stage:
    """One stage's folder; its parts in the order in which they were written. `plan` is empty where none was kept."""

    name: str
    rows: list[Row]
    events: list[Event]
    samples: list[Sample]
    plan: str = ""

    @property
    def begun(self) -> Event | None:
        """The newest beginning: started or resumed."""
        return next((event for event in reversed(self.events) if event.event in ("started", "resumed")), None)

    @property
    def unit(self) -> str:
        """What it counts: tokens or pictures."""
        return self.begun.unit if self.begun is not None else "tokens"


@dataclass(frozen=True)
class Run:
    """A run's folder: its stages, the first begun first, and what the process that launched it noted."""

    folder: Path
    stages: list[Stage]
    events: list[Event]
    reports: list[Report]
    preset: dict[str, Any]

    @property
    def newest(self) -> Stage:
        """The stage that was begun last."""
        return self.stages[-1]


def read_run(folder: Path) -> Run:
    """The run in `folder`: a chain of stages in sub-folders, or one stage.

    Raises FileNotFoundError if there is none.
    """
    single = (folder / "metrics.jsonl").exists()
    folders = [folder] if single else sorted({path.parent for path in folder.glob("*/metrics.jsonl")}, key=_begun)
    if not folders:
        raise FileNotFoundError(f"no run has recorded anything in {folder}: give the folder of `pleiade train --run`")
    stages = [
        Stage(
            path.resolve().name,
            read_lines(path / "metrics.jsonl", Row),
            read_lines(path / "events.jsonl", Event),
            read_lines(path / "samples.jsonl", Sample),
            _plan(path / "plan.txt"),
        )
        for path in folders
    ]
    presets = [path / "preset.json" for path in folders if (path / "preset.json").exists()]
    return Run(
        folder,
        stages,
        [] if single else read_lines(folder / "events.jsonl", Event),
        _whole(folder / "report.json", list[Report], []),
        _whole(presets[0], dict[str, Any], {}) if presets else {},
    )


def _plan(path: Path) -> str:
    """What was printed before the first step, without the configuration before it."""
    text = path.read_text("utf-8", errors="replace") if path.exists() else ""
    return text.rpartition("\nplan\n")[2]


def _begun(folder: Path) -> float:
    events = read_lines(folder / "events.jsonl", Event)
    return events[0].time if events else (folder / "metrics.jsonl").stat().st_mtime


def read_lines(path: Path, kind: type[T]) -> list[T]:
    """The rows of a file, if it exists; a last one that is being written at this moment is left for the next time."""
    if not path.exists():
        return []
    data = path.read_bytes()
    return msgspec.json.Decoder(kind).decode_lines(data[: data.rfind(b"\n") + 1])


def _whole(path: Path, kind: type[T], without: T) -> T:
    """The file as JSON; `without` where it does not exist, or is being written at this moment."""
    try:
        return msgspec.convert(json.loads(path.read_bytes()), kind)
    except (FileNotFoundError, json.JSONDecodeError):
        return without
