"""Contestants in turns: all are loaded and warm, one of them runs, the others stand still (SIGSTOP).

So each meets the same moods of a shared machine, and none pays for another's threads. What is counted is made of
steps that lie wholly inside a turn.
"""

import itertools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from machine import free_port
from pleiade.lab.launch import training_environment
from training_child import Job

CHILD = Path(__file__).with_name("training_child.py")
Span = tuple[float, float]
WARM_STEPS = 3  # whoever has begun the step after these has compiled


@dataclass
class Contestant:
    """A training in `processes` ranks, its notes and the spans of time in which it stood still."""

    name: str
    job: Job
    ranks: list[subprocess.Popen[bytes]]
    pauses: list[Span] = field(default_factory=list)
    paused_since: float | None = None

    def notes(self) -> list[dict[str, Any]]:
        """What the first rank has written so far."""
        path = Path(self.job.notes)
        lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def facts(self) -> dict[str, Any]:
        """Its parameters and FLOPs a token."""
        return next(note for note in self.notes() if "flops" in note)

    def steps(self) -> list[float]:
        """When each step began, and at the end when the last one ended."""
        return [note["at"] for note in self.notes() if "step" in note]

    def cpu_seconds_per_step(self) -> float:
        """CPU time of a step on all ranks, which share the work evenly."""
        cpu = [note["cpu"] for note in self.notes() if "step" in note][WARM_STEPS:]
        return len(self.ranks) * (cpu[-1] - cpu[0]) / max(1, len(cpu) - 1)

    @property
    def ended(self) -> bool:
        """Whether it has come to its last step. Raises SystemExit if a rank failed."""
        codes = [rank.poll() for rank in self.ranks]
        if any(code not in (None, 0) for code in codes):
            self.close()
            log = Path(self.job.notes).with_suffix(".log").read_text("utf-8", "replace")
            raise SystemExit(f"{self.name} failed with {codes}:\n{log[-3000:]}")
        return all(code == 0 for code in codes)

    def stand(self) -> None:
        """Stop where it is."""
        self.paused_since = time.monotonic()
        self._signal(signal.SIGSTOP)

    def go(self) -> None:
        """Go on."""
        if self.paused_since is not None:
            self.pauses.append((self.paused_since, time.monotonic()))
            self.paused_since = None
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        for rank in self.ranks:
            if rank.poll() is None:
                rank.send_signal(number)

    def wait_for_step(self, step: int) -> None:
        """Return when it has begun that step (or is at its end)."""
        while len(self.steps()) <= step and not self.ended:
            time.sleep(0.2)

    def close(self) -> None:
        """End its processes."""
        for rank in self.ranks:
            if rank.poll() is None:
                rank.kill()
            rank.wait()


def start(name: str, job: Job, processes: int) -> Contestant:
    """Start a contestant's ranks; every contestant has the environment of `pleiade train`."""
    folder = Path(job.notes).parent
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(job.notes).with_suffix(".json")
    path.write_text(json.dumps(asdict(job)), "utf-8")
    environment = training_environment() | {"OMP_NUM_THREADS": str(job.threads)}
    port, ranks = free_port(), []
    with Path(job.notes).with_suffix(".log").open("wb") as log:
        for rank in range(processes):
            place = {"RANK": rank, "WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
            mine = {key: str(value) for key, value in place.items()} if processes > 1 else {}
            command = [sys.executable, str(CHILD), str(path)]
            ranks.append(subprocess.Popen(command, env=environment | mine, stdout=log, stderr=log))
    return Contestant(name, job, ranks)


def take_turns(contestants: Sequence[Contestant], rounds: int | None, seconds: float) -> dict[str, list[Span]]:
    """Let each run for `seconds` in turn, `rounds` times or until all have ended; returns the spans of each.

    On a slow machine a turn is longer: it holds two whole steps at least. All must be standing; afterwards they are
    standing again, or at their end.
    """
    spans: dict[str, list[Span]] = {contestant.name: [] for contestant in contestants}
    for number in itertools.count():
        if number == rounds or all(contestant.ended for contestant in contestants):
            return spans
        for contestant in contestants if number % 2 == 0 else contestants[::-1]:
            if contestant.ended:
                continue
            first = time.monotonic()
            contestant.go()
            already = len(contestant.steps())
            while (
                time.monotonic() < first + seconds or len(contestant.steps()) < already + 3
            ) and not contestant.ended:
                time.sleep(0.05)
            contestant.stand()
            spans[contestant.name].append((first, time.monotonic()))
    return spans


def step_seconds(contestant: Contestant, spans: Sequence[Span]) -> list[float]:
    """Durations of the steps that lie wholly in one of the spans."""
    pairs = itertools.pairwise(contestant.steps())
    return [last - first for first, last in pairs if any(a <= first and last <= b for a, b in spans)]


def busy_seconds_between(first: float, last: float, idle: Sequence[Span]) -> float:
    """Seconds from `first` to `last` without those that lie in any of the (perhaps overlapping) idle spans."""
    total, reached = last - first, first
    for begin, end in sorted(idle):
        begin, end = max(begin, reached), min(end, last)
        if begin < end:
            total, reached = total - (end - begin), end
    return total


def learning_curve(contestant: Contestant) -> list[dict[str, float]]:
    """(step, seconds of training, validation loss) of a contestant that looked at the validation loss now and then.

    Pauses and those looks are not counted. The first `WARM_STEPS` compile: they count as the median of the others.
    """
    looks = [note for note in contestant.notes() if "loss" in note]
    idle = [*contestant.pauses, *((look["since"], look["at"]) for look in looks)]
    begun = contestant.steps()
    durations = sorted(busy_seconds_between(a, b, idle) for a, b in itertools.pairwise(begun[WARM_STEPS:]))
    warm = WARM_STEPS * durations[len(durations) // 2]
    return [
        {
            "step": look["looked_at"],
            "seconds": warm + busy_seconds_between(begun[WARM_STEPS], look["since"], idle),
            "loss": look["loss"],
        }
        for look in looks
    ]
