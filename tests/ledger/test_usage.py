"""Usage, costs, spending, balances and profit: folds that equal what the entries say."""

from collections import defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa
from books import DAY_MS, NOVEMBER, HandClock, keep, make_calls, reservation, settlement

from pleiade.domain.books import Outcome, Transfer, TransferKind
from pleiade.ledger import LedgerError
from pleiade.ledger.balances import balance, spent, spent_by
from pleiade.ledger.entries import read_entries
from pleiade.ledger.journal import Journal
from pleiade.ledger.periods import bounds_of, close_period, month_after, month_of
from pleiade.ledger.posting import post
from pleiade.ledger.profit import monthly_profit
from pleiade.ledger.series import COARSE, NAMES
from pleiade.ledger.usage import Bucket, costs, usage

START = NOVEMBER // DAY_MS * 86_400  # the day's first second
END = START + 40 * 86_400


def book(db: sa.Engine, folder: Path) -> None:
    """Forty days of calls: two projects, two keys, two currencies, ways to end; a third of them not for sale."""
    clock = HandClock(START * 1000)
    journal = Journal.open(folder, clock=clock)
    for number in range(240):
        sold = number % 3
        journal.reserve(
            reservation(
                f"call-{number}",
                project=f"proj_{number % 2}",
                key=f"key_{number % 4}",
                model=f"model-{number % 5}",
                billing="invoiced" if sold else "internal",
                currency=("", "USD", "EUR")[sold],
            )
        )
        outcome = Outcome.COMPLETED if number % 7 else Outcome.FAILED
        ended = settlement(f"call-{number}", number, cost=10**9 * sold + number * bool(sold), outcome=outcome)
        journal.settle(ended)
        clock.pass_ms(4 * 3_600_000)
    journal.close()
    keep(folder, db)


def test_a_fold_is_the_sum_of_its_entries(db: sa.Engine, tmp_path: Path) -> None:
    book(db, tmp_path / "ledger")
    where = {"project": ["proj_1"]}
    chosen: dict[Bucket, int] = {"hour": 3600, "day": 86_400, "all": 0}
    for bucket, width in chosen.items():
        first, last = START + 86_400, START + 9 * 86_400
        entries = [booked.entry for booked in read_entries(db, start=first, end=last, where=where)]
        for by in ((), ("project",), ("key", "outcome"), ("project", "model", "currency")):
            tokens: dict[tuple[object, ...], int] = defaultdict(int)
            money: dict[tuple[object, ...], int] = defaultdict(int)
            for entry in entries:
                second = entry.time_ms // 1000
                names = (second - second % width if width else first, *(getattr(entry, name) for name in by))
                tokens[names] += entry.completion_tokens
                money[(*names, entry.currency)] += entry.cost
            used = list(usage(db, start=first, end=last, bucket=bucket, by=by, where=where))
            assert {(row.start, *row.by.values()): row.usage.completion_tokens for row in used} == tokens
            assert [row.start for row in used] == sorted(row.start for row in used)
            assert all(row.end - row.start == (width or last - first) for row in used)
            paid = list(costs(db, start=first, end=last, bucket=bucket, by=by, where=where))
            assert {(row.start, *row.by.values(), row.currency): row.nano for row in paid} == money
            assert sum(row.usage.completion_tokens for row in paid) == sum(tokens.values())


def test_a_call_counts_when_it_was_settled(db: sa.Engine, tmp_path: Path) -> None:
    clock = HandClock(START * 1000 - 1000)
    journal = Journal.open(tmp_path / "ledger", clock=clock)
    journal.reserve(reservation("over midnight"))
    clock.pass_ms(5000)
    journal.settle(settlement("over midnight"))
    journal.close()
    keep(tmp_path / "ledger", db)
    asked: list[Bucket] = ["minute", "hour", "day"]
    for bucket in asked:
        (row,) = usage(db, start=START - 3600, end=START + 3600, bucket=bucket)
        assert row.start == START


def test_minutes_are_counted_from_the_entries(db: sa.Engine, tmp_path: Path) -> None:
    clock = HandClock(START * 1000 + 59_000)
    journal = Journal.open(tmp_path / "ledger", clock=clock)
    for turn in range(3):
        make_calls(journal, 1 + turn, f"turn{turn}")
        clock.pass_ms(45_000)
    journal.close()
    keep(tmp_path / "ledger", db)
    rows = list(usage(db, start=START, end=START + 86_400, bucket="minute"))
    assert [(row.start - START, row.end - START, row.calls) for row in rows] == [
        (0, 60, 1),
        (60, 120, 2),
        (120, 180, 3),
    ]
    with pytest.raises(LedgerError, match="more than a day in minutes"):
        list(usage(db, start=START, end=START + 86_401, bucket="minute"))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"by": ["colour"]}, "not told apart by 'colour'"),
        ({"where": {"colour": ["red"]}}, "not told apart by 'colour'"),
        ({"by": ["key", "key"]}, "twice"),
        ({"bucket": "week"}, "bucket 'week'"),
    ],
)
def test_what_cannot_be_asked_is_explained(sqlite_db: sa.Engine, asked: dict[str, object], says: str) -> None:
    with pytest.raises(LedgerError, match=says):
        list(usage(sqlite_db, start=0, end=1, **asked))  # type: ignore[arg-type]


