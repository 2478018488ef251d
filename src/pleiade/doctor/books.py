"""The books of the last moments: journals that have to be in the database soon, and records of calls."""

import time
from collections.abc import Iterator

import sqlalchemy as sa

from pleiade.doctor.findings import Finding
from pleiade.ledger.errors import LedgerError
from pleiade.ledger.segments import writers_in
from pleiade.ledger.tail import JournalTail
from pleiade.runs.spool import batches
from pleiade.store import reading
from pleiade.store.books import writers
from pleiade.supervisor.home import Home, is_running

LATE_S = 60.0  # the keeper ships within a second
_AT_ONCE = 2000


def examine_books(db: sa.Engine, home: Home) -> Iterator[Finding]:
    """Whether what was sold is in the database, or waits for the keeper."""
    yield _journals(db, home)
    yield _records(home)


def _journals(db: sa.Engine, home: Home) -> Finding:
    folder = home.path / "ledger"
    names = writers_in(folder) if folder.is_dir() else []
    waiting, oldest_ms = 0, 0
    for writer in names:
        try:
            more, first_ms = _waiting(db, JournalTail(folder, writer))
        except (LedgerError, OSError) as error:
            return Finding("journal", "wrong", f"the journal of {writer} cannot be read: {error}", _look(home))
        waiting += more
        oldest_ms = min(oldest_ms or first_ms, first_ms or oldest_ms)
    if not waiting:
        return Finding("journal", "ok", "every entry is in the database")
    age = time.time() - oldest_ms / 1000
    found = f"{waiting} entries wait, the oldest since {max(age, 0):.0f} s"
    if not is_running(home):
        return Finding("journal", "ok", f"{found}: the next `pleiade up` ships them")
    if age < LATE_S:
        return Finding("journal", "ok", f"{found}: they are being shipped")
    return Finding("journal", "wrong", found, _look(home))


def _waiting(db: sa.Engine, tail: JournalTail) -> tuple[int, int]:
    """How many entries of a writer are not in the database, and when the first of them was made."""
    try:
        found = [tail.read(_AT_ONCE)]
        while found[-1]:
            found.append(tail.read(_AT_ONCE))
    finally:
        tail.close()
    with reading(db) as connection:
        shipped = connection.scalar(sa.select(writers.c.shipped).where(writers.c.id == tail.writer)) or 0
    late = [entered.entry for batch in found for entered in batch if entered.entry.sequence > shipped]
    return len(late), late[0].time_ms if late else 0


def _records(home: Home) -> Finding:
    folder = home.path / "runs"
    damaged = len(list(folder.glob("*.damaged")))
    files = batches(folder)
    late = [path for path in files if time.time() - path.stat().st_mtime > LATE_S]
    if late and is_running(home):
        return Finding("runs", "warning", f"{len(late)} batches of records wait for the keeper", _look(home))
    if damaged:
        mend = f"nothing of the ledger is lost; remove {folder}/*.damaged once you have looked"
        return Finding("runs", "warning", f"{damaged} batches of records were damaged", mend)
    return Finding(
        "runs", "ok", f"{len(files)} batches of records wait" if files else "every record is in the database"
    )


def _look(home: Home) -> str:
    return f"see {home.logs / 'keeper.log'}: the keeper ships them once it reaches the database"
