"""`pleiade usage` and `pleiade ledger`, as a person types them."""

import csv
import io
import json
from typing import Any

import pytest
import sqlalchemy as sa
from books import HandClock, keep, make_calls

from pleiade.ledger.journal import Journal
from pleiade.store import open_database
from pleiade.store.books import entries

Shell = Any  # tests/cli/conftest.py


@pytest.fixture
def booked(shell: Shell) -> Shell:
    """A home with ten calls of two projects on two days, a cent each."""
    db = open_database(f"sqlite:///{shell.home / 'pleiade.db'}")
    clock = HandClock()
    journal = Journal.open(shell.home / "ledger", clock=clock)
    make_calls(journal, 6, "first", project="proj_1")
    clock.pass_ms(86_400_000)
    make_calls(journal, 4, "second", project="proj_2")
    journal.close()
    keep(shell.home / "ledger", db)
    db.dispose()
    return shell


def test_usage_is_told_by_time_and_name(booked: Shell) -> None:
    rows = booked.json("usage", "--by", "project,day", "--month", "2026-11")
    assert [(row["project"], row["calls"], row["cost"], row["currency"]) for row in rows] == [
        ("proj_1", 6, "0.000006", "USD"),
        ("proj_2", 4, "0.000004", "USD"),
    ]
    days = ("--from", "2026-11-06", "--to", "2026-11-06")
    assert [row["calls"] for row in booked.json("usage", *days)] == [6]
    assert [row["calls"] for row in booked.json("usage", "--by", "all", "--month", "2026-11")] == [10]
    only = ("--only", "project=proj_2", "--only", "project=proj_3")
    assert [row["prompt_tokens"] for row in booked.json("usage", "--month", "2026-11", *only)] == [6]
    (first, _) = csv.DictReader(io.StringIO(booked.ok("usage", "--by", "day,model", "--month", "2026-11", "--csv")))
    assert (first["from (UTC)"], first["model"], first["completion"]) == ("2026-11-06", "gpt", "15")
    assert "0.000006" in booked.ok("usage", "--by", "project", "--month", "2026-11")


def test_honest_books_are_proved_and_changed_ones_are_not(booked: Shell) -> None:
    told = booked.json("ledger", "verify")
    assert told["ok"]
    assert {check["name"] for check in told["checks"]} >= {"journals", "entries", "sums", "seals", "invoices"}
    db = open_database(f"sqlite:///{booked.home / 'pleiade.db'}")
    with db.begin() as connection:
        connection.execute(sa.update(entries).where(entries.c.sequence == 3).values(cost=1))
    db.dispose()
    result = booked("ledger", "verify")
    assert result.exit_code == 1
    assert "WRONG entries" in result.stdout
    assert "entry 3 (call first-2) is not as it was written" in result.stdout
    assert "ok    transfers" in result.stdout


def test_a_transfer_is_posted_once_and_moves_a_balance(shell: Shell) -> None:
    rent = ("ledger", "post", "rent-11", "--kind", "expense", "--debit", "expense:hosting", "--credit", "cash")
    amount = ("--amount", "12.50", "--currency", "USD", "--date", "2026-11-30")
    assert shell.json(*rent, *amount) == {"id": "rent-11", "posted": True}
    assert "nothing changed" in shell.ok(*rent, *amount)
    assert shell.json("ledger", "balance", "cash") == [{"account": "cash", "currency": "USD", "balance": "-12.50"}]
    assert "choose another id" in shell.fails(*rent, "--amount", "13", "--currency", "USD")
    assert "write a plain decimal" in shell.fails(*rent, "--amount", "much", "--currency", "USD")
    assert "must begin with one of" in shell.fails("ledger", "balance", "pockets")


def test_everything_is_exported_with_its_hash(booked: Shell) -> None:
    posted = ("--kind", "payment", "--debit", "cash", "--credit", "receivable:org-a", "--date", "2026-11-07")
    booked.ok("ledger", "post", "paid", *posted, "--amount", "1", "--currency", "USD")
    lines = [json.loads(line) for line in booked.ok("ledger", "export").splitlines()]
    assert [line["object"] for line in lines] == ["entry"] * 10 + ["transfer", "seal"]
    assert lines[-1]["heads"][0][1:] == [10, lines[9]["hash"]]
    lines.pop()
    assert all(len(line["hash"]) == 64 for line in lines)
    assert (lines[0]["cost"], lines[0]["debit"], lines[-1]["amount"]) == ("0.000001", "receivable:org-a", "1")
    assert len(booked.ok("ledger", "export", "--from", "2026-11-07", "--to", "2026-11-07").splitlines()) == 5
    rows = list(csv.DictReader(io.StringIO(booked.ok("ledger", "export", "--csv", "--organisation", "org-a"))))
    assert [row["call"] for row in rows[:2]] == ["first-0", "first-1"]
    assert len(rows) == 10


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--by", "colour"), "not told apart by 'colour'"),
        (("--by", "day,hour"), "one of"),
        (("--from", "yesterday"), "is no day"),
        (("--from", "2026-11-06", "--to", "2026-11-01"), "lies after"),
        (("--month", "2026-13"), "is no month"),
        (("--month", "2026-11", "--from", "2026-11-01"), "instead of"),
        (("--only", "project"), "write NAME=VALUE"),
    ],
)
def test_what_cannot_be_meant_is_said_on_one_line(shell: Shell, words: tuple[str, ...], says: str) -> None:
    assert says in shell.fails("usage", *words)
