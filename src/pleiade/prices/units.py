"""How people write quantities, moments and months, and what that means."""

import re
from datetime import UTC, datetime

from pleiade.prices.errors import PriceError

_UNITS = {"1": 1, "1k": 1_000, "1m": 1_000_000, "1000": 1_000, "1000000": 1_000_000}


def per_unit(text: str) -> int:
    """ "1M" → 1,000,000. Raises PriceError."""
    if (unit := _UNITS.get(text.lower().replace(",", "").replace("_", ""))) is None:
        raise PriceError(f"per {text!r}: say 1, 1K or 1M")
    return unit


def moment(text: str) -> int:
    """A date (its first second, UTC) or a date with a time (UTC if it names no zone), as Unix seconds. PriceError."""
    try:
        when = datetime.fromisoformat(text)
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError) as error:
        raise PriceError(f"{text!r} is no date: write 2027-01-01, or 2027-01-01T08:00:00+01:00") from error


def month(text: str) -> str:
    """A month as "2026-12". Raises PriceError."""
    if not re.fullmatch(r"[1-9][0-9]{3}-(0[1-9]|1[0-2])", text):
        raise PriceError(f"{text!r} is no month: write it as 2026-12")
    return text
