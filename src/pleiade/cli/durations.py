"""Times as people say them: 90d, 12h, 4w."""

import re

from pleiade.cli.common import fail

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def seconds(duration: str, option: str) -> int:
    """`duration` in seconds; ends the command where it is none. `option` is what the user called it."""
    match = re.fullmatch(r"(\d{1,9})([smhdw])", duration)
    if match is None:
        fail(f"{option} {duration!r}: write a number and one of s, m, h, d, w, say 90d")
    return int(match[1]) * SECONDS[match[2]]
