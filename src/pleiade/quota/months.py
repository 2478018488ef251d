"""The calendar months (UTC) that budgets run by, named as the books name them."""

from datetime import UTC, datetime


def period_of(at_ms: int) -> str:
    """The month of a moment (Unix ms): "2026-11"."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{at.year:04}-{at.month:02}"
