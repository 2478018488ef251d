"""Children that outlived a supervisor which was killed: recorded while they run, ended at the next start."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from pleiade.supervisor.child import Child

PATIENCE_S = 3.0  # between asking and killing


class Record(msgspec.Struct, frozen=True):
    """What identifies a process beyond its number, which the system uses again."""

    pid: int
    started: str  # the system's own words for its start; equal text = same start
    argv: tuple[str, ...]


def record_children(path: Path, children: Iterable[Child]) -> None:
    """Write who is running now, in place of what was written before."""
    records = [Record(child.pid, start_of(child.pid), child.argv) for child in children if child.alive]
    trial = path.with_suffix(".new")
    trial.write_bytes(msgspec.json.encode(records))
    os.replace(trial, path)


def end_orphans(path: Path) -> list[int]:
    """End every recorded process that still runs and is really ours; returns their ids.

    Ours = same id, same start, same command line.
    """
    try:
        records = msgspec.json.decode(path.read_bytes(), type=list[Record])
    except (FileNotFoundError, msgspec.DecodeError):
        return []
    orphans = [record for record in records if _is_ours(record)]
    for record in orphans:
        _signal(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while any(_is_ours(record) for record in orphans) and time.monotonic() < deadline:
        time.sleep(0.02)
    for record in orphans:
        if _is_ours(record):
            _signal(record.pid, signal.SIGKILL)
    path.unlink(missing_ok=True)
    return [record.pid for record in orphans]


def start_of(pid: int) -> str:
    """When a process started: clock ticks since boot on Linux, ps's date elsewhere; "" = it does not run."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        # proc(5): field 3 is the state, field 22 the start; a zombie has ended already.
        return "" if after_name[0] == "Z" else after_name[19]
    return _ps(pid, "lstart")


def _command_of(pid: int) -> tuple[str, ...]:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return tuple(_ps(pid, "command").split())
    except OSError:
        return ()
    return tuple(os.fsdecode(part) for part in raw.rstrip(b"\0").split(b"\0"))


def _is_ours(record: Record) -> bool:
    return bool(record.started) and start_of(record.pid) == record.started and _same(record)


def _same(record: Record) -> bool:
    # An interpreter may rewrite argv[0] (a script's #! line puts its own path there): compare the rest.
    now = _command_of(record.pid)
    return _arguments(now, len(record.argv) - 1) == record.argv[1:]


def _arguments(command: Sequence[str], count: int) -> tuple[str, ...]:
    return tuple(command[len(command) - count :]) if count else ()


def _ps(pid: int, field: str) -> str:
    done = subprocess.run(["ps", "-o", f"{field}=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # it ended meanwhile