def test_what_was_spent_in_a_month_is_told_by_currency(db: sa.Engine, tmp_path: Path) -> None:
    book(db, tmp_path / "ledger")
    for scope, name in (("organisation", "org-a"), ("project", "proj_1"), ("key", "key_3"), ("key", "nobody")):
        for month in ("2026-11", "2026-12"):
            expected: dict[str, int] = defaultdict(int)
            for booked in read_entries(db, where={scope: [name], "period": [month]}):
                if booked.entry.currency:
                    expected[booked.entry.currency] += booked.entry.cost
            assert spent(db, scope, name, month) == expected  # type: ignore[arg-type]
            assert spent_by(db, scope, [name, "nobody"], month) == {(name, c): n for c, n in expected.items()}  # type: ignore[arg-type]


def test_late_calls_of_a_closed_month_belong_to_the_next_one(db: sa.Engine, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "ledger", clock=HandClock())
    make_calls(journal, 2)
    keep(tmp_path / "ledger", db)
    close_period(db, "org-a", "2026-11")
    make_calls(journal, 3, "late")
    make_calls(journal, 1, "other", organisation="org-b")
    keep(tmp_path / "ledger", db)
    assert spent(db, "organisation", "org-a", "2026-11") == {"USD": 2000}
    assert spent(db, "organisation", "org-a", "2026-12") == {"USD": 3000}
    assert spent(db, "organisation", "org-b", "2026-11") == {"USD": 1000}
    (row,) = usage(db, start=START, end=START + 86_400, where={"organisation": ["org-a"]})
    assert row.calls == 5  # when they were made is another matter
    journal.close()


def test_sums_of_money_beyond_64_bits_are_exact(db: sa.Engine, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "ledger", clock=HandClock())
    for number in range(1000):
        journal.reserve(reservation(f"call-{number}", project=f"proj_{number % 10}"))
        journal.settle(settlement(f"call-{number}", cost=10**16 - number))
    journal.close()
    keep(tmp_path / "ledger", db)
    whole = 10**19 - sum(range(1000))
    assert spent(db, "organisation", "org-a", "2026-11") == {"USD": whole}
    assert balance(db, "receivable:org-a") == {"USD": whole}
    assert [row.nano for row in costs(db, start=START, end=END)] == [whole]


def test_profit_is_what_was_sold_less_what_it_cost(db: sa.Engine, tmp_path: Path) -> None:
    book(db, tmp_path / "ledger")

    def moved(id: str, kind: TransferKind, debit: str, credit: str, units: int, currency: str = "USD") -> Transfer:
        amount = units * 10**9
        return Transfer(
            id=id, kind=kind, debit=debit, credit=credit, amount=amount, currency=currency, time_ms=NOVEMBER
        )

    post(
        db,
        [
            moved("rent", TransferKind.EXPENSE, "expense:hosting", "cash", 7),
            moved("hours", TransferKind.ENGINE_HOURS, "cost:engine-hours", "machines", 5),
            moved("plan", TransferKind.PLAN, "receivable:org-a", "revenue:openai", 20),
            moved("off", TransferKind.DISCOUNT, "discounts:openai", "receivable:org-a", 3),
            moved("paid", TransferKind.PAYMENT, "cash", "receivable:org-a", 50),  # moves money, and no profit
            moved("share", TransferKind.SETTLEMENT, "distribution:microsoft", "cash", 9),
            moved("loss", TransferKind.EXPENSE, "expense:hosting", "cash", 1000, "EUR"),
        ],
        "test",
    )
    sold: dict[tuple[str, str], int] = defaultdict(int)
    for booked in read_entries(db):
        sold[booked.period, booked.entry.currency] += booked.entry.cost
    assert monthly_profit(db, ["2026-12", "2026-11", "2026-11"]) == [
        ("2026-11", sold["2026-11", "EUR"] - 1000 * 10**9, "EUR"),
        ("2026-11", sold["2026-11", "USD"] + (20 - 3 - 7 - 5) * 10**9, "USD"),
        ("2026-12", sold["2026-12", "EUR"], "EUR"),
        ("2026-12", sold["2026-12", "USD"], "USD"),
    ]


def test_own_use_at_a_price_is_no_profit(db: sa.Engine, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "ledger", clock=HandClock())
    make_calls(journal, 3, billing="internal")
    journal.close()
    keep(tmp_path / "ledger", db)
    assert balance(db, "own-use:org-a") == {"USD": 3000}
    assert monthly_profit(db, ["2026-11"]) == [("2026-11", 0, "USD")]


def test_months_follow_each_other_and_have_bounds() -> None:
    assert [month_after("2026-11"), month_after("2026-12"), month_after("9998-12")] == ["2026-12", "2027-01", "9999-01"]
    begin, end = bounds_of("2028-02")
    assert (end - begin) // 86_400 == 29
    assert month_of(end * 1000 - 1) == "2028-02"
    assert month_of(end * 1000) == "2028-03"


def test_the_coarse_names_are_names() -> None:
    assert set(NAMES) > COARSE
