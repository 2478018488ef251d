"""Months, and which of them are closed: what comes late belongs to the first open month after its own.

A month is UTC's, written "2026-11". An organisation's month is closed when its invoice becomes final.
"""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from functools import lru_cache

import sqlalchemy as sa

from pleiade.ledger.clock import wall_ms
from pleiade.ledger.errors import LedgerError
from pleiade.store import reading, unit_of_work
from pleiade.store.books import closed_periods

_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_LOCK = 0x6C656467  # "ledg": PostgreSQL's number under which entries and closings of months wait for each other
_HOUR_MS = 3_600_000

Closed = Collection[tuple[str, str]]  # (organisation, period)


def month_of(time_ms: int) -> str:
    """The month of a time in Unix milliseconds."""
    return _month_of_hour(time_ms // _HOUR_MS)


@lru_cache(maxsize=4096)
def _month_of_hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m")


def month_after(period: str) -> str:
    """The month that follows."""
    year, month = int(period[:4]), int(period[5:])
    return f"{year + month // 12:04}-{month % 12 + 1:02}"


def bounds_of(period: str) -> tuple[int, int]:
    """Where a month begins and ends, in Unix seconds. Raises LedgerError for what is no month."""
    check_period(period)
    begin, end = (
        datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC).timestamp() for month in (period, month_after(period))
    )
    return int(begin), int(end)


def check_period(period: str) -> None:
    """Raises LedgerError for what is no month."""
    if not _PERIOD.fullmatch(period):
        raise LedgerError(f"{period!r} is no month: write it as 2026-11")


def open_period(organisation: str, time_ms: int, closed: Closed) -> str:
    """The month that something belongs to: its own, or the first open one after it."""
    period = month_of(time_ms)
    while (organisation, period) in closed:
        period = month_after(period)
    return period


def close_period(db: sa.Engine, organisation: str, period: str) -> None:
    """Close a month of an organisation for good: its sums stay as they are now. Closing it again changes nothing.

    Raises LedgerError for what is no month, StoreError.
    """
    with unit_of_work(db) as connection:
        close_period_in(connection, organisation, period)


def close_period_in(connection: sa.Connection, organisation: str, period: str) -> None:
    """`close_period` within a transaction that does more."""
    check_period(period)
    lock_closings(connection)
    if not closed_of(connection, [organisation]) & {(organisation, period)}:
        connection.execute(
            sa.insert(closed_periods).values(organisation=organisation, period=period, closed_ms=wall_ms())
        )


def is_closed(db: sa.Engine, organisation: str, period: str) -> bool:
    """Whether a month of an organisation is closed."""
    with reading(db) as connection:
        return (organisation, period) in closed_of(connection, [organisation])


def closed_of(connection: sa.Connection, organisations: Iterable[str]) -> set[tuple[str, str]]:
    """The closed months of these organisations."""
    table = closed_periods.c
    chosen = sa.select(table.organisation, table.period).where(table.organisation.in_(sorted(set(organisations))))
    return {(row.organisation, row.period) for row in connection.execute(chosen)}


def lock_closings(connection: sa.Connection, *, shared: bool = False) -> None:
    """Until the transaction ends, nobody closes a month (`shared`), or nobody enters anything either.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        lock = sa.func.pg_advisory_xact_lock_shared if shared else sa.func.pg_advisory_xact_lock
        connection.execute(sa.select(lock(_LOCK)))
