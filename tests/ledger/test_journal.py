"""The journal: what is written survives, in order, once; what cannot be written is refused before a call is made."""

import asyncio
import logging
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from books import HandClock, make_calls, reservation, settlement, used

from pleiade.domain import Usage
from pleiade.domain.books import Entry, Outcome, Reservation
from pleiade.ledger import LedgerError
from pleiade.ledger.entering import crash, mark
from pleiade.ledger.journal import Journal
from pleiade.ledger.records import NO_HASH, Reserved, chained
from pleiade.ledger.recovery import read_segment
from pleiade.ledger.segments import segments_of
from pleiade.ledger.tail import JournalTail


@contextmanager
def files_no_larger_than(num_bytes: int) -> Iterator[None]:
    """A full disk, as far as this process can tell."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path)
    yield opened
    opened.close()


def entries_of(folder: Path, journal: Journal) -> list[Entry]:
    tail = JournalTail(folder, journal.writer)
    found = [entered.entry for entered in tail.read(100_000)]
    tail.close()
    return found


def size(folder: Path, journal: Journal) -> int:
    return sum(path.stat().st_size for path in folder.glob(f"{journal.writer}.*.journal"))


def test_an_entry_carries_every_field_of_its_reservation_and_settlement(journal: Journal) -> None:
    carried = [name for name in Reservation.__struct_fields__ if name != "on_answer"]  # which is for whoever settles
    asked = Reservation(
        **{name: f"the {name}" for name in carried if name not in ("stream", "estimate")}
        | {"billing": "prepaid", "organisation": "org-b", "storefront": "azure", "stream": True, "estimate": 300}
    )
    journal.reserve(asked)
    usage = Usage(prompt_tokens=1, completion_tokens=2, cached_tokens=3, reasoning_tokens=4, images=5, audio=6)
    ended = settlement(asked.call, usage=usage, cost=7, estimated=True, attempts=8, status=206, ms=9, first_byte_ms=10)
    entry = journal.settle(ended)
    for name in carried:
        assert getattr(entry, name) == getattr(asked, name)
    for name in ("outcome", "usage", "cost", "estimated", "attempts", "status", "ms", "first_byte_ms"):
        assert getattr(entry, name) == getattr(ended, name)
    assert (entry.debit, entry.credit) == ("credits:org-b", "revenue:azure")


def test_what_is_paid_for_with_its_answer_owes_nothing_where_its_process_died() -> None:
    reserved = Reserved(1, Reservation(call="a", on_answer=True))
    left = crash(
        reserved, mark(2, "a", Usage(prompt_tokens=5), 7), 2, (Usage(prompt_tokens=5, completion_tokens=9), 70)
    )
    assert (left.usage, left.cost, left.outcome, left.estimated) == (Usage(), 0, Outcome.CRASHED, False)


def test_the_deployment_that_answered_is_the_one_that_is_booked(journal: Journal) -> None:
    journal.reserve(reservation("a"))
    assert journal.settle(settlement("a", deployment="spill")).deployment == "spill"


def test_what_was_written_is_read_in_order_and_chained(tmp_path: Path, journal: Journal) -> None:
    make_calls(journal, 50)
    tail = JournalTail(tmp_path, journal.writer)
    entered = tail.read(1000)
    assert [each.entry.sequence for each in entered] == list(range(1, 51))
    head = NO_HASH
    for each in entered:
        head = chained(head, each.bytes)
        assert each.hash == head
    tail.close()


def test_a_reader_follows_a_journal_while_it_is_written(tmp_path: Path, journal: Journal) -> None:
    tail = JournalTail(tmp_path, journal.writer)
    for turn in range(5):
        make_calls(journal, 3, f"turn{turn}")
        assert [each.entry.call for each in tail.read(100)] == [f"turn{turn}-{n}" for n in range(3)]
    assert tail.read(100) == []
    tail.close()


def test_a_call_is_settled_once_and_only_if_it_was_reserved(journal: Journal) -> None:
    journal.reserve(reservation("a"))
    journal.settle(settlement("a"))
    with pytest.raises(LedgerError, match="not open"):
        journal.settle(settlement("a"))
    with pytest.raises(LedgerError, match="not open"):
        journal.mark("b", used(1))
    journal.reserve(reservation("c"))
    with pytest.raises(LedgerError, match="reserved already"):
        journal.reserve(reservation("c"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "a\x00b"}, "NUL"),
        ({"model": "\ud800"}, "cannot be reserved"),
        ({"model": "m" * 70_000}, "longer than"),
        ({"billing": "free"}, "billing 'free'"),
    ],
)
def test_a_call_that_no_database_could_hold_is_refused_before_it_is_made(
    tmp_path: Path, journal: Journal, changes: dict[str, object], says: str
) -> None:
    with pytest.raises(LedgerError, match=says):
        journal.reserve(reservation("a", **changes))
    make_calls(journal, 1)  # and holds up nothing after it
    assert len(entries_of(tmp_path, journal)) == 1


def test_names_with_quotes_and_emoji_are_kept(journal: Journal) -> None:
    journal.reserve(reservation("a", user="""Robert'); DROP TABLE "entries";-- 🐘"""))
    assert journal.settle(settlement("a")).user == """Robert'); DROP TABLE "entries";-- 🐘"""


