"""One run at a time may write into a folder. The lock ends with the process that holds it, however that ended."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"


class InUseError(ValueError):
    """Another process writes into the folder."""


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold a folder, made if it is not there; raises InUseError, naming the process that holds it already.

    Raises OSError where the folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise InUseError(
                f"{folder} is in use by another run (process {holder}): wait for it or end it, or name another folder"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)
