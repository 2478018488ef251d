"""Reading entries back, as they were written: one by one, so that any number of them costs no memory."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from pleiade.domain.books import Entry, Transfer
from pleiade.ledger.folds import Where, conditions
from pleiade.ledger.posting import transfer_of
from pleiade.store import reading
from pleiade.store.books import entries, series, transfers

AT_ONCE = 1000  # rows fetched together


class Booked(NamedTuple):
    """An entry, the month that it is billed in, and its link of its writer's chain."""

    entry: Entry
    period: str
    hash: bytes


class Posted(NamedTuple):
    """A transfer with its place in the chain of transfers."""

    sequence: int
    transfer: Transfer
    period: str
    actor: str
    hash: bytes


def read_entries(
    db: sa.Engine, *, start: int = 0, end: int = 0, where: Where | None = None, writer: str = ""
) -> Iterator[Booked]:
    """Entries from `start` to before `end` (Unix seconds, 0 = no bound), by writer and sequence.

    `where` chooses by the names that calls are told apart by. Raises LedgerError for an unknown name, StoreError.
    """
    chosen: list[sa.ColumnElement[bool]] = conditions(where or {})
    if start:
        chosen.append(entries.c.time_ms >= start * 1000)
    if end:
        chosen.append(entries.c.time_ms < end * 1000)
    if writer:
        chosen.append(entries.c.writer == writer)
    with reading(db) as connection:
        yield from entries_in(connection, *chosen)


def entries_in(connection: sa.Connection, *chosen: sa.ColumnElement[bool]) -> Iterator[Booked]:
    """Entries that meet all conditions, by writer and sequence, within a transaction."""
    statement = (
        sa.select(series.c.period, entries.c.hash, *_COLUMNS)
        .join_from(entries, series, series.c.id == entries.c.series)
        .where(*chosen)
        .order_by(entries.c.writer, entries.c.sequence)
    )
    for row in connection.execute(statement.execution_options(yield_per=AT_ONCE)):
        values: tuple[Any, ...] = tuple(row)
        yield Booked(msgspec.convert(values[2:], Entry), values[0], bytes(values[1]))


def read_transfers(db: sa.Engine, *, start: int = 0, end: int = 0) -> Iterator[Posted]:
    """Transfers that happened from `start` to before `end` (Unix seconds, 0 = no bound), as they were posted."""
    chosen = [transfers.c.time_ms >= start * 1000] if start else []
    if end:
        chosen.append(transfers.c.time_ms < end * 1000)
    with reading(db) as connection:
        yield from transfers_in(connection, *chosen)


def transfers_in(connection: sa.Connection, *chosen: sa.ColumnElement[bool]) -> Iterator[Posted]:
    """Transfers that meet all conditions, in their order, within a transaction."""
    statement = sa.select(transfers).where(*chosen).order_by(transfers.c.sequence)
    for row in connection.execute(statement.execution_options(yield_per=AT_ONCE)):
        yield Posted(row.sequence, transfer_of(row), row.period, row.actor, bytes(row.hash))


# An entry's fields in order, each from the table that has it.
_COLUMNS: list[sa.ColumnElement[Any]] = [
    entries.c[name] if name in entries.c else series.c[name] for name in Entry.__struct_fields__
]
