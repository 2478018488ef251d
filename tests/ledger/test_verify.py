"""Verification: honest books pass; whatever is done to them behind the ledger's back is found and named."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from books import HandClock, keep, kill, make_calls, reservation

from pleiade.domain.books import Transfer, TransferKind
from pleiade.ledger.journal import Journal
from pleiade.ledger.periods import close_period
from pleiade.ledger.posting import post
from pleiade.ledger.seals import read_seals, seal
from pleiade.ledger.verify import SHOWN, check_folder, verify
from pleiade.store import unit_of_work
from pleiade.store.books import chains, closed_periods, entries, rollups, seals, series, totals, transfers, writers


def paid(number: int) -> Transfer:
    return Transfer(
        id=f"payment-{number}",
        kind=TransferKind.PAYMENT,
        debit="cash",
        credit="receivable:org-a",
        amount=10**9 * number,
        currency="USD",
        organisation="org-a",
    )


def write_books(db: sa.Engine, folder: Path) -> None:
    """Three writers (one of them crashed), transfers, two seals, a month that was closed while calls came in."""
    for name in ("a", "b"):
        journal = Journal.open(folder, clock=HandClock())
        make_calls(journal, 12, name, user=f"user-{name}")
        journal.close()
    keep(folder, db)
    post(db, [paid(1), paid(2)], "test")
    seal(db, 1)
    close_period(db, "org-a", "2026-11")
    journal = Journal.open(folder, clock=HandClock())
    make_calls(journal, 3, "late")
    journal.reserve(reservation("crashed"))
    kill(journal)
    keep(folder, db)
    post(db, [paid(3)], "test")
    seal(db, 2)


def problems(db: sa.Engine) -> dict[str, str]:
    return {check.name: "; ".join(check.problems) for check in verify(db) if not check.ok}


def test_honest_books_are_proved(db: sa.Engine, tmp_path: Path) -> None:
    write_books(db, tmp_path / "ledger")
    checks = {check.name: check for check in verify(db)}
    assert {name: check.problems for name, check in checks.items() if not check.ok} == {}
    assert checks["entries"].checked == checks["once"].checked == 28
    assert checks["transfers"].checked == 3
    assert checks["seals"].checked >= 2
    assert check_folder(tmp_path / "ledger").ok


def test_an_hour_in_which_nothing_moved_needs_no_seal(db: sa.Engine, tmp_path: Path) -> None:
    write_books(db, tmp_path / "ledger")
    assert seal(db, 3) == 0
    post(db, [paid(4)], "test")
    number = seal(db, 4)
    (last,) = [each for each in read_seals(db) if each.number == number]
    assert [(name, sequence) for name, sequence, _ in last.heads] == [("transfers", 4)]


def test_empty_books_are_proved(db: sa.Engine) -> None:
    assert problems(db) == {}


Change = Callable[[sa.Connection], object]

CHANGES: list[tuple[str, Change, str]] = [
    ("entries", lambda c: c.execute(sa.update(entries).where(entries.c.sequence == 5).values(cost=1)), "is not as it"),
    ("entries", lambda c: c.execute(sa.delete(entries).where(entries.c.sequence == 5)), "entries 5 to 5 are missing"),
    ("entries", lambda c: c.execute(sa.delete(entries).where(entries.c.sequence == 12)), "it should be 12"),
    ("entries", lambda c: c.execute(sa.delete(entries)), "all of its 12 entries are missing"),
    ("entries", lambda c: c.execute(sa.delete(writers)), "is not known"),
    ("entries", lambda c: c.execute(sa.update(series).values(user="someone else")), "is not as it was written"),
    ("entries", lambda c: c.execute(sa.update(series).values(debit="own-use:x")), "these are not its accounts"),
    ("entries", lambda c: c.execute(sa.update(series).values(period="2027-02")), "and belongs to"),
    ("entries", lambda c: c.execute(sa.delete(closed_periods)), "booked in 2026-12, and belongs to 2026-11"),
    ("once", lambda c: c.execute(sa.update(entries).where(entries.c.sequence < 3).values(call="x")), "was settled"),
    ("sums", lambda c: c.execute(sa.update(rollups).where(rollups.c.span == 3600).values(cost=1)), "of the hour"),
    ("sums", lambda c: c.execute(sa.update(rollups).where(rollups.c.span == 86400).values(calls=7)), "of the day"),
    ("sums", lambda c: c.execute(sa.delete(rollups).where(rollups.c.span == 86400)), "nothing stands"),
    ("sums", lambda c: c.execute(sa.update(totals).values(cost=1)), "total of the day"),
    ("sums", lambda c: c.execute(sa.delete(totals)), "totals of 0 days"),
    ("sums", lambda c: c.execute(sa.delete(entries)), "nothing was entered"),
    ("sums", lambda c: c.execute(sa.delete(series)), "have no names"),
    ("transfers", lambda c: c.execute(sa.update(transfers).values(units=9)), "is not as it was posted"),
    ("transfers", lambda c: c.execute(sa.delete(transfers).where(transfers.c.sequence == 2)), "transfers 2 to 2"),
    ("transfers", lambda c: c.execute(sa.delete(transfers).where(transfers.c.sequence == 3)), "should end at 3"),
    ("accounts", lambda c: c.execute(sa.update(series).values(credit="")), "no credit account"),
    ("seals", lambda c: c.execute(sa.update(entries).values(hash=bytes(32))), "was changed"),
    ("seals", lambda c: c.execute(sa.update(seals).where(seals.c.number == 1).values(time_ms=5)), "not as it was set"),
    ("seals", lambda c: c.execute(sa.delete(seals).where(seals.c.number == 1)), "seals 1 to 1 are missing"),
    ("seals", lambda c: c.execute(sa.update(chains).values(head=bytes(32))), "should end at"),
]


@pytest.fixture(scope="module")
def written(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with books in it, to be copied and spoiled."""
    folder = tmp_path_factory.mktemp("books")
    path = folder / "pleiade.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    db = sa.create_engine(f"sqlite:///{path}")
    write_books(db, folder / "ledger")
    db.dispose()
    return path


