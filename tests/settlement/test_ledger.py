"""Settling what the ledger earned: profits are its folds, and what is due is posted to it, once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from books import HandClock, keep, reservation, settlement

from pleiade.domain.books import Transfer, TransferKind
from pleiade.ledger.balances import balance
from pleiade.ledger.errors import LedgerError
from pleiade.ledger.journal import Journal
from pleiade.ledger.posting import post
from pleiade.ledger.profit import monthly_profit
from pleiade.settlement import Settlement, parse_agreement, settle
from pleiade.settlement.profits import ledger_profits
from pleiade.settlement.record import record, settled_profits
from pleiade.store.books import transfers

NANO = 10**9
MONTHS = ["2026-01", "2026-02", "2026-03"]
TERMS = parse_agreement("""
name = "house"
currency = "USD"
parties = [{ id = "ann" }, { id = "bob" }]
[[tranches]]
name = "first"
shares = { ann = 0.75, bob = 0.25 }
until = { party = "ann", amount = 9 }
[[tranches]]
name = "last"
shares = { ann = 0.5, bob = 0.5 }
""")


def sold(month: str, dollars: int, name: str = "sale", currency: str = "USD") -> Transfer:
    return Transfer(
        id=f"{name}-{month}-{currency}",
        kind=TransferKind.PLAN if dollars > 0 else TransferKind.EXPENSE,
        debit="receivable:org-a" if dollars > 0 else "expense:hosting",
        credit="revenue:openai" if dollars > 0 else "cash",
        amount=abs(dollars) * NANO,
        currency=currency,
        time_ms=int(datetime.fromisoformat(f"{month}-15").replace(tzinfo=UTC).timestamp() * 1000),
    )


def settled(db: sa.Engine, months: list[str]) -> tuple[Settlement, int]:
    profits, late = ledger_profits(monthly_profit(db, months), months, TERMS, settled_profits(db, TERMS))
    return settle(TERMS, profits), late


def posted(db: sa.Engine) -> int:
    with db.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(transfers)) or 0


def test_calls_that_were_sold_are_profit_to_be_shared(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, clock=HandClock())
    journal.reserve(reservation("call"))
    journal.settle(settlement("call", cost=4 * NANO))
    journal.close()
    keep(tmp_path, sqlite_db)
    result, _ = settled(sqlite_db, ["2026-11"])
    assert result.periods[0].shares == (300, 100)


def test_what_is_due_is_posted_with_the_settlement_and_never_twice(db: sa.Engine) -> None:
    post(db, [sold("2026-01", -4), sold("2026-02", 20), sold("2026-03", 6)], "test")
    result, _ = settled(db, MONTHS)
    assert [each.profit.units for each in result.periods] == [-400, 2000, 600]
    assert result.paid == (900 + 500, 300 + 500)
    record(db, result, post=True)
    count = posted(db)
    assert record(db, settled(db, MONTHS)[0], post=True).replayed
    assert posted(db) == count
    assert balance(db, "distribution:ann") == {"USD": 14 * NANO}
    assert balance(db, "payable:ann") == {"USD": -14 * NANO}
    assert balance(db, "payable:bob") == {"USD": -8 * NANO}
    assert monthly_profit(db, MONTHS) == [
        ("2026-01", -4 * NANO, "USD"),
        ("2026-02", 20 * NANO, "USD"),
        ("2026-03", 6 * NANO, "USD"),
    ]


def test_a_continued_settlement_posts_what_its_new_months_pay(db: sa.Engine) -> None:
    post(db, [sold("2026-01", 4), sold("2026-02", 8), sold("2026-03", 0 + 2)], "test")
    record(db, settled(db, MONTHS[:1])[0], post=True)
    record(db, settled(db, MONTHS)[0], post=True)
    assert balance(db, "payable:ann") == {"USD": -int(9 * NANO) - NANO}  # 9 in the first tranche, 1 of 2 in the last
    assert balance(db, "payable:bob") == {"USD": -int(3 * NANO) - NANO}


def test_what_is_booked_for_a_settled_month_comes_with_the_next(db: sa.Engine) -> None:
    post(db, [sold("2026-01", 4)], "test")
    record(db, settled(db, MONTHS[:1])[0], post=True)
    post(db, [sold("2026-01", 1, "late"), sold("2026-02", 2)], "test")
    result, late = settled(db, MONTHS[:1])
    assert (result.periods[0].profit.units, late) == (400, 100)
    result, late = settled(db, MONTHS[:2])
    assert ([each.profit.units for each in result.periods], late) == ([400, 300], 0)
    assert record(db, result, post=True).new == 1


def test_a_settlement_whose_posting_fails_is_not_recorded(db: sa.Engine) -> None:
    post(db, [sold("2026-01", 4)], "test")
    result, _ = settled(db, MONTHS[:1])
    with pytest.raises(LedgerError, match="who answers"):
        record(db, result, post=True, actor="")
    assert settled_profits(db, TERMS) == {}
    assert not record(db, result, post=True).replayed