@pytest.mark.parametrize(
    ("usage", "cost"),
    [(Usage(prompt_tokens=10**30), 1), (Usage(completion_tokens=-5), 1), (Usage(images=10**10), 1), (Usage(), 10**19)],
)
def test_what_nobody_can_believe_is_not_booked(journal: Journal, usage: Usage, cost: int) -> None:
    for call in ("marked", "silent"):
        journal.reserve(reservation(call))
    journal.mark("marked", used(40), cost=400)
    journal.mark("marked", usage, cost)
    marked = journal.settle(settlement("marked", usage=usage, cost=cost))
    silent = journal.settle(settlement("silent", usage=usage, cost=cost))
    assert (marked.usage, marked.cost, marked.estimated) == (used(40), 400, True)
    assert (silent.usage, silent.cost, silent.estimated) == (Usage(), 0, True)


def test_a_clock_set_back_by_a_minute_or_a_month_makes_no_earlier_entry(tmp_path: Path) -> None:
    clock = HandClock()
    journal = Journal.open(tmp_path, clock=clock)
    times = []
    for jump_ms in (0, 50, -60_000, 10, -30 * 86_400_000, 10_000, 31 * 86_400_000):
        clock.pass_ms(5)
        clock.wall += jump_ms
        make_calls(journal, 1, f"after {jump_ms}")
        times.append(entries_of(tmp_path, journal)[-1].time_ms)
    journal.close()
    assert times == sorted(times)
    assert times[5] - times[0] < 1000  # it did not leap ahead while it waited
    assert times[6] == clock.wall  # and follows the machine's clock again once that is ahead


def test_time_goes_on_at_half_pace_until_a_clock_that_was_set_back_is_there_again() -> None:
    clock = HandClock()
    before = clock.now()
    clock.wall -= 60_000

    def after_a_minute() -> int:
        for _ in range(60):
            clock.pass_ms(1000)
            now = clock.now()
        return now

    assert after_a_minute() == before + 30_000
    assert after_a_minute() == before + 60_000 == clock.wall
    assert after_a_minute() == clock.wall


def test_a_segment_that_is_full_is_followed_by_one_that_holds_what_is_open(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, segment_bytes=8_000)
    journal.reserve(reservation("long"))
    journal.mark("long", used(40), cost=77)
    make_calls(journal, 100)
    numbers = segments_of(tmp_path, journal.writer)
    assert len(numbers) > 4
    left = read_segment(tmp_path / f"{journal.writer}.{numbers[-1]:06}.journal")
    reserved, marked = left.running["long"]
    assert reserved.reservation == reservation("long")
    assert marked is not None
    assert (marked.usage, marked.cost) == (used(40), 77)
    assert len(entries_of(tmp_path, journal)) == 100
    journal.close()


