"""Checks find what is really wrong: journals that wait, clocks that went back, doors that stand open, old backups."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from records import a_run, ship

from pleiade.doctor.backups import examine_backups
from pleiade.doctor.books import examine_books
from pleiade.doctor.database import examine_database
from pleiade.doctor.exposure import examine_exposure
from pleiade.doctor.findings import Finding
from pleiade.doctor.machine import examine_machine
from pleiade.settings import Settings
from pleiade.store import migrate, open_database
from pleiade.supervisor.home import Home, lock_home, prepare_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that `pleiade up` has prepared."""
    return prepare_home(tmp_path)


@pytest.fixture
def db(home: Home) -> Iterator[sa.Engine]:
    """Its database."""
    db = open_database(f"sqlite:///{home.path / 'pleiade.db'}")
    migrate(db)
    yield db
    db.dispose()


def verdicts(findings: Iterator[Finding]) -> dict[str, str]:
    """Check → verdict; whatever is not all right says what to do."""
    found = list(findings)
    assert [finding for finding in found if finding.verdict != "ok" and not finding.mend] == []
    return {finding.check: finding.verdict for finding in found}


def test_a_machine_is_told_whole() -> None:
    assert {"python", "packages", "cpu", "memory", "clock"} <= verdicts(examine_machine()).keys()


def test_records_that_wait_while_it_runs_are_a_warning(db: sa.Engine, home: Home) -> None:
    assert verdicts(examine_books(db, home)) == {"journal": "ok", "runs": "ok"}
    (home.path / "runs").mkdir()
    batch = home.path / "runs" / "00000000000000000001-1-00000000.runs"
    batch.write_bytes(b"")
    os.utime(batch, (1, 1))
    assert verdicts(examine_books(db, home))["runs"] == "ok", "nothing ships while nothing runs"
    lock = lock_home(home)
    assert verdicts(examine_books(db, home))["runs"] == "warning"
    lock.release()
    batch.rename(batch.with_suffix(".damaged"))
    assert verdicts(examine_books(db, home))["runs"] == "warning"


def test_a_clock_that_went_back_is_wrong(db: sa.Engine, home: Home) -> None:
    assert verdicts(examine_database(db, home))["clocks"] == "ok"
    ship(db, [a_run(time_ms=int((time.time() + 3600) * 1000))])
    assert verdicts(examine_database(db, home))["clocks"] == "wrong"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"exposure": "ok"}),
        ({"host": "::1"}, {"exposure": "ok"}),
        ({"host": "0.0.0.0"}, {"exposure": "warning"}),
        ({"public_url": "http://ai.example.com"}, {"exposure": "warning"}),
        ({"public_url": "https://127.0.0.1:1"}, {"TLS": "warning"}),
        ({"contract": True}, {"exposure": "ok", "contract mode": "warning"}),
        ({"contract": True, "host": "0.0.0.0"}, {"exposure": "warning", "contract mode": "wrong"}),
    ],
)
def test_open_doors_are_told(settings: dict[str, object], expected: dict[str, str]) -> None:
    assert verdicts(examine_exposure(Settings(**settings))) == expected  # type: ignore[arg-type]


def test_a_backup_that_is_missing_or_old_is_told(db: sa.Engine, home: Home, tmp_path: Path) -> None:
    settings = Settings(home=str(home.path))
    assert verdicts(examine_backups(settings, Home(tmp_path / "none"))) == {}
    assert verdicts(examine_backups(settings, home)) == {"backup": "warning"}
    stamp = home.path / "backup.stamp"
    stamp.touch()
    assert verdicts(examine_backups(settings, home)) == {"backup": "ok"}
    month = time.time() - 30 * 86400
    os.utime(stamp, (month, month))
    assert verdicts(examine_backups(settings, home)) == {"backup": "warning"}
