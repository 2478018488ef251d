"""Entries go from journals into the database, each once: rows, sums and a writer's progress are one transaction.

Everything is written in one order (writers, series, sums), so that keepers on several machines never wait for each
other in a circle.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from pleiade.ledger.bulk import insert_rows
from pleiade.ledger.periods import closed_of, lock_closings, open_period
from pleiade.ledger.records import NO_HASH, Entered
from pleiade.ledger.recovery import Shipped
from pleiade.ledger.series import NAMES, Names, coarse, names_of, number_of
from pleiade.ledger.sums import Sums
from pleiade.store import reading, unit_of_work
from pleiade.store.books import entries, series, writers

KNOWN_SERIES = 50_000  # numbers kept in memory, at most

logger = logging.getLogger(__name__)


class Shipment(NamedTuple):
    """What one writer has to ship, in order. `ended`: it will never write again, and this is its last."""

    writer: str
    entered: Sequence[Entered]
    ended: bool = False


class Shipper:
    """Ships to one database. It remembers which series are there already."""

    def __init__(self, db: sa.Engine) -> None:
        self._db = db
        self._known: dict[Names, tuple[int, int]] = {}  # numbers of a series and of its coarse one

    def ship(self, shipments: Sequence[Shipment]) -> dict[str, int]:
        """Put all shipments into the database, in one transaction; what is there already is passed over.

        Returns each writer's last sequence there. Raises StoreError; then nothing was changed.
        """
        fresh: dict[Names, tuple[int, int]] = {}
        with unit_of_work(self._db) as connection:
            lock_closings(connection, shared=True)
            states = _lock_writers(connection, [shipment.writer for shipment in shipments])
            closed = closed_of(connection, {e.entry.organisation for s in shipments for e in s.entered})
            rows: list[tuple[object, ...]] = []
            sums = Sums()
            for shipment in sorted(shipments, key=lambda shipment: shipment.writer):
                new = _new(shipment, states[shipment.writer].shipped)
                for entered in new:
                    entry = entered.entry
                    names = names_of(entry, open_period(entry.organisation, entry.time_ms, closed))
                    numbers = self._known.get(names) or fresh.get(names)
                    if numbers is None:
                        numbers = fresh[names] = (number_of(names), number_of(coarse(names)))
                    rows.append(_row(entered, numbers[0]))
                    sums.add(entry, *numbers)
                _advance(connection, shipment, new)
            if fresh:
                connection.execute(_insert(connection, series).on_conflict_do_nothing(), _series_rows(fresh))
            if rows:
                insert_rows(connection, entries, rows)
                sums.write(connection)
            last = {s.writer: max(states[s.writer].shipped, _last(s)) for s in shipments}
        if len(self._known) + len(fresh) > KNOWN_SERIES:
            self._known.clear()
        self._known.update(fresh)  # only now: the transaction is there
        return last


def shipped_of(db: sa.Engine, writer: str) -> Shipped:
    """How far the database has a writer. Raises StoreError."""

    def calls_after(sequence: int) -> set[str]:
        table = entries.c
        with reading(db) as connection:
            chosen = sa.select(table.call).where(table.writer == writer, table.sequence > sequence)
            return set(connection.scalars(chosen))

    with reading(db) as connection:
        row = connection.execute(sa.select(writers).where(writers.c.id == writer)).one_or_none()
    return Shipped(row.shipped, bytes(row.head), calls_after) if row else Shipped(0, NO_HASH, calls_after)


def _new(shipment: Shipment, shipped: int) -> list[Entered]:
    """What the database does not have yet."""
    new = [entered for entered in shipment.entered if entered.entry.sequence > shipped]
    if new and new[0].entry.sequence != shipped + 1:
        missing = f"{shipped + 1} to {new[0].entry.sequence - 1}"
        logger.error("entries %s of %s are missing; run `pleiade ledger verify`", missing, shipment.writer)
    return new


def _last(shipment: Shipment) -> int:
    return shipment.entered[-1].entry.sequence if shipment.entered else 0


def _lock_writers(connection: sa.Connection, names: Sequence[str]) -> Mapping[str, Any]:
    """Rows of the writers, made where missing, locked until the transaction ends."""
    new = [
        {"id": name, "shipped": 0, "head": NO_HASH, "time_ms": 0, "sealed": 0, "ended": False} for name in sorted(names)
    ]
    connection.execute(_insert(connection, writers).on_conflict_do_nothing(), new)
    chosen = sa.select(writers).where(writers.c.id.in_(names)).order_by(writers.c.id).with_for_update()
    return {row.id: row for row in connection.execute(chosen)}


def _advance(connection: sa.Connection, shipment: Shipment, new: Sequence[Entered]) -> None:
    values: dict[str, Any] = {"ended": True} if shipment.ended else {}
    if new:
        last = new[-1]
        values |= {"shipped": last.entry.sequence, "head": last.hash, "time_ms": last.entry.time_ms}
    if values:
        connection.execute(sa.update(writers).where(writers.c.id == shipment.writer).values(**values))


def _row(entered: Entered, number: int) -> tuple[object, ...]:
    """An entry as its table's columns have it, in their order."""
    e = entered.entry
    return (
        e.writer,
        e.sequence,
        number,
        e.call,
        e.reserved_ms,
        e.time_ms,
        e.stream,
        e.estimate,
        e.prompt_tokens,
        e.cached_tokens,
        e.completion_tokens,
        e.reasoning_tokens,
        e.images,
        e.audio,
        e.cost,
        e.estimated,
        e.attempts,
        e.status,
        e.ms,
        e.first_byte_ms,
        entered.hash,
    )


def _series_rows(fresh: Mapping[Names, tuple[int, int]]) -> list[dict[str, Any]]:
    """Rows of new series and of their coarse ones, in the order of their numbers."""
    found = {
        number: each
        for names, numbers in fresh.items()
        for number, each in zip(numbers, (names, coarse(names)), strict=True)
    }
    return [{"id": number, **dict(zip(NAMES, found[number], strict=True))} for number in sorted(found)]


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
