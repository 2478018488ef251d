"""A job that breaks off is tried again, each time later; not for ever, and not against a database that is away."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pleiade.files.contents import Contents
from pleiade.jobs import queue
from pleiade.jobs.bench import Bench
from pleiade.jobs.breaking import MOST, STEADY_S, broken_off, wait_s
from pleiade.jobs.queue import Job
from pleiade.jobs.runner import Runner
from pleiade.store import StoreError, reading, unit_of_work
from pleiade.store.jobs import jobs


class Toy:
    """A kind of job that raises what a test wants, and what those who asked for one were told."""

    def __init__(self, raises: Callable[[int], Exception | None]) -> None:
        self.runs = 0
        self.told: list[str] = []
        self._raises = raises

    async def run(self, job: Job, bench: Bench, stop: asyncio.Event) -> bool:
        self.runs += 1
        if (error := self._raises(self.runs)) is not None:
            raise error
        return True

    async def give_up(self, job: Job, bench: Bench, why: str) -> None:
        self.told.append(why)


async def work(db: sa.Engine, folder: Path, toy: Toy, *, until: Callable[[], bool] | None = None) -> Any:
    """The row of one job once it is over; nobody waits for its next turn."""
    with unit_of_work(db) as connection:
        queue.enqueue(connection, kind="toy", organisation="o", project="p", payload={})
    bench = Bench(db, Contents(str(folder)), "http://127.0.0.1:9", "")
    ended = asyncio.Event()
    runner = Runner(bench, "runner", {"toy": toy.run}, {"toy": toy.give_up}, look_every_s=0.01)
    task = asyncio.create_task(runner.run(ended))
    try:
        async with asyncio.timeout(60):
            while True:
                with unit_of_work(db) as connection:
                    connection.execute(sa.update(jobs).where(jobs.c.state == "queued").values(not_before=0))
                with reading(db) as connection:
                    row = connection.execute(sa.select(jobs)).one()
                if row.state not in ("queued", "running") or (until is not None and until()):
                    return row
                await asyncio.sleep(0.01)
    finally:
        ended.set()
        await task


async def test_it_is_given_up_and_whoever_asked_is_told_why(db: sa.Engine, tmp_path: Path) -> None:
    toy = Toy(lambda runs: ValueError("no\nroom"))
    row = await work(db, tmp_path, toy)
    assert (row.state, toy.runs) == ("failed", MOST)
    assert toy.told == [row.error]
    assert row.error.startswith(f"The job broke off {MOST} times: ValueError: no room. It is not tried again: ")


async def test_one_that_recovers_is_done_and_nothing_stands_against_it(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    toy = Toy(lambda runs: RuntimeError("once") if runs < 3 else None)
    row = await work(sqlite_db, tmp_path, toy)
    assert (row.state, row.error, toy.runs, toy.told) == ("done", "", 3, [])


async def test_a_database_that_is_away_is_waited_for_however_long(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    toy = Toy(lambda runs: StoreError("away") if runs <= MOST + 3 else None)
    row = await work(sqlite_db, tmp_path, toy)
    assert (row.state, toy.runs, toy.told) == ("done", MOST + 4, [])


async def test_what_a_job_itself_says_it_failed_by_is_told_too(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    toy = Toy(lambda runs: queue.JobError("the file has no lines: add some"))
    row = await work(sqlite_db, tmp_path, toy)
    assert (row.state, row.error) == ("failed", "the file has no lines: add some")
    assert toy.told == [row.error]


def job(error: str) -> Job:
    known: dict[str, Any] = {"id": "j", "kind": "toy", "organisation": "o", "project": "p", "payload": {}}
    return Job(**known, state="running", attempts=1, stop=False, error=error)


@pytest.mark.parametrize(
    ("before", "ran_s", "times"),
    [
        ("", 0.0, 1),
        ("broke off 1 time: ValueError", 0.0, 2),
        ("broke off 7 times: ValueError: broke off 2 times: x", 0.0, 8),
        ("broke off 7 times: ValueError", STEADY_S, 1),  # it went on well for long: that is another matter
    ],
)
def test_times_in_a_row_are_counted_in_the_jobs_own_row(before: str, ran_s: float, times: int) -> None:
    counted, said = broken_off(job(before), ValueError("x"), ran_s=ran_s)
    assert counted == times
    assert broken_off(job(said), ValueError("x"), ran_s=0.0)[0] == times + 1


def test_each_try_waits_longer_up_to_five_minutes() -> None:
    waits = [wait_s(times) for times in range(1, MOST)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (15.0, 300.0)
