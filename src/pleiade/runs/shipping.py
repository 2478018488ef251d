"""Runs go from batches into the database: rows (where they are wanted), contents and sums in one transaction, once."""

import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from pleiade.runs.nouns import Run
from pleiade.runs.spool import batches, clear, read_batch
from pleiade.runs.sums import add_sums
from pleiade.store import unit_of_work
from pleiade.store.house import erased
from pleiade.store.runs import run_batches, run_contents, runs

AT_ONCE = 2000  # runs in one transaction, or one batch

logger = logging.getLogger(__name__)


class Shipper:
    """Ships one folder of batches, a `turn` at a time."""

    def __init__(self, folder: Path, db: sa.Engine, *, keep: bool) -> None:
        """`keep`: whether calls are kept one by one; sums are in any case. It may be changed."""
        self._folder = folder
        self._db = db
        self.keep = keep
        self._cleared: list[str] = []  # names of batches whose files are gone, and whose marks may go

    def turn(self) -> int:
        """Ship the oldest batches; how many runs that were. Raises StoreError, OSError: the next turn tries again."""
        taken: list[Path] = []
        found: list[Run] = []
        for path in batches(self._folder):
            if len(found) >= AT_ONCE:
                break
            try:
                found += read_batch(path)
                taken.append(path)
            except ValueError as error:
                logger.error("%s; it is set aside", error)
                path.rename(path.with_suffix(".damaged"))
        if not taken:
            return 0
        self._ship(taken)
        clear(taken)
        self._cleared = [path.name for path in taken]
        return len(found)

    def _ship(self, paths: Sequence[Path]) -> None:
        with unit_of_work(self._db) as connection:
            if self._cleared:
                connection.execute(sa.delete(run_batches).where(run_batches.c.name.in_(self._cleared)))
            names = [path.name for path in paths]
            known = set(connection.scalars(sa.select(run_batches.c.name).where(run_batches.c.name.in_(names))))
            new = [run for path in paths if path.name not in known for run in read_batch(path)]
            marks = [{"name": name} for name in names if name not in known]
            if not marks:
                return
            connection.execute(sa.insert(run_batches), marks)
            if self.keep:
                wanted = _without_erased(connection, new)
                _insert(connection, runs, [_row(run) for run in wanted])
                contents: list[dict[str, object]] = [
                    {"run": run.id, "parts": msgspec.msgpack.encode(run.parts)} for run in wanted if run.parts
                ]
                _insert(connection, run_contents, contents)
            add_sums(connection, new)


def _without_erased(connection: sa.Connection, new: list[Run]) -> list[Run]:
    """All but those of people who were erased while these were on their way."""
    users = {run.user for run in new if run.user}
    if not users:
        return new
    query = sa.select(erased.c.organisation, erased.c.user).where(erased.c.user.in_(users))
    gone = {(row.organisation, row.user) for row in connection.execute(query)}
    return [run for run in new if (run.organisation, run.user) not in gone]


def _row(run: Run) -> dict[str, object]:
    """A run as its table's columns have it: texts that a client can choose are cut to what fits."""
    row: dict[str, object] = {column.name: getattr(run, column.name) for column in runs.c}
    for name, room in (("deployment", 128), ("model", 128), ("error", 128), ("route", 64)):
        row[name] = getattr(run, name).replace("\0", "\ufffd")[:room]
    return row


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    if rows:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(table).on_conflict_do_nothing(), rows)
