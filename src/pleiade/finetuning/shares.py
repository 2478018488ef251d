"""Whose job is trained next: of the projects that wait, the one that had least of this machine lately."""

import time
from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pleiade.store.finetuning import fine_tuning_jobs

LATELY_S = 7 * 24 * 3600
_job = fine_tuning_jobs.c


class Waiting(msgspec.Struct, frozen=True):
    """A job that could be trained."""

    id: str
    project: str
    created: int
    begun: bool = False  # it was under way when its runner ended: it goes on before anything else


def next_job(waiting: Sequence[Waiting], had: Mapping[str, int]) -> str:
    """The id of the one that goes next; "" where none waits. `had`: tokens that projects had trained lately."""
    order = sorted(waiting, key=lambda one: (not one.begun, had.get(one.project, 0), one.created, one.id))
    return order[0].id if order else ""


def choose(connection: sa.Connection, place: str) -> str:
    """The job that `place` (a machine and its home) trains next, which is its own from now on; "" = none waits."""
    mine = _job.place.in_(("", place))
    begun = sa.and_(_job.status == "running", _job.place == place)
    query = sa.select(fine_tuning_jobs).where(sa.or_(sa.and_(_job.status == "queued", mine), begun))
    waiting = [Waiting(row.id, row.project, row.created, row.status == "running") for row in connection.execute(query)]
    since = (int(time.time()) - LATELY_S) * 1_000_000
    sums = sa.select(_job.project, sa.func.sum(_job.trained)).where(_job.created >= since).group_by(_job.project)
    chosen = next_job(waiting, {row[0]: int(row[1] or 0) for row in connection.execute(sums)})
    if chosen:
        connection.execute(sa.update(fine_tuning_jobs).where(_job.id == chosen).values(place=place))
    return chosen


def running(connection: sa.Connection, place: str) -> list[str]:
    """The jobs that are under way at `place`."""
    return list(connection.scalars(sa.select(_job.id).where(_job.status == "running", _job.place == place)))


def ahead_of(connection: sa.Connection, identifier: str) -> int:
    """How many jobs wait or run that were asked for before this one."""
    created = sa.select(_job.created).where(_job.id == identifier).scalar_subquery()
    busy = _job.status.in_(("validating_files", "queued", "running"))
    query = sa.select(sa.func.count()).select_from(fine_tuning_jobs).where(busy, _job.created < created)
    return int(connection.scalar(query) or 0)
