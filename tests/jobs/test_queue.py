"""The queue: a job is had by one at a time, shares are fair, and what a dead runner had is taken over."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from pleiade.jobs import queue
from pleiade.store import reading, unit_of_work
from pleiade.store.jobs import jobs

KINDS = ("toy",)


@pytest.fixture
def add(db: sa.Engine) -> Iterator[Any]:
    """Adds a job of a project."""

    def add(project: str = "p", kind: str = "toy", **payload: Any) -> str:
        with unit_of_work(db) as connection:
            return queue.enqueue(connection, kind=kind, organisation="o", project=project, payload=payload)

    return add


def claim(db: sa.Engine, runner: str = "r", lease_s: float = 60) -> queue.Job | None:
    with unit_of_work(db) as connection:
        return queue.claim(connection, runner, KINDS, lease_s)


def test_jobs_are_taken_once_oldest_first_and_by_their_kind(db: sa.Engine, add: Any) -> None:
    first, second = add(number=1), add(number=2)
    add(kind="other")
    taken = [claim(db), claim(db, "another"), claim(db)]
    assert [job.id if job else None for job in taken] == [first, second, None]
    assert taken[0] is not None
    assert (taken[0].payload, taken[0].attempts, taken[0].state) == ({"number": 1}, 1, "running")


def test_projects_take_turns(db: sa.Engine, add: Any) -> None:
    greedy = [add("greedy") for _ in range(4)]
    modest = [add("modest") for _ in range(2)]
    order = [job.id for _ in range(6) if (job := claim(db)) is not None]
    assert order == [greedy[0], modest[0], greedy[1], modest[1], *greedy[2:]]


def test_many_runners_at_once_take_each_job_once(db: sa.Engine, add: Any) -> None:
    wanted = {add() for _ in range(30)}
    taken: list[str] = []

    def work(runner: str) -> None:
        while (job := claim(db, runner)) is not None:
            taken.append(job.id)

    threads = [threading.Thread(target=work, args=(f"runner-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == sorted(wanted)


def test_a_lease_that_ends_is_taken_over_and_its_former_holder_hears_of_it(db: sa.Engine, add: Any) -> None:
    identifier = add()
    assert claim(db, "dead", lease_s=-1) is not None
    job = claim(db, "heir")
    assert job is not None
    assert (job.id, job.attempts) == (identifier, 2)
    with unit_of_work(db) as connection:
        assert queue.renew(connection, identifier, "dead") is None
        assert not queue.finish(connection, identifier, "dead", "done")
        assert queue.renew(connection, identifier, "heir") is not None
        assert queue.finish(connection, identifier, "heir", "done")
    assert claim(db) is None


def test_a_runner_in_its_next_life_takes_up_what_it_left_at_once(db: sa.Engine, add: Any) -> None:
    identifier = add()
    claim(db, "r")
    assert claim(db, "r") is None
    with unit_of_work(db) as connection:
        assert queue.reclaim(connection, "r") == 1
    job = claim(db, "r")
    assert job is not None
    assert job.id == identifier


def test_what_is_given_back_waits_as_long_as_it_shall(db: sa.Engine, add: Any) -> None:
    identifier = add()
    claim(db)
    with unit_of_work(db) as connection:
        queue.release(connection, identifier, "r", later_s=3600)
    assert claim(db) is None
    with unit_of_work(db) as connection:
        queue.ask_to_stop(connection, identifier)  # who is asked to stop does not wait for that
    job = claim(db)
    assert job is not None
    assert job.stop


def test_why_a_job_failed_is_kept(db: sa.Engine, add: Any) -> None:
    identifier = add()
    claim(db)
    with unit_of_work(db) as connection:
        queue.finish(connection, identifier, "r", "failed", "the disk is full: make room")
    with reading(db) as connection:
        job = queue.find(connection, identifier)
        assert connection.scalar(sa.select(jobs.c.ended)) > 0
    assert job is not None
    assert (job.state, job.error) == ("failed", "the disk is full: make room")
