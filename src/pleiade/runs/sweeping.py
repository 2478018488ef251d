"""What is older than it should be goes: runs after days, sums by minute after two days, by hour after a year."""

import time

import sqlalchemy as sa

from pleiade.runs.sums import HOUR, MINUTE
from pleiade.store import reading, unit_of_work
from pleiade.store.runs import run_batches, run_contents, run_sums, run_times, runs

DAY = 86400
MINUTES_S, HOURS_S = 2 * DAY, 400 * DAY
BATCHES_S = DAY  # a mark without a file is of a keeper that was killed; the name begins with its time
AT_ONCE = 2000  # rows that one transaction removes, so that others get their turn


def sweep(db: sa.Engine, *, days: int, most: int, now: float | None = None) -> int:
    """Remove runs older than `days`, all but the `most` newest, and old sums. How many runs went. Raises StoreError."""
    moment = time.time() if now is None else now
    before = int((moment - days * DAY) * 1000)
    with reading(db) as connection:
        crowded = sa.select(runs.c.time_ms).order_by(runs.c.time_ms.desc()).offset(most).limit(1)
        before = max(before, (connection.scalar(crowded) or -1) + 1)
    gone = 0
    while swept := _sweep_some(db, before):
        gone += swept
    with unit_of_work(db) as connection:
        for span, kept in ((MINUTE, MINUTES_S), (HOUR, HOURS_S)):
            for table in (run_sums, run_times):
                connection.execute(sa.delete(table).where(table.c.span == span, table.c.start < int(moment) - kept))
        old = f"{int((moment - BATCHES_S) * 1_000_000_000):020d}"
        connection.execute(sa.delete(run_batches).where(run_batches.c.name < old))
    return gone


def _sweep_some(db: sa.Engine, before_ms: int) -> int:
    with unit_of_work(db) as connection:
        old = sa.select(runs.c.id).where(runs.c.time_ms < before_ms).limit(AT_ONCE)
        chosen = list(connection.scalars(old))
        if chosen:
            connection.execute(sa.delete(run_contents).where(run_contents.c.run.in_(chosen)))
            connection.execute(sa.delete(runs).where(runs.c.id.in_(chosen)))
        return len(chosen)
