"""The files of a folder of journals: whose they are, in which order, and whether their writer lives.

A writer is a process. It holds `WRITER.lock` (flock) as long as it lives, and writes `WRITER.000001.journal`, then
`WRITER.000002.journal` and so on. Each segment begins with the calls that were open when it began, so that those before
it are needed no more once their entries are in the database.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

_SEGMENT = re.compile(r"([0-9a-f]{16})\.(\d{6,})\.journal")
_LOCK = re.compile(r"([0-9a-f]{16})\.lock")


def segment_path(folder: Path, writer: str, number: int) -> Path:
    """Where a writer's segment lies."""
    return folder / f"{writer}.{number:06}.journal"


def lock_path(folder: Path, writer: str) -> Path:
    """The file that a writer holds while it lives."""
    return folder / f"{writer}.lock"


def segments_of(folder: Path, writer: str) -> list[int]:
    """Numbers of a writer's segments, in order."""
    return sorted(number for name, number in _segments(folder) if name == writer)


def writers_in(folder: Path) -> list[str]:
    """All writers that have files in the folder, sorted."""
    locks = {match[1] for name in os.listdir(folder) if (match := _LOCK.fullmatch(name))}
    return sorted(locks | {writer for writer, _ in _segments(folder)})


def new_writer(folder: Path) -> tuple[str, int]:
    """A new writer's name, and the descriptor that holds its lock. Raises OSError.

    The lock file appears under its name only once it is held, so that nobody takes the writer for dead meanwhile.
    """
    writer = secrets.token_hex(8)
    path = folder / f".{writer}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(path, lock_path(folder, writer))
    except OSError:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return writer, descriptor


def take_over(folder: Path, writer: str) -> int | None:
    """The descriptor that now holds a dead writer's lock; None while it lives."""
    descriptor = os.open(lock_path(folder, writer), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def sync_folder(folder: Path) -> None:
    """Make names that appeared or went durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _segments(folder: Path) -> Iterator[tuple[str, int]]:
    for name in os.listdir(folder):
        if match := _SEGMENT.fullmatch(name):
            yield match[1], int(match[2])