def test_a_full_disk_refuses_calls_and_loses_no_settlement(
    tmp_path: Path, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    make_calls(journal, 3)
    for call in ("x", "y"):
        journal.reserve(reservation(call))
    with files_no_larger_than(size(tmp_path, journal) + 30):  # the next record fits in part
        journal.mark("x", used(5))
        x = journal.settle(settlement("x"))
        y = journal.settle(settlement("y"))
        with pytest.raises(LedgerError, match="free some disk space"):
            journal.reserve(reservation("z"))
        assert "2 settlements wait" in journal.trouble
        assert len(entries_of(tmp_path, journal)) == 3
    journal.reserve(reservation("z"))
    assert journal.trouble == ""
    journal.settle(settlement("z"))
    assert [entry.call for entry in entries_of(tmp_path, journal)[3:]] == ["x", "y", "z"]
    assert (x.sequence, y.sequence) == (4, 5)
    told = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 2  # once that it is full, once that it is not any more
    assert "can be written again" in told[1]


def test_what_was_written_in_part_is_overwritten(
    tmp_path: Path, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    make_calls(journal, 1)
    with files_no_larger_than(size(tmp_path, journal) + 5000), pytest.raises(LedgerError, match="free some disk space"):
        journal.reserve(reservation("long", user="u" * 20_000))
    make_calls(journal, 2, "after")
    assert [entry.call for entry in entries_of(tmp_path, journal)] == ["call-0", "after-0", "after-1"]
    assert "damaged" not in caplog.text


async def test_what_waits_is_written_without_another_call(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, sync_ms=5)
    journal.reserve(reservation("x"))
    with files_no_larger_than(size(tmp_path, journal)):
        journal.settle(settlement("x"))
        with pytest.raises(LedgerError, match="wait in memory"):
            await journal.durable()
    await journal.durable()
    assert [entry.call for entry in entries_of(tmp_path, journal)] == ["x"]
    journal.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("a file is in the way")
    with pytest.raises(LedgerError, match="the ledger's folder"):
        Journal.open(tmp_path / "ledger")


async def test_those_who_wait_for_the_disk_are_told_together(journal: Journal) -> None:
    make_calls(journal, 2)
    await asyncio.gather(*(journal.durable() for _ in range(20)))
    await journal.durable()  # nothing new: told at once


WRITER = """
import sys
from pathlib import Path
from books import reservation, settlement, used
from pleiade.ledger.journal import Journal
journal = Journal.open(Path(sys.argv[1]), segment_bytes=200_000)
name = sys.argv[2]
for number in range(10**9):
    journal.reserve(reservation(f"{name}-{number}", key=name))
    journal.mark(f"{name}-{number}", used(number % 1000))
    if number >= 5:  # so many calls are open at any moment
        journal.settle(settlement(f"{name}-{number - 5}", tokens=1000 + number % 1000))
    if number % 100 == 99:
        print(number - 4, flush=True)
"""


def start_writer(folder: Path, key: str = "call") -> "subprocess.Popen[str]":
    """A process that makes calls as fast as it can, some at a time, and says how many it has settled."""
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    argv = [sys.executable, "-c", WRITER, str(folder), key]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})


def test_what_was_settled_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    writer = start_writer(tmp_path)
    assert writer.stdout is not None
    told = 0
    while told < 1500:
        told = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    told = max([told, *(int(line) for line in writer.stdout)])
    writer.wait()
    (name,) = {path.name.split(".")[0] for path in tmp_path.glob("*.journal")}
    tail = JournalTail(tmp_path, name)
    calls = [each.entry.call for each in tail.read(10**9, ended=True)]
    tail.close()
    assert calls == [f"call-{number}" for number in range(len(calls))]
    assert told <= len(calls) <= told + 101


def test_a_settlement_after_the_close_is_written_into_nobodys_file(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "ledger")
    journal.reserve(reservation("late"))
    journal.close()
    others = [os.open(tmp_path / f"other {number}", os.O_RDWR | os.O_CREAT) for number in range(8)]
    journal.settle(settlement("late"))
    with pytest.raises(LedgerError):
        journal.reserve(reservation("later"))
    journal.close()
    assert [os.fstat(descriptor).st_size for descriptor in others] == [0] * 8  # and all of them are open
    for descriptor in others:
        os.close(descriptor)
