"""Whether a run still runs, and how far it is."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pleiade.lab.view.read import Event, Run, Stage, read_lines

BEGINNINGS, ENDS = ("started", "resumed"), ("finished", "stopped", "failed")
RECENT = 50  # steps that the pace is taken from


@dataclass(frozen=True)
class State:
    """`name` is running, finished, stopped, failed, or lost: its process is gone and has not said why."""

    name: str
    reason: str = ""


def run_state(run: Run) -> State:
    """The state of the whole run: what its launcher noted, else its newest stage's."""
    newest = stage_state(run.newest)
    refused = {event.pid for event in run.events if event.event == "refused"}  # a second one beside a run, for example
    launched = [event for event in run.events if event.pid not in refused]
    if not launched:
        return newest
    state = _state(launched)
    return newest if state.name == newest.name == "failed" else state  # the stage knows why


def begins(folder: Path) -> bool:
    """Whether a run in `folder` has been launched that has recorded no step yet."""
    events = read_lines(folder / "events.jsonl", Event)
    return bool(events) and _state(events).name == "running"


def stage_state(stage: Stage) -> State:
    """The state of one stage; of one that an older version recorded, without events, only that it is finished."""
    return _state(stage.events) if stage.events else State("finished")


def _state(events: Sequence[Event]) -> State:
    last = next((event for event in reversed(events) if event.event in (*BEGINNINGS, *ENDS)), events[-1])
    if last.event in ENDS:
        return State(last.event, last.reason)
    return State("running") if _lives(events[-1]) else State("lost")


def _lives(event: Event) -> bool:
    """Whether the process that noted the event is still there; of another machine's we believe it."""
    if event.host != socket.gethostname():
        return True
    try:
        os.kill(event.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass(frozen=True)
class Progress:
    """How far a stage is: share of its steps or minutes, and seconds left, where they are known."""

    share: float | None
    seconds_left: float | None
    last: int | None


def progress(stage: Stage) -> Progress:
    """From the stage's newest row, the pace of its last steps, and the end that it was begun with."""
    begun = stage.begun
    if not stage.rows or begun is None:
        return Progress(None, None, None)
    row = stage.rows[-1]
    if begun.last is not None:
        recent = stage.rows[-min(len(stage.rows), RECENT)]
        pace = (row.seconds - recent.seconds) / max(1, row.step - recent.step)
        return Progress(row.step / begun.last, (begun.last - row.step) * pace, begun.last)
    if begun.minutes:
        whole = begun.minutes * 60
        return Progress(min(1.0, row.seconds / whole), max(0.0, whole - row.seconds), None)
    return Progress(None, None, None)
