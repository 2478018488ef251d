"""Transfers: balanced, posted once, in the month that is open."""

import shutil
import tempfile
import threading
from collections import defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa
from books import NOVEMBER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pleiade.domain.books import Transfer, TransferKind
from pleiade.ledger import LedgerError
from pleiade.ledger.balances import balance
from pleiade.ledger.entries import read_transfers
from pleiade.ledger.periods import close_period, is_closed, lock_closings
from pleiade.ledger.posting import post
from pleiade.store import unit_of_work


def transfer(id: str = "t-1", **changes: object) -> Transfer:
    fields: dict[str, object] = {
        "kind": TransferKind.PAYMENT,
        "debit": "cash",
        "credit": "receivable:org-a",
        "amount": 1_500_000_000,
        "currency": "USD",
        "organisation": "org-a",
        "time_ms": NOVEMBER,
    }
    return Transfer(id=id, **{**fields, **changes})  # type: ignore[arg-type]


def test_a_transfer_moves_an_amount_from_one_account_to_the_other(db: sa.Engine) -> None:
    assert post(db, [transfer(), transfer("t-2", currency="EUR", memo="für März 🎉")], "user-1") == 2
    assert balance(db, "cash") == {"USD": 1_500_000_000, "EUR": 1_500_000_000}
    assert balance(db, "receivable:org-a") == {"USD": -1_500_000_000, "EUR": -1_500_000_000}


def test_amounts_beyond_64_bits_of_nano_are_exact(db: sa.Engine) -> None:
    most = 10**27  # a thousand million million million nano
    post(db, [transfer(str(n), amount=most - n) for n in range(3)], "user-1")
    assert balance(db, "cash") == {"USD": 3 * most - 3}


def test_a_transfer_that_is_posted_again_changes_nothing(db: sa.Engine) -> None:
    now = transfer("t-now", time_ms=0)
    assert post(db, [transfer(), now], "user-1") == 2
    assert post(db, [transfer(), now, transfer("t-3")], "user-1") == 1
    assert [posted.transfer.id for posted in read_transfers(db)] == ["t-1", "t-now", "t-3"]


def test_another_transfer_under_a_used_id_is_refused_and_nothing_of_its_batch_is_posted(db: sa.Engine) -> None:
    post(db, [transfer()], "user-1")
    with pytest.raises(LedgerError, match="choose another id"):
        post(db, [transfer("t-2"), transfer(amount=7)], "user-1")
    assert balance(db, "cash") == {"USD": 1_500_000_000}


def test_what_belongs_to_a_closed_month_is_booked_in_the_first_open_one(db: sa.Engine) -> None:
    for month in ("2026-11", "2026-12", "2026-12"):
        close_period(db, "org-a", month)
    post(db, [transfer(), transfer("t-2", organisation="org-b"), transfer("t-3", organisation="")], "user-1")
    assert [posted.period for posted in read_transfers(db)] == ["2027-01", "2026-11", "2026-11"]
    assert is_closed(db, "org-a", "2026-12")
    assert not is_closed(db, "org-b", "2026-12")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"amount": 0}, "must be above zero"),
        ({"amount": -5}, "swap the accounts"),
        ({"debit": "receivable:org-a"}, "same account"),
        ({"debit": "pockets"}, "no account"),
        ({"debit": "cash:mine"}, "write cash alone"),
        ({"debit": "expense"}, "write expense:NAME"),
        ({"debit": "expense:a b"}, "without spaces"),
        ({"currency": "usd"}, "none of ISO 4217"),
        ({"memo": "a\x00b"}, "NUL"),
        ({"id": ""}, "no id"),
        ({"organisation": "o" * 65}, "longer than 64"),
    ],
)
def test_a_transfer_that_is_none_is_refused(sqlite_db: sa.Engine, changes: dict[str, object], says: str) -> None:
    with pytest.raises(LedgerError, match=says):
        post(sqlite_db, [transfer("fine"), transfer(**changes)], "user-1")
    assert list(read_transfers(sqlite_db)) == []


def test_somebody_must_answer_for_a_transfer(sqlite_db: sa.Engine) -> None:
    with pytest.raises(LedgerError, match="who answers"):
        post(sqlite_db, [transfer()], "")


@pytest.mark.parametrize("period", ["2026-13", "2026-1", "November", "2026-11-06", ""])
def test_what_is_no_month_cannot_be_closed(sqlite_db: sa.Engine, period: str) -> None:
    with pytest.raises(LedgerError, match="is no month"):
        close_period(sqlite_db, "org-a", period)


def test_a_month_is_not_closed_while_something_is_being_entered_in_it(db: sa.Engine) -> None:
    closing = threading.Thread(target=close_period, args=(db, "org-a", "2026-11"))
    with unit_of_work(db) as connection:
        lock_closings(connection, shared=True)  # as whoever enters does first
        closing.start()
        closing.join(0.3)
        assert closing.is_alive()
    closing.join()
    assert is_closed(db, "org-a", "2026-11")


ACCOUNTS = ("cash", "machines", "receivable:a", "credits:a", "revenue:openai", "expense:rent")
moves = st.tuples(
    st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS), st.integers(1, 10**24), st.sampled_from(("USD", "JPY"))
).filter(lambda move: move[0] != move[1])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(moves, max_size=6), max_size=5))
def test_all_accounts_together_always_hold_nothing(
    migrated_sqlite: Path, batches: list[list[tuple[str, str, int, str]]]
) -> None:
    held: dict[str, dict[str, int]] = {account: defaultdict(int) for account in ACCOUNTS}
    with tempfile.TemporaryDirectory() as folder:
        db = sa.create_engine(f"sqlite:///{shutil.copy(migrated_sqlite, folder)}")
        for number, batch in enumerate(batches):
            made = []
            for place, (debit, credit, amount, currency) in enumerate(batch):
                name = f"{number}.{place}"
                made.append(transfer(name, debit=debit, credit=credit, amount=amount, currency=currency))
                held[debit][currency] += amount
                held[credit][currency] -= amount
            assert post(db, made, "test") == len(batch)
            assert post(db, made, "test") == 0
        found = {account: balance(db, account) for account in ACCOUNTS}
        assert found == held
        for currency in ("USD", "JPY"):
            assert sum(each.get(currency, 0) for each in found.values()) == 0
        db.dispose()
