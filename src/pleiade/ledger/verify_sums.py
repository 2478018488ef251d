"""Sums computed again: by hour and day from the entries, and both sides of all accounts."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from pleiade.ledger.folds import joined, nano_sums
from pleiade.ledger.series import NAMES, coarse, number_of
from pleiade.ledger.sums import DAY, HOUR, SUMS
from pleiade.store.books import entries, rollups, series, totals, transfers

Found = Iterator[str | int]
AT_ONCE = 1000


def check_once(connection: sa.Connection) -> Found:
    """No call has two entries."""
    count = sa.func.count()
    twice = sa.select(entries.c.call, count).group_by(entries.c.call).having(count > 1)
    yield connection.scalar(sa.select(count).select_from(entries)) or 0
    for call, times in connection.execute(twice.execution_options(yield_per=AT_ONCE)):
        yield f"call {call} was settled {times} times"


def check_sums(connection: sa.Connection) -> Found:
    """Hours are the sums of entries, days the sums of hours; no sum stands without what it sums."""
    start = (entries.c.time_ms // (1000 * HOUR) * HOUR).label("start")
    counted: dict[str, Any] = {
        "calls": sa.literal(1),
        "estimated": sa.cast(entries.c.estimated, sa.Integer),
        **{name: entries.c[name] for name in SUMS if name in entries.c and name != "estimated"},
    }
    yield from _same(
        connection,
        "hour",
        HOUR,
        sa.select(start, entries.c.series, *(sa.func.sum(counted[name]) for name in SUMS))
        .group_by(start, entries.c.series)
        .order_by(start, entries.c.series),
    )
    day = (rollups.c.start // DAY * DAY).label("start")
    yield from _same(
        connection,
        "day",
        DAY,
        sa.select(day, rollups.c.series, *(sa.func.sum(rollups.c[name]) for name in SUMS))
        .where(rollups.c.span == HOUR)
        .group_by(day, rollups.c.series)
        .order_by(day, rollups.c.series),
    )
    yield from _totals(connection)
    unknown = sa.select(entries.c.series).where(entries.c.series.not_in(sa.select(series.c.id))).distinct()
    for number in connection.scalars(unknown):
        yield f"entries of series {number} have no names"


def _totals(connection: sa.Connection) -> Found:
    """A day's totals are its sums without the finer names; one day at a time is in memory."""
    daily = (
        sa.select(rollups.c.start, *(rollups.c[name] for name in SUMS), *(series.c[name] for name in NAMES))
        .join_from(rollups, series, series.c.id == rollups.c.series)
        .where(rollups.c.span == DAY)
        .order_by(rollups.c.start)
    )
    rows = connection.execute(daily.execution_options(yield_per=AT_ONCE))
    days = 0
    for start, of_day in groupby(rows, key=lambda row: int(row[0])):
        again: dict[int, tuple[int, ...]] = {}
        for row in of_day:
            values, names = row[1 : 1 + len(SUMS)], row[1 + len(SUMS) :]
            number = number_of(coarse(tuple(names)))
            before = again.get(number, (0,) * len(SUMS))
            again[number] = tuple(int(a) + int(b) for a, b in zip(before, values, strict=True))
        chosen = sa.select(totals.c.series, *(totals.c[name] for name in SUMS)).where(totals.c.start == start)
        stand = {int(row[0]): tuple(int(value) for value in row[1:]) for row in connection.execute(chosen)}
        days += 1
        yield len(stand)
        for number in sorted(stand.keys() | again.keys()):
            if stand.get(number) != again.get(number):
                told = f"{_told(stand.get(number))} stands, {_told(again.get(number))} was summed"
                yield f"total of the day {start}, series {number}: {told}"
    stated = connection.scalar(sa.select(sa.func.count(totals.c.start.distinct()))) or 0
    if stated != days:
        yield f"there are totals of {stated} days, and sums of {days}"


def _same(connection: sa.Connection, name: str, span: int, again: sa.Select[Any]) -> Found:
    """Compare what is summed again with what stands, both in the order of start and series."""
    stands = (
        sa.select(rollups.c.start, rollups.c.series, *(rollups.c[each] for each in SUMS))
        .where(rollups.c.span == span)
        .order_by(rollups.c.start, rollups.c.series)
    )
    for (start, number), rows in groupby(_merged(connection, again, stands), key=lambda row: row[:2]):
        yield 1
        sides = {side: values for _, _, side, values in rows}
        if sides.get(0) != sides.get(1):
            where = f"sum of the {name} {start}, series {number}"
            yield f"{where}: {_told(sides.get(1))} stands, {_told(sides.get(0))} was entered"


def _merged(
    connection: sa.Connection, again: sa.Select[Any], stands: sa.Select[Any]
) -> Iterator[tuple[int, int, int, tuple[int, ...]]]:
    """Rows of both, in one order: start, series, which of the two, and the sums."""
    options = {"yield_per": AT_ONCE}
    streams = [iter(connection.execute(each.execution_options(**options))) for each in (again, stands)]
    heads = [_next(streams[side], side) for side in (0, 1)]
    while True:
        there = [head for head in heads if head is not None]
        if not there:
            return
        first = min(there)
        yield first
        heads[first[2]] = _next(streams[first[2]], first[2])


def _next(stream: Iterator[Any], side: int) -> tuple[int, int, int, tuple[int, ...]] | None:
    row = next(stream, None)
    return None if row is None else (int(row[0]), int(row[1]), side, tuple(int(value) for value in row[2:]))


def _told(values: tuple[int, ...] | None) -> str:
    return "nothing" if values is None else ", ".join(f"{n} {v}" for n, v in zip(SUMS, values, strict=True) if v)


def check_accounts(connection: sa.Connection) -> Found:
    """Both sides of all accounts, apart: entries and transfers debited and credited the same, in each currency."""
    totals: dict[str, list[int]] = {}
    for place, side in enumerate(("debit", "credit")):
        calls = (
            sa.select(series.c[side], series.c.currency, *nano_sums(entries.c.cost))
            .join_from(entries, series, series.c.id == entries.c.series)
            .group_by(series.c[side], series.c.currency)
        )
        moved = sa.select(
            transfers.c[side], transfers.c.currency, sa.func.sum(transfers.c.units), sa.func.sum(transfers.c.nano)
        ).group_by(transfers.c[side], transfers.c.currency)
        for account, currency, units, nano in (*connection.execute(calls), *connection.execute(moved)):
            yield 1
            amount = joined(units, nano)
            if not account:
                yield f"{amount} nano {currency} have no {side} account"
            if amount and not currency:
                yield f"{account}: {amount} nano have no currency"
            totals.setdefault(currency, [0, 0])[place] += amount
    for currency, (debits, credits) in sorted(totals.items()):
        if debits != credits:
            yield f"{currency}: {debits} nano were debited and {credits} credited"
