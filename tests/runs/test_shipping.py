"""Runs reach the database once, whole or not at all, whatever dies on the way; old ones go."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from records import MONDAY_MS, a_run, ship

from pleiade.runs import Part
from pleiade.runs.overview import RANGES, fold
from pleiade.runs.reading import Wanted, contents_of, find_run, list_runs
from pleiade.runs.shipping import Shipper
from pleiade.runs.spool import MOST_FILES, Spool, batches
from pleiade.runs.sweeping import sweep
from pleiade.store import StoreError, reading
from pleiade.store.runs import run_batches, run_contents, run_sums, run_times, runs

NOW = MONDAY_MS // 1000


def count(db: sa.Engine, table: sa.Table) -> int:
    with reading(db) as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def calls_told(db: sa.Engine, organisation: str = "acme", projects: tuple[str, ...] = ()) -> int:
    """What the overview of the last hour says."""
    with reading(db) as connection:
        _, _, deployments = fold(connection, organisation, projects, RANGES["1h"], NOW)
    return sum(tally.numbers["calls"] for tally in deployments.values())


def test_what_was_recorded_can_be_read_back(db: sa.Engine) -> None:
    run = a_run(said="Guten Tag", cost=12, currency="EUR", response="resp_1", chat="chat_1")
    ship(db, [run])
    with reading(db) as connection:
        found = find_run(connection, "acme", (), run.id)
        assert found is not None
        assert found == a_run(**{name: getattr(run, name) for name in run.__struct_fields__ if name != "parts"})
        assert contents_of(connection, run.id) == (Part(b'{"messages":[]}', b"Guten Tag", stream=False, cut=False),)
        assert find_run(connection, "globex", (), run.id) is None
        assert find_run(connection, "acme", ("proj_b",), run.id) is None


def test_pages_follow_each_other_without_gap_or_repetition(db: sa.Engine) -> None:
    ship(db, [a_run(time_ms=MONDAY_MS + number // 3) for number in range(50)])  # three at each moment
    seen, after = [], None
    with reading(db) as connection:
        while True:
            page, more = list_runs(connection, Wanted(organisation="acme"), after=after, limit=7)
            seen += page
            if not more:
                break
            after = page[-1]
    assert len({run.id for run in seen}) == len(seen) == 50
    assert [run.time_ms for run in seen] == sorted((run.time_ms for run in seen), reverse=True)


def test_filters_find_what_fits_all_of_them(db: sa.Engine) -> None:
    refused = a_run(outcome="refused", status=429, error="rate_limit_exceeded", key="key_b", user="user-1")
    late = a_run(time_ms=MONDAY_MS + 3_600_000, deployment="100%_odd", chat="chat_9")
    ship(db, [a_run(), refused, late, a_run(organisation="globex")])

    def found(**wanted: object) -> list[str]:
        with reading(db) as connection:
            page, _ = list_runs(connection, Wanted(organisation="acme", **wanted), after=None, limit=9)  # type: ignore[arg-type]
        return [run.id for run in page]

    assert found(statuses=("refused",)) == found(statuses=("429",)) == found(keys=("key_b",)) == [refused.id]
    assert found(users=("user-1",), statuses=("completed",)) == []
    assert found(words="rate_limit") == found(words=refused.id) == [refused.id]
    assert found(words="%_o") == found(words="chat_9") == found(since=NOW + 1) == [late.id], (
        "% and _ stand for themselves"
    )
    assert len(found(until=NOW + 1)) == 2
    assert found(projects=("proj_b",)) == []


def test_a_batch_that_is_shipped_again_changes_nothing(db: sa.Engine, tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for _ in range(3):
        spool.add(a_run(said="x"))
    spool.flush()
    (batch,) = batches(tmp_path)
    content = batch.read_bytes()
    assert Shipper(tmp_path, db, keep=True).turn() == 3
    batch.write_bytes(content)  # a keeper that is killed between its commit and the removal leaves it there
    assert Shipper(tmp_path, db, keep=True).turn() == 3
    assert (count(db, runs), count(db, run_contents), calls_told(db)) == (3, 3, 3)


def test_a_database_that_is_away_loses_nothing(db: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    spool.add(a_run())
    spool.flush()
    shipper = Shipper(tmp_path, db, keep=True)
    with monkeypatch.context() as away:
        away.setattr("pleiade.runs.shipping.add_sums", lambda *_: (_ for _ in ()).throw(StoreError("gone")))
        with pytest.raises(StoreError):
            shipper.turn()
    assert count(db, runs) == 0, "rows and sums are one transaction"
    assert shipper.turn() == 1
    assert (count(db, runs), calls_told(db)) == (1, 1)


def _write_forever(folder: str) -> None:
    spool = Spool(Path(folder))
    while True:
        for _ in range(200):
            spool.add(a_run(said="x" * 2000))
        spool.flush()


def test_a_killed_gateway_leaves_whole_batches_only(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_write_forever, args=(str(tmp_path),))
    process.start()
    deadline = time.monotonic() + 60
    while len(batches(tmp_path)) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    shipper, shipped = Shipper(tmp_path, sqlite_db, keep=True), 0
    while turn := shipper.turn():
        shipped += turn
    assert shipped >= 600
    assert shipped % 200 == 0
    assert list(tmp_path.glob("*.damaged")) == []
    assert count(sqlite_db, runs) == calls_told(sqlite_db) == shipped


def test_a_damaged_batch_is_set_aside_and_holds_up_no_other(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    (tmp_path / "00000000000000000001-1-a.runs").write_bytes(b"\x93no")
    spool = Spool(tmp_path)
    spool.add(a_run())
    spool.flush()
    assert Shipper(tmp_path, sqlite_db, keep=True).turn() == 1
    assert len(list(tmp_path.glob("*.damaged"))) == 1


def test_a_folder_that_nobody_empties_stops_growing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(MOST_FILES):
        (tmp_path / f"{number}.runs").touch()
    spool = Spool(tmp_path)
    for _ in range(2):
        spool.add(a_run())
        spool.flush()
    assert len(batches(tmp_path)) == MOST_FILES
    assert caplog.text.count("see that the keeper runs") == 1, "said once"


def test_where_runs_are_off_only_their_sums_stay(sqlite_db: sa.Engine) -> None:
    ship(sqlite_db, [a_run(said="x")], keep=False)
    assert (count(sqlite_db, runs), count(sqlite_db, run_contents), calls_told(sqlite_db)) == (0, 0, 1)


def test_old_runs_go_with_what_was_said_and_their_sums_stay_longer(db: sa.Engine) -> None:
    day = 86_400_000
    ship(db, [a_run(said="x", time_ms=MONDAY_MS - age * day) for age in (0, 3, 29, 31, 401)])
    assert sweep(db, days=30, most=100, now=NOW) == 2
    assert (count(db, runs), count(db, run_contents)) == (3, 3)
    with reading(db) as connection:
        kept = connection.execute(sa.select(run_sums.c.span, run_sums.c.start).order_by(run_sums.c.start)).all()
        spans = set(connection.scalars(sa.select(run_times.c.span).where(run_times.c.start < NOW - 86400)))
    assert [(span, (NOW - start) // 86400) for span, start in kept] == [
        (3600, 31),
        (3600, 29),
        (3600, 3),
        (60, 0),
        (3600, 0),
    ]
    assert spans == {3600}
    assert sweep(db, days=30, most=2, now=NOW) == 1, "and no more than the newest"


def test_marks_of_batches_do_not_pile_up(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    spool, shipper = Spool(tmp_path), Shipper(tmp_path, sqlite_db, keep=True)
    for _ in range(5):
        spool.add(a_run())
        spool.flush()
        shipper.turn()
    assert count(sqlite_db, run_batches) == 1


def test_several_keepers_add_to_the_same_sums(db: sa.Engine) -> None:
    for number in range(3):
        ship(db, [a_run(first_ms=10 * (number + 1), cost=5, currency="EUR"), a_run(outcome="failed", status=500)])
    with reading(db) as connection:
        _, steps, deployments = fold(connection, "acme", ("proj_a",), RANGES["24h"], NOW)
    tally = deployments["chat"]
    assert steps[NOW].numbers == tally.numbers
    assert (tally.numbers["calls"], tally.numbers["failed"], tally.costs) == (6, 3, {"EUR": 15})
    assert sum(tally.first.values()) == sum(tally.whole.values()) == 3
    assert calls_told(db, projects=("proj_b",)) == calls_told(db, "globex") == 0
