"""Lines of a file of any size, with no more memory than the longest line that is let through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

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


def json_line(line: str | bytes, where: str) -> Any:
    """The value of a line of JSON. Raises ValueError that says `where` it is: half a line, or one of other bytes, or
    one nested deeper or with a longer number than Python reads.
    """
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} is not JSON ({error}): mend or remove the line") from error
