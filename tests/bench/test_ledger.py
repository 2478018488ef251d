"""bench/ledger.py: what it fills is an honest ledger, whether it was stopped in between or not."""

import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from pleiade.ledger.journal import Journal
from pleiade.ledger.verify import verify

ROOT = Path(__file__).parents[2]


def measure(folder: Path, calls: int) -> dict[str, float]:
    argv = [sys.executable, str(ROOT / "bench" / "ledger.py"), "--calls", str(calls), "--folder", str(folder)]
    argv += ["--rounds", "1"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()[-1].removeprefix("result: ").split()
    return {name: float(value) for name, value in (pair.split("=") for pair in told)}


def test_a_small_quarter_is_filled_once_asked_twice_and_proved(tmp_path: Path) -> None:
    first = measure(tmp_path, 3_000)
    assert set(first) == {
        "ledger_usage_ms",
        "ledger_costs_ms",
        "ledger_journal_us",
        "ledger_shipped",
        "ledger_growth",
    }
    assert all(value > 0 for value in first.values())
    Journal.open(tmp_path / "3000" / "ledger").close()  # what a run leaves that is stopped before it wrote anything
    again = measure(tmp_path, 3_000)
    assert again["ledger_shipped"] == first["ledger_shipped"]  # nothing was left to ship
    db = sa.create_engine(f"sqlite:///{tmp_path / '3000' / 'pleiade.db'}")
    checks = {check.name: check for check in verify(db)}
    assert all(check.ok for check in checks.values()), checks
    assert checks["entries"].checked == 3_000
    db.dispose()
