"""The keeper: every reservation becomes one entry in the database, whatever dies in between."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from books import (
    NOVEMBER,
    HandClock,
    keep,
    keep_on,
    kill,
    make_calls,
    postgresql_stopped,
    reservation,
    rows_of,
    settlement,
    sums_of,
    used,
)
from test_journal import files_no_larger_than, start_writer

from conftest import _create_database
from pleiade.domain.books import Outcome
from pleiade.ledger.frames import HEAD_BYTES, frame, read_frame
from pleiade.ledger.journal import Journal
from pleiade.ledger.keeper import Keeper, KeeperBusyError
from pleiade.ledger.records import NO_HASH, chained, entry_bytes
from pleiade.ledger.segments import writers_in
from pleiade.ledger.verify import verify
from pleiade.store import StoreError, open_database
from pleiade.store.books import entries


def journals(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.journal"))


def test_settled_calls_become_entries_and_sums(db: sa.Engine, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "ledger", clock=HandClock())
    make_calls(journal, 30)
    assert keep(tmp_path / "ledger", db) == 30
    rows = rows_of(db)
    assert [(row.sequence, row.call, row.prompt_tokens, row.cost) for row in rows] == [
        (number + 1, f"call-{number}", number, 1000) for number in range(30)
    ]
    assert {(row.period, row.debit, row.credit) for row in rows} == {("2026-11", "receivable:org-a", "revenue:openai")}
    assert sums_of(db, 3600) == sums_of(db, 86400) == (30, sum(range(30)), 30_000)
    journal.close()


def test_a_replayed_batch_changes_nothing(db: sa.Engine, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "ledger", clock=HandClock())
    make_calls(journal, 20)
    keep(tmp_path / "ledger", db)
    before = rows_of(db), sums_of(db, 3600)
    keep(tmp_path / "ledger", db)  # a keeper that knows nothing reads the same journal from its beginning
    assert (rows_of(db), sums_of(db, 3600)) == before
    make_calls(journal, 5, "more")
    keep(tmp_path / "ledger", db)
    assert sums_of(db, 86400)[0] == 25
    journal.close()


def test_calls_of_a_process_that_died_are_settled_at_their_last_mark(db: sa.Engine, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "ledger", clock=(clock := HandClock()))
    for call in ("finished", "marked", "silent"):
        journal.reserve(reservation(call))
    clock.pass_ms(900)
    journal.mark("marked", used(32), cost=320)
    journal.mark("marked", used(64), cost=640)
    journal.settle(settlement("finished", tokens=5, cost=50))
    keep(tmp_path / "ledger", db)
    assert [row.call for row in rows_of(db)] == ["finished"]  # its process lives: nothing is settled for it
    kill(journal)
    keep(tmp_path / "ledger", db)
    assert [(row.call, row.outcome, row.completion_tokens, row.cost, row.ms) for row in rows_of(db)] == [
        ("finished", "completed", 5, 50, 20),
        ("marked", "crashed", 64, 640, 900),
        ("silent", "crashed", 0, 0, 900),
    ]
    assert {row.time_ms for row in rows_of(db)} == {NOVEMBER + 900}  # the last sign of life, whenever it is found
    assert keep(tmp_path / "ledger", db) == 0


def test_nothing_is_left_of_a_writer_that_is_gone_and_shipped(db: sa.Engine, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "ledger", segment_bytes=5000)
    make_calls(journal, 60)
    kill(journal, b"torn")
    assert len(journals(tmp_path / "ledger")) > 2
    keep(tmp_path / "ledger", db)
    assert sums_of(db, 3600)[0] == 60
    assert os.listdir(tmp_path / "ledger") == ["keeper.lock"]


def test_disk_use_is_bounded_while_the_database_keeps_up(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    journal = Journal.open(folder, segment_bytes=20_000)
    keeper = Keeper(folder, sqlite_db)
    journal.reserve(reservation("long"))
    for turn in range(20):
        make_calls(journal, 40, f"turn{turn}")
        keep_on(keeper)
        assert len(journals(folder)) == 1
    keeper.close()
    kill(journal)
    keep(folder, sqlite_db)
    assert rows_of(sqlite_db)[-1].call == "long"  # though the segment it was reserved in is long gone
    assert sums_of(sqlite_db, 3600)[0] == 801


def test_a_torn_tail_is_cut_off(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    for length in (1, HEAD_BYTES, HEAD_BYTES + 7, 60_000):
        journal = Journal.open(tmp_path / "ledger")
        journal.reserve(reservation(f"open-{length}"))
        kill(journal, bytes(length) if length > 1000 else os.urandom(length))
    assert keep(tmp_path / "ledger", sqlite_db) == 4
    assert {row.outcome for row in rows_of(sqlite_db)} == {"crashed"}


def test_a_segment_whose_content_a_power_cut_took_is_put_away_and_the_one_before_counts(
    sqlite_db: sa.Engine, tmp_path: Path
) -> None:
    journal = Journal.open(tmp_path / "ledger")
    journal.reserve(reservation("open"))
    kill(journal)
    (tmp_path / "ledger" / f"{journal.writer}.000002.journal").write_bytes(bytes(4096))
    assert keep(tmp_path / "ledger", sqlite_db) == 1
    assert [path.suffix for path in (tmp_path / "ledger").iterdir() if path.name != "keeper.lock"] == [".damaged"]


def test_flipped_bits_are_told_and_what_stands_after_them_is_shipped(
    sqlite_db: sa.Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal.open(tmp_path / "ledger")
    make_calls(journal, 20)
    kill(journal)
    path = tmp_path / "ledger" / journals(tmp_path / "ledger")[0]
    content = bytearray(path.read_bytes())
    content[content.rindex(b"call-9") + 2] ^= 4  # in the entry, not in the reservation
    path.write_bytes(content)
    keep(tmp_path / "ledger", sqlite_db)
    assert "are damaged" in caplog.text
    assert "entries 10 to 10 are missing" in caplog.text
    rows = rows_of(sqlite_db)
    assert sorted(row.call for row in rows) == sorted(f"call-{number}" for number in range(20))
    # Its reservation is whole and its entry is not: it is settled as crashed, rather than lost.
    assert [(row.call, row.outcome) for row in rows if row.outcome != "completed"] == [("call-9", "crashed")]
    assert path.with_suffix(".damaged").exists()


def test_a_journal_of_a_newer_pleiade_waits_for_its_upgrade_and_holds_up_no_other(
    sqlite_db: sa.Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pleiade.ledger.journal.FORM", 99)
    newer = [Journal.open(tmp_path / "ledger") for _ in range(2)]
    monkeypatch.undo()
    own = Journal.open(tmp_path / "ledger")
    for journal in (*newer, own):
        make_calls(journal, 3, journal.writer)
    kill(newer[0])
    keep(tmp_path / "ledger", sqlite_db)
    assert {row.writer for row in rows_of(sqlite_db)} == {own.writer}
    assert caplog.text.count("upgrade Pleiade") == 2  # once for each, the one that lives and the one that is gone
    assert len(journals(tmp_path / "ledger")) == 3
    newer[1].close()
    own.close()


def test_an_entry_that_was_changed_and_given_a_right_checksum_is_told(
    sqlite_db: sa.Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal.open(tmp_path / "ledger")
    make_calls(journal, 3)
    kill(journal)
    path = tmp_path / "ledger" / journals(tmp_path / "ledger")[0]
    content, place, frames = path.read_bytes(), 0, []
    while isinstance(step := read_frame(content, place), tuple):
        payload, place = step
        frames.append(frame(payload.replace(b"call-1", b"call-7")))
    path.write_bytes(b"".join(frames))
    keep(tmp_path / "ledger", sqlite_db)
    assert "entry 2 at offset" in caplog.text
    assert "it was changed" in caplog.text


def test_the_chain_can_be_computed_again_from_the_database(db: sa.Engine, tmp_path: Path) -> None:
    from pleiade.ledger.entries import read_entries

    journal = Journal.open(tmp_path / "ledger")
    make_calls(journal, 5)
    journal.reserve(reservation("crashed", user="🐘", stream=True))
    kill(journal)
    keep(tmp_path / "ledger", db)
    head = NO_HASH
    for booked in read_entries(db):
        head = chained(head, entry_bytes(booked.entry))
        assert booked.hash == head


def test_two_keepers_of_one_home_are_one_too_many(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    first = Keeper(tmp_path / "ledger", sqlite_db)
    with pytest.raises(KeeperBusyError, match="one is enough"):
        Keeper(tmp_path / "ledger", sqlite_db)
    first.close()
    Keeper(tmp_path / "ledger", sqlite_db).close()


def test_keepers_of_several_homes_write_the_same_sums_at_once_and_lose_none(
    db: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pleiade.ledger.keeper.BATCH", 40)
    homes = [tmp_path / str(number) for number in range(3)]
    for home in homes:  # the same series, in another order: what deadlocks are made of
        journal = Journal.open(home, clock=HandClock())
        names = [f"proj_{number % 7}" for number in range(400)]
        for number, project in enumerate(names if home.name != "1" else reversed(names)):
            journal.reserve(reservation(f"{home.name}-{number}", project=project))
            journal.settle(settlement(f"{home.name}-{number}", tokens=number))
        journal.close()
    keepers = [threading.Thread(target=keep, args=(home, db)) for home in homes]
    for keeper in keepers:
        keeper.start()
    for keeper in keepers:
        keeper.join()
    assert sums_of(db, 3600) == sums_of(db, 86400) == (1200, 3 * sum(range(400)), 1_200_000)
    assert all(check.ok for check in verify(db))


def test_a_database_that_is_stopped_in_mid_shipping_loses_nothing(
    tmp_path: Path, postgresql: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pleiade.ledger.keeper.BATCH", 100)
    template: sa.URL = request.getfixturevalue("migrated_postgresql")
    url = _create_database(template, str(template.database))
    db = open_database(url.render_as_string(hide_password=False))
    journal = Journal.open(tmp_path / "ledger", clock=HandClock())
    make_calls(journal, 8_000)
    keeper = Keeper(tmp_path / "ledger", db)
    turns: list[StoreError | int] = []  # how each ended

    def keep_until_all_is_there() -> None:
        while not turns or turns[-1] != 0:
            try:
                turns.append(keeper.turn())
            except StoreError as error:
                turns.append(error)
                time.sleep(0.01)

    def refused() -> int:
        return sum(isinstance(turn, StoreError) for turn in turns)

    keeping = threading.Thread(target=keep_until_all_is_there)
    keeping.start()
    for enough in (10, 40):
        while len(turns) < enough:
            time.sleep(0.005)
        before = refused()
        with postgresql_stopped(url):
            while refused() == before:  # it was in the middle of it
                time.sleep(0.005)
    keeping.join()
    with db.connect() as connection:
        chosen = sa.select(sa.func.count(), sa.func.min(entries.c.sequence), sa.func.max(entries.c.sequence))
        assert connection.execute(chosen).one() == (8_000, 1, 8_000)
    assert sums_of(db, 3600) == sums_of(db, 86400) == (8_000, sum(range(8_000)), 8_000_000)
    keeper.close()
    journal.close()
    db.dispose()


def test_a_database_that_is_away_is_named_and_asked_again(
    tmp_path: Path, postgresql: str, request: pytest.FixtureRequest
) -> None:
    template: sa.URL = request.getfixturevalue("migrated_postgresql")
    url = _create_database(template, str(template.database))
    db = open_database(url.render_as_string(hide_password=False))
    dead, living = (Journal.open(tmp_path / "ledger", clock=HandClock()) for _ in range(2))
    make_calls(living, 10)
    dead.reserve(reservation("crashed"))
    kill(dead)
    keeper = Keeper(tmp_path / "ledger", db)
    with postgresql_stopped(url):
        for turn in range(2):
            make_calls(living, 10, f"meanwhile-{turn}")
            with pytest.raises(StoreError, match="check that PostgreSQL runs"):
                keeper.turn()
    keep_on(keeper)
    assert sums_of(db, 3600)[0] == 31
    keeper.close()
    living.close()
    db.dispose()


def test_a_disk_that_is_full_puts_off_what_must_be_written_and_loses_nothing(
    sqlite_db: sa.Engine, tmp_path: Path
) -> None:
    dead, living = (Journal.open(tmp_path / "ledger") for _ in range(2))
    dead.reserve(reservation("crashed"))
    kill(dead)
    make_calls(living, 3)
    keeper = Keeper(tmp_path / "ledger", sqlite_db)
    with files_no_larger_than(0):
        keeper._gather()  # the dead one's journal cannot be written; the other one's entries are read
    keep_on(keeper)
    assert sums_of(sqlite_db, 3600)[0] == 4
    keeper.close()
    living.close()


KEEPER = [sys.executable, "-m", "pleiade.keeper"]


def test_a_keeper_that_is_killed_again_and_again_ships_each_entry_once(tmp_path: Path, migrated_sqlite: Path) -> None:
    folder = tmp_path / "ledger"
    journal = Journal.open(folder, segment_bytes=100_000)
    make_calls(journal, 3_000)
    (tmp_path / "pleiade.db").write_bytes(migrated_sqlite.read_bytes())
    db = sa.create_engine(f"sqlite:///{tmp_path / 'pleiade.db'}")
    chance = random.Random(7)
    for _ in range(3):
        keeper = subprocess.Popen([*KEEPER, "--home", str(tmp_path), "--pulse-fd", "1"], stdout=subprocess.PIPE)
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"ready\n"
        try:
            keeper.wait(chance.random() * 0.2)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()
    kill(journal)
    keep(folder, db)
    assert [row.sequence for row in rows_of(db)] == list(range(1, 3_001))
    assert sums_of(db, 3600)[0] == sums_of(db, 86400)[0] == 3_000
    db.dispose()


def test_writers_that_are_killed_are_settled_by_the_keeper_beside_them(tmp_path: Path, migrated_sqlite: Path) -> None:
    (tmp_path / "pleiade.db").write_bytes(migrated_sqlite.read_bytes())
    db = sa.create_engine(f"sqlite:///{tmp_path / 'pleiade.db'}")
    read_end, write_end = os.pipe()
    environ = {**os.environ, "PLEIADE_LIFELINE_FD": str(read_end), "PLEIADE_DRAIN_S": "5"}
    keeper = subprocess.Popen([*KEEPER, "--home", str(tmp_path)], pass_fds=[read_end], env=environ)
    os.close(read_end)
    chance = random.Random(11)
    told = {}
    writers = {key: start_writer(tmp_path / "ledger", key) for key in ("a", "b", "c")}
    for key, writer in writers.items():
        assert writer.stdout is not None
        while (settled := int(writer.stdout.readline())) < 300:
            pass
        time.sleep(chance.random() * 0.02)
        writer.send_signal(signal.SIGKILL)
        told[key] = max([settled, *(int(line) for line in writer.stdout)])
        writer.wait()
    os.close(write_end)  # the supervisor is gone: the keeper finishes and goes
    assert keeper.wait(60) == 0
    for key, settled in told.items():
        rows = [row for row in rows_of(db) if row.key == key]
        calls = {int(str(row.call).removeprefix(f"{key}-")): row for row in rows}
        assert sorted(calls) == list(range(len(rows)))
        completed = {number for number, row in calls.items() if row.outcome == Outcome.COMPLETED}
        assert settled <= len(completed) <= settled + 101
        assert completed == set(range(len(completed)))
        assert all(calls[number].completion_tokens == 1000 + (number + 5) % 1000 for number in completed)
        crashed = [(number, calls[number].completion_tokens) for number in sorted(calls.keys() - completed)]
        assert 5 <= len(crashed) <= 6
        assert all(tokens == number % 1000 for number, tokens in crashed[:-1])  # the last may have had no mark yet
    assert writers_in(tmp_path / "ledger") == []
    assert all(check.ok for check in verify(db))
    db.dispose()


def test_a_second_keeper_process_says_why_it_goes(tmp_path: Path, sqlite_db: sa.Engine) -> None:
    first = Keeper(tmp_path / "ledger", sqlite_db)
    done = subprocess.run([*KEEPER, "--home", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 3
    assert "one is enough" in done.stderr
    first.close()
