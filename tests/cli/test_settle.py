"""`pleiade settle`: for people, for programs, for spreadsheets; and in the books once."""

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pleiade.cli import app
from pleiade.domain.books import Transfer, TransferKind
from pleiade.ledger.balances import balance
from pleiade.ledger.posting import post
from pleiade.store import open_database

Shell = Any  # tests/cli/conftest.py

EXAMPLES = Path(__file__).parents[2] / "examples" / "agreements"
AGREEMENT = str(EXAMPLES / "microsoft-openai.toml")
PROFITS = str(EXAMPLES / "profits.csv")


def settle(*words: str, stdin: str = "") -> str:
    result = CliRunner().invoke(app, ["settle", *words], input=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str) -> str:
    result = CliRunner().invoke(app, ["settle", *words])
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("pleiade: ")
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


def test_the_page_for_people_tells_shares_reasons_and_the_waterfall() -> None:
    page = settle(AGREEMENT, "--profits", PROFITS)
    assert "Assumed: other_investors_investment = 1000000000" in page
    assert "6,286,666,666.67" in page
    assert "loss, carried forward as in recovery" in page
    assert "returns, microsoft at its cap" in page
    assert "◀ recovery ends" in page


def test_decimal_strings_of_each_period_sum_to_its_profit() -> None:
    document = json.loads(
        settle(AGREEMENT, "--profits", "-", "--json", stdin="period,profit\n2023,0.01\n2024,-0.03\n2025,0.05\n")
    )
    for period, profit in zip(document["periods"], ("0.01", "-0.03", "0.05"), strict=True):
        assert period["profit"] == profit
        assert sum(Decimal(share) for share in period["shares"].values()) == Decimal(profit)
    assert sum(Decimal(share) for share in document["totals"].values()) == Decimal("0.03")
    assert document["periods"][1]["carried"] == "0.03"
    assert document["periods"][2]["next"]["lacking"] == {"microsoft": "12999999999.98"}


def test_csv_has_a_line_for_each_period() -> None:
    rows = list(csv.DictReader(io.StringIO(settle(AGREEMENT, "--profits", PROFITS, "--csv"))))
    assert [row["period"] for row in rows] == ["2023", "2024", "2025", "2026", "2027", "2028"]
    assert rows[3]["microsoft"] == "6286666666.67"
    assert rows[3]["tranches"] == "recovery + returns"


def test_days_without_a_period_are_noted() -> None:
    text = "period,profit\n2023-01,1\n2023-03,1\n"
    assert "Note: no period covers 2023-02-01..2023-02-28: counted as no profit." in settle(
        AGREEMENT, "--profits", "-", stdin=text
    )
    assert json.loads(settle(AGREEMENT, "--profits", "-", "--json", stdin=text))["notes"] == [
        "no period covers 2023-02-01..2023-02-28: counted as no profit"
    ]


def test_growth_rates_stand_side_by_side(tmp_path: Path) -> None:
    words = [
        AGREEMENT,
        "--first",
        "2023",
        "--profit",
        "1e9",
        "--growth",
        "20%",
        "--growth",
        "0.4",
        "--svg",
        str(tmp_path / "w.svg"),
    ]
    lines = settle(*words).splitlines()
    assert next(line.split() for line in lines if line.startswith("recovery")) == ["recovery", "2031", "2029"]
    assert next(line.split() for line in lines if line.startswith("returns")) == ["returns", "later", "2036"]
    document = json.loads(settle(*words, "--json"))
    assert [each["growth"] for each in document["scenarios"]] == ["0.2", "0.4"]
    assert [each["ended_in"] for each in document["scenarios"][1]["tranches"]] == ["2029", "2036", None]
    assert settle(*words, "--csv").splitlines()[1] == "0.2,recovery,2031"
    assert "growth 40 %" in (tmp_path / "w.svg").read_text()


def test_an_assumption_is_replaced_for_one_run() -> None:
    words = [AGREEMENT, "--first", "2023", "--profit", "1e9", "--growth", "0.4", "--csv"]
    assert settle(*words).splitlines()[2] == "0.4,returns,2036"
    assert settle(*words, "--assume", "other_investors_cap_multiple=20").splitlines()[2] == "0.4,returns,2035"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([AGREEMENT], "say where profits come from"),
        ([AGREEMENT, "--profits", PROFITS, "--growth", "0.1"], "say where profits come from"),
        (["nowhere.toml", "--profits", PROFITS], "cannot read the agreement nowhere.toml: No such file"),
        ([AGREEMENT, "--profits", "nowhere.csv"], "cannot read the profits nowhere.csv: No such file"),
        ([AGREEMENT, "--profits", AGREEMENT], "microsoft-openai.toml, line 1: the heading is"),
        ([PROFITS, "--profits", PROFITS], "profits.csv: not readable as TOML"),
        ([AGREEMENT, "--profits", PROFITS, "--json", "--csv"], "choose one of --json and --csv"),
        ([AGREEMENT, "--profits", PROFITS, "--assume", "moon"], "--assume 'moon': write NAME=VALUE"),
        ([AGREEMENT, "--profits", PROFITS, "--assume", "moon=1"], "it assumes nothing called 'moon'"),
        ([AGREEMENT, "--profits", PROFITS, "--svg", "/dev/null/x.svg"], "cannot write the drawing /dev/null/x.svg"),
        ([AGREEMENT, "--growth", "0.1"], "add --first YEAR and --profit AMOUNT"),
        ([AGREEMENT, "--growth", "0.1", "--first", "2023", "--profit", "NaN"], "--profit is 'NaN', which is no number"),
        ([AGREEMENT, "--growth", "0.1", "--record"], "a scenario is not recorded"),
        ([AGREEMENT, "--from-ledger", "soon"], "'soon' is no month"),
    ],
)
def test_what_cannot_be_settled_is_told_in_one_sentence(words: list[str], says: str) -> None:
    assert says in refused(*words)


