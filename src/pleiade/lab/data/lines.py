"""Lines of a file of any size, with no more memory than the longest line that is let through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

MAX_LINE_BYTES = 16 << 20  # far above any document worth learning from, far below what would hurt


def bounded_lines(plain: IO[bytes], limit: int = MAX_LINE_BYTES) -> Iterator[tuple[int, bytes | None]]:
    """(number, line) from 1 on; None stands for a line longer than `limit` bytes, which is read over in pieces."""
    number = 0
    while line := plain.readline(limit):
        number += 1
        if len(line) < limit or line.endswith(b"\n"):
            yield number, line
            continue
        while (rest := plain.readline(limit)) and not rest.endswith(b"\n"):
            continue
        yield number, None