@pytest.mark.parametrize(("name", "change", "says"), CHANGES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_change_behind_the_ledgers_back_is_found(
    written: Path, tmp_path: Path, name: str, change: Change, says: str
) -> None:
    (tmp_path / "pleiade.db").write_bytes(written.read_bytes())
    db = sa.create_engine(f"sqlite:///{tmp_path / 'pleiade.db'}")
    with unit_of_work(db) as connection:
        change(connection)
    assert says in problems(db).get(name, "")
    db.dispose()


def test_of_many_problems_the_first_are_told_and_all_are_counted(written: Path, tmp_path: Path) -> None:
    (tmp_path / "pleiade.db").write_bytes(written.read_bytes())
    db = sa.create_engine(f"sqlite:///{tmp_path / 'pleiade.db'}")
    with unit_of_work(db) as connection:
        connection.execute(sa.update(entries).values(ms=12345))
    (check,) = [check for check in verify(db) if check.name == "entries"]
    assert (len(check.problems), check.num_problems) == (SHOWN, 28)
    db.dispose()


def test_a_check_of_another_room_is_one_of_them(sqlite_db: sa.Engine) -> None:
    *_, last = verify(sqlite_db, more=[("invoices", "what was metered was billed", lambda db: ["a bill is wrong"])])
    assert (last.name, last.ok, last.problems) == ("invoices", False, ("a bill is wrong",))


def test_damaged_journals_are_told(tmp_path: Path) -> None:
    (tmp_path / "abc.000001.damaged").touch()
    assert "abc.000001.damaged was not as it had been written" in check_folder(tmp_path).problems[0]