def test_a_settlement_is_recorded_once(shell: Shell) -> None:
    words = ["settle", AGREEMENT, "--profits", PROFITS, "--record"]
    assert "Recorded as number 1" in shell.ok(*words)
    assert "nothing was changed, nothing is due" in shell.ok(*words)
    replay = shell.json(*words)["record"]
    assert (replay["replayed"], replay["new_periods"], replay["due"]["microsoft"]) == (True, [], "0.00")
    [listed] = shell.json("settle", "recorded")
    assert (listed["id"], listed["number"]) == (replay["id"], 1)
    assert shell.ok("settle", "recorded").splitlines()[1].startswith("Microsoft and OpenAI, 2023  1")
    assert len(list(csv.DictReader(io.StringIO(shell.ok("settle", "recorded", "--csv"))))) == 1


def test_only_the_periods_that_are_new_are_due(shell: Shell, tmp_path: Path) -> None:
    lines = Path(PROFITS).read_text().splitlines()
    path = tmp_path / "first.csv"
    path.write_text("\n".join(lines[:3]))
    shell.ok("settle", AGREEMENT, "--profits", str(path), "--record")
    path.write_text("\n".join(lines[:4]))
    continued = shell.json("settle", AGREEMENT, "--profits", str(path), "--record")["record"]
    assert continued["new_periods"] == ["2025"]
    assert continued["due"] == {"microsoft": "6000000000.00", "other_investors": "2000000000.00", "nonprofit": "0.00"}
    path.write_text("\n".join([*lines[:3], "2025,1"]))
    assert "2025-01-01..2025-12-31 is already settled" in shell.fails(
        "settle", AGREEMENT, "--profits", str(path), "--record"
    )


def test_the_ledgers_months_are_settled_and_recorded_once_they_are_over(shell: Shell) -> None:
    assert "the ledger has no profit in USD for 2026-01" in shell.fails("settle", AGREEMENT, "--from-ledger", "2026-01")
    db = open_database(f"sqlite:///{shell.home / 'pleiade.db'}")
    sale = {"kind": TransferKind.PLAN, "debit": "receivable:a", "credit": "revenue:openai", "amount": 8 * 10**9}
    january = 1_768_000_000_000  # 2026-01-09, Unix milliseconds
    post(db, [Transfer(id="1", currency="USD", time_ms=january, **sale)], "test")
    document = shell.json("settle", AGREEMENT, "--from-ledger", "2026-01..2026-02")
    assert [period["shares"]["microsoft"] for period in document["periods"]] == ["6.00", "0.00"]
    receipt = shell.json("settle", AGREEMENT, "--from-ledger", "2026-01", "--record")["record"]
    assert receipt["due"] == {"microsoft": "6.00", "other_investors": "2.00", "nonprofit": "0.00"}
    assert balance(db, "payable:microsoft") == {"USD": -6 * 10**9}
    post(db, [Transfer(id="2", currency="USD", time_ms=january, **sale)], "test")
    assert "Note: 8.00 was booked after these months were settled" in shell.ok(
        "settle", AGREEMENT, "--from-ledger", "2026-01"
    )
    post(db, [Transfer(id="3", currency="EUR", time_ms=january, **sale)], "test")
    assert "is in EUR too" in shell.fails("settle", AGREEMENT, "--from-ledger", "2026-01")
    assert shell.json("settle", AGREEMENT, "--from-ledger", "2026-01", "--only-its-currency")["profit"] == "8.00"
    assert "the month 9999-01 is not over" in shell.fails("settle", AGREEMENT, "--from-ledger", "9999-01", "--record")
    db.dispose()


def test_settling_a_file_needs_no_database_and_no_heavy_room(tmp_path: Path) -> None:
    heavy = ["torch", "openvino", "alembic", "aiohttp", "numpy"]
    code = (
        "import sys; from pleiade.cli import app\n"
        f"try: app(['settle', {AGREEMENT!r}, '--profits', {PROFITS!r}, '--csv'])\n"
        f"except SystemExit: print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PLEIADE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert not (tmp_path / "home").exists()


def test_a_reader_that_has_enough_is_no_trouble(tmp_path: Path) -> None:
    profits = tmp_path / "profits.csv"
    profits.write_text("period,profit\n" + "\n".join(f"{year},{10**9}" for year in range(2023, 2900)) + "\n")
    agreement = Path(__file__).parents[2] / "examples" / "agreements" / "microsoft-openai.toml"
    command = f"{sys.executable} -m pleiade.cli settle {agreement} --profits {profits} --csv | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
