"""`pleiade invoice`, as an operator types it."""

import csv
import io
from pathlib import Path
from typing import Any

from invoices.business import SELLER_FILE, at, organisation, price, sell, tokens
from pleiade.prices import book
from pleiade.store import open_database

Shell = Any  # tests/cli/conftest.py

TERMS = 'from = "2026-09"\ncurrency = "USD"\n[plan]\nname = "Team"\nfee = "60.00"\n'


def with_calls(shell: Shell) -> str:
    """An organisation that used something in October 2026."""
    db = open_database(f"sqlite:///{shell.home / 'pleiade.db'}")
    org = organisation(db, "Müller & Töchter")
    made = book(db).find("openai", "chat", at("2026-10-01")) or price(db)
    sell(db, org, made, [tokens(3_000_000, 500_000)])
    db.dispose()
    return org


def test_the_life_of_a_bill(shell: Shell, tmp_path: Path, monkeypatch: Any) -> None:
    org = with_calls(shell)
    (tmp_path / "seller.toml").write_text(SELLER_FILE)
    (tmp_path / "terms.toml").write_text(TERMS)
    assert "2 tax rules" in shell.ok("invoice", "seller", str(tmp_path / "seller.toml"))
    customer = ("--country", "FR", "--address", "Hauptstraße 1", "--address", "Berlin")
    assert shell.json("invoice", "customer", org, *customer)["name"] == "Müller & Töchter"
    assert shell.json("invoice", "terms", org, str(tmp_path / "terms.toml"))[0]["terms"]["plan"]["fee"] == "60.00"
    (sketch,) = shell.json("invoice", "draft", "Müller & Töchter", "2026-10")
    assert (sketch["status"], sketch["total"]) == ("draft", "72.90")  # 0.75 and 60, and 20 % of that
    assert "Plan Team" in shell.ok("invoice", "draft", org, "2026-10")
    (final,) = shell.json("invoice", "finalise", org, "2026-10")
    assert (final["number"], final["open"]) == ("PL-000001", "72.90")
    assert "is final" in shell.fails("invoice", "finalise", org, "2026-10")
    (note,) = shell.json("invoice", "credit", "PL-000001", "--amount", "12.00", "--reason", "silence")
    assert (note["number"], note["tax"]) == ("PLC-000001", "2.00")
    assert "more than what is left" in shell.fails("invoice", "credit", "PL-000001", "--amount", "90", "--reason", "x")
    (paid,) = shell.json("invoice", "pay", "PL-000001", "--reference", "4711")
    assert (paid["status"], paid["open"], paid["credited"]) == ("paid", "0.00", "12.00")
    assert "paid already" in shell.fails("invoice", "pay", "PL-000001")
    assert [row["number"] for row in shell.json("invoice", "list")] == ["PL-000001", "PLC-000001"]
    assert shell.json("invoice", "verify") == {"documents": 2, "problems": []}
    listed = list(csv.DictReader(io.StringIO(shell.ok("invoice", "list", "--csv"))))
    assert [row["total"] for row in listed] == ["72.90", "12.00"]
    monkeypatch.chdir(tmp_path)
    assert Path(shell.ok("invoice", "export", "PL-000001").strip()).read_bytes().startswith(b"%PDF-")
    for form in ("json", "csv", "stripe", "lago"):
        path = Path(shell.ok("invoice", "export", "PL-000001", "--format", form).strip())
        first = path.read_bytes()
        shell.ok("invoice", "export", "PL-000001", "--format", form, "--output", str(path))
        assert path.read_bytes() == first
    assert "say pdf, json" in shell.fails("invoice", "export", "PL-000001", "--format", "docx")


def test_what_cannot_be_meant_is_said_on_one_line(shell: Shell, tmp_path: Path) -> None:
    org = with_calls(shell)
    assert "no seller is set" in shell.fails("invoice", "seller")
    assert "pleiade invoice seller FILE" in shell.fails("invoice", "finalise", org, "2026-10")
    assert "is no month" in shell.fails("invoice", "draft", org, "soon")
    assert "no invoice has the number" in shell.fails("invoice", "show", "PL-1")
    assert "not an amount" in shell.fails("invoice", "grant", org, "lots")
    assert "two capital letters" in shell.fails("invoice", "customer", org, "--country", "France")
    for old, new, says in (
        ('country = "*"', 'country = "world"', "two capital letters"),
        ('rate = "20"', 'rate = "120"', "at most 100"),
        ('rate = "20"', "reverse_charge = true", "must be told on the bill"),
        ('rate = "20"', "rat = 1", "rat"),
        ("days = 14", "days = 1000", "0 to 365"),
        ('"PLC-"', '"PL-"', "must begin differently"),
        ('name = "Pléiade SARL"', 'name = " "', "needs a name"),
    ):
        assert old in SELLER_FILE
        (tmp_path / "seller.toml").write_text(SELLER_FILE.replace(old, new, 1))
        assert says in shell.fails("invoice", "seller", str(tmp_path / "seller.toml"))


def test_all_organisations_are_billed_for_a_month_and_those_that_cannot_be_are_told(
    shell: Shell, tmp_path: Path
) -> None:
    first, second = with_calls(shell), with_calls(shell)
    (tmp_path / "seller.toml").write_text(SELLER_FILE.replace('country = "*"', 'country = "BE"'))
    shell.ok("invoice", "seller", str(tmp_path / "seller.toml"))
    shell.ok("invoice", "customer", first, "--country", "BE")
    result = shell("invoice", "month", "2026-10", "--finalise", "--json")
    assert result.exit_code == 1
    assert f"1 could not be billed:\n  {second}: no tax rule fits" in result.stderr
    shell.ok("invoice", "customer", second, "--country", "BE")
    assert [bill["organisation"] for bill in shell.json("invoice", "month", "2026-10", "--finalise")] == [second]
    assert shell.json("invoice", "month", "2026-10") == []
    assert len(shell.json("invoice", "list", "--status", "final")) == 2


def test_credits_are_granted_and_pay_first(shell: Shell) -> None:
    org = with_calls(shell)
    made = shell.json("invoice", "grant", org, "25.00", "--gift", "--memo", "welcome")
    assert (made["amount"], made["paid"]) == ("25", False)


def test_an_organisation_with_an_unpaid_bill_is_not_deleted(shell: Shell) -> None:
    org = with_calls(shell)
    assert "2026-10 is not invoiced yet" in shell.fails("org", "delete", org, "--yes")
