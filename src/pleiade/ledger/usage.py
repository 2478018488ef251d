"""Usage and costs by time and by whatever calls are told apart by: folds of the sums, not of the entries.

Time is UTC's, and a range is widened to whole buckets. Rows come one by one, in the order of time and names, so that a
page of any size costs no memory.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from pleiade.domain import Usage
from pleiade.ledger.errors import LedgerError
from pleiade.ledger.folds import COUNTS, Where, columns_by, conditions, joined, nano_sums
from pleiade.ledger.series import COARSE
from pleiade.ledger.sums import DAY, HOUR
from pleiade.store import reading
from pleiade.store.books import entries, rollups, series, totals

Bucket = Literal["minute", "hour", "day", "all"]
SECONDS = {"minute": 60, "hour": HOUR, "day": DAY}
MOST_MINUTES = 1440  # minutes are counted from the entries themselves: a day of them at most
AT_ONCE = 500  # rows fetched together


class UsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """What was used in one bucket under the names in `by`."""

    start: int  # Unix seconds
    end: int  # the first second after it
    by: dict[str, str]
    calls: int
    estimated: int  # calls whose usage no engine told
    usage: Usage
    ms: int  # how long the calls took together


class CostRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the calls of one bucket cost at list prices, under the names in `by`, in one currency."""

    start: int
    end: int
    by: dict[str, str]
    currency: str  # "" = calls that were not for sale
    calls: int
    usage: Usage
    nano: int


def usage(
    db: sa.Engine, *, start: int, end: int, bucket: Bucket = "day", by: Sequence[str] = (), where: Where | None = None
) -> Iterator[UsageRow]:
    """Usage from `start` to before `end` (Unix seconds) in the buckets that had any, told apart `by` names of series.

    Raises LedgerError for an unknown name and for more than a day in minutes; StoreError.
    """
    source = _source(start, end, bucket, {*by, *(where or {})})
    sums = [sa.func.sum(source.measures[name]) for name in ("calls", "estimated", *COUNTS, "ms")]
    for begin, names, values in _rows(db, source, columns_by(by), where or {}, sums):
        calls, estimated, *counts, ms = values
        yield UsageRow(
            start=begin,
            end=source.end_of(begin),
            by=dict(zip(by, names, strict=True)),
            calls=int(calls),
            estimated=int(estimated),
            usage=_usage(counts),
            ms=int(ms),
        )


def costs(
    db: sa.Engine, *, start: int, end: int, bucket: Bucket = "day", by: Sequence[str] = (), where: Where | None = None
) -> Iterator[CostRow]:
    """Costs of calls like `usage`, always told apart by currency. Raises LedgerError, StoreError."""
    source = _source(start, end, bucket, {*by, *(where or {})})
    sums = [*(sa.func.sum(source.measures[name]) for name in ("calls", *COUNTS)), *nano_sums(source.measures["cost"])]
    columns = columns_by([*by, *(["currency"] if "currency" not in by else [])])
    place = [column.name for column in columns].index("currency")
    for begin, names, (calls, *counts, units, nano) in _rows(db, source, columns, where or {}, sums):
        yield CostRow(
            start=begin,
            end=source.end_of(begin),
            by=dict(zip(by, names, strict=False)),
            currency=names[place],
            calls=int(calls),
            usage=_usage(counts),
            nano=joined(units, nano),
        )


def _usage(counts: Iterable[int]) -> Usage:
    """Counts in the order of COUNTS (PostgreSQL gives Decimals)."""
    prompt, cached, completion, reasoning, images, audio = map(int, counts)
    return Usage(
        prompt_tokens=prompt,
        cached_tokens=cached,
        completion_tokens=completion,
        reasoning_tokens=reasoning,
        images=images,
        audio=audio,
    )


class _Source(NamedTuple):
    """Where a fold reads: totals by day, sums by day or hour, or entries for minutes."""

    series: sa.ColumnElement[int]
    start: sa.ColumnElement[int]
    measures: dict[str, sa.ColumnElement[int]]
    chosen: list[sa.ColumnElement[bool]]
    seconds: int  # of a bucket; 0 = one bucket for all
    last: int  # where the range ends

    def end_of(self, begin: int) -> int:
        """Where the bucket ends that begins there."""
        return begin + self.seconds if self.seconds else self.last


def _source(start: int, end: int, bucket: Bucket, names: Collection[str]) -> _Source:
    if bucket != "all" and bucket not in SECONDS:
        raise LedgerError(f"bucket {bucket!r}: use {', '.join(SECONDS)} or all")
    if bucket == "minute":
        return _minutes(start - start % 60, -(-end // 60) * 60)
    # All in one is a sum of days where it begins and ends with days, else of hours.
    span = DAY if bucket == "day" or (bucket == "all" and not (start % DAY or end % DAY)) else HOUR
    first, last = start - start % span, -(-end // span) * span
    enough = span == DAY and COARSE.issuperset(names)  # no finer name is asked for: far fewer rows
    table = totals.c if enough else rollups.c
    return _Source(
        series=table.series,
        start=sa.literal(first) if bucket == "all" else table.start,
        measures={name: table[name] for name in ("calls", "estimated", *COUNTS, "cost", "ms")},
        chosen=[table.start >= first, table.start < last, *([] if enough else [rollups.c.span == span])],
        seconds=0 if bucket == "all" else span,
        last=last,
    )


def _minutes(first: int, last: int) -> _Source:
    if last - first > MOST_MINUTES * 60:
        raise LedgerError("more than a day in minutes: ask for hours, or for a shorter time")
    table = entries.c
    counted = {"calls": sa.literal(1), "estimated": sa.cast(table.estimated, sa.Integer)}
    return _Source(
        series=table.series,
        start=table.time_ms // 60_000 * 60,
        measures={**counted, **{name: table[name] for name in (*COUNTS, "cost", "ms")}},
        chosen=[table.time_ms >= first * 1000, table.time_ms < last * 1000],
        seconds=60,
        last=last,
    )


def _rows(
    db: sa.Engine,
    source: _Source,
    columns: Sequence[sa.ColumnElement[str]],
    where: Where,
    sums: Sequence[sa.ColumnElement[Any]],
) -> Iterator[tuple[int, tuple[str, ...], tuple[Any, ...]]]:
    """Start, names and sums of each group, as the database finds them."""
    start = source.start.label("bucket")
    statement = (
        sa.select(start, *columns, *sums)
        .join_from(source.series.table, series, series.c.id == source.series)
        .where(*source.chosen, *conditions(where))
        .group_by(start, *columns)
        .order_by(start, *columns)
    )
    names = 1 + len(columns)
    with reading(db) as connection:
        for row in connection.execute(statement.execution_options(yield_per=AT_ONCE)):
            values: tuple[Any, ...] = tuple(row)
            yield int(values[0]), values[1:names], values[names:]
