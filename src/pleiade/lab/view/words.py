"""Numbers as people read them, in English and in French."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
SMALL = 8  # decimal places from which a power of ten reads better


def short(value: float | None, digits: int = 3) -> str:
    """`digits` significant ones and a unit: 12.3k, 0.0123; "–" for none."""
    if value is None or not math.isfinite(value):
        return "–"
    for size, unit in UNITS:
        if abs(value) >= size * (1 - 0.5 * 10.0**-digits):
            return f"{_significant(value / size, digits)}{unit}"
    return _significant(value, digits)


def _significant(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    if places < SMALL:
        return _without_zeros(f"{value:.{places}f}")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{_without_zeros(mantissa)}e{int(exponent)}"


def _without_zeros(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def duration(seconds: float | None) -> str:
    """Such as 45 s, 12 min, 3.5 h; "–" for none."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def french(number: str) -> str:
    """The same number with a decimal comma and a space before its unit."""
    text = number.replace(".", ",")
    return f"{text[:-1]}\u202f{text[-1]}" if text[-1:] in "kMGT" and text[:-1] else text


def tick(value: float, ticks: Sequence[float]) -> str:
    """A round value with as many digits as tell it from its neighbours."""
    size, unit = next(((s, u) for s, u in UNITS if abs(ticks[-1]) >= s), (1.0, ""))
    step = (ticks[1] - ticks[0]) / size
    if step < 1e-4:
        return f"{value:.1e}" if value else "0"
    places = next(p for p in range(6) if abs(step * 10**p - round(step * 10**p)) < 1e-6)
    return f"{value / size:.{places}f}{unit if value else ''}"


def clock(unix_seconds: float) -> str:
    """Date and time in this machine's zone."""
    return datetime.fromtimestamp(unix_seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
