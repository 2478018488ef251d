"""The queue: functions on a connection. Who takes a job has it for as long as the lease is renewed.

Shares are fair: of what waits, the oldest job of the project that has fewest of its kind running goes first.
"""

import secrets
import time
from collections.abc import Collection, Mapping
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from pleiade.store.jobs import jobs

State = Literal["queued", "running", "done", "failed", "cancelled"]
SECOND = 1_000_000
LEASE_S = 30.0

_job = jobs.c


class JobError(Exception):
    """The job cannot be done; the message says why, to a person who can act on it."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work."""

    id: str
    kind: str
    organisation: str
    project: str
    state: State
    payload: dict[str, Any]
    attempts: int
    stop: bool
    error: str


def enqueue(
    connection: sa.Connection,
    *,
    kind: str,
    organisation: str,
    project: str,
    payload: Mapping[str, Any],
    identifier: str = "",
) -> str:
    """Let work be done later; the job's id."""
    identifier = identifier or f"job_{secrets.token_hex(16)}"
    connection.execute(
        sa.insert(jobs).values(
            id=identifier,
            kind=kind,
            organisation=organisation,
            project=project,
            state="queued",
            payload=dict(payload),
            attempts=0,
            stop=False,
            runner="",
            lease=0,
            not_before=0,
            created=now(),
            ended=0,
            error="",
        )
    )
    return identifier


def claim(connection: sa.Connection, runner: str, kinds: Collection[str], lease_s: float = LEASE_S) -> Job | None:
    """Take the next job of those kinds; None where none waits. A job whose runner died is taken over."""
    at = now()
    busy = jobs.alias()
    running = (
        sa.select(sa.func.count())
        .select_from(busy)
        .where(busy.c.project == _job.project, busy.c.kind == _job.kind, busy.c.state == "running", busy.c.lease > at)
        .scalar_subquery()
    )
    waiting = sa.and_(_job.state == "queued", _job.not_before <= at)
    abandoned = sa.and_(_job.state == "running", _job.lease <= at)
    query = (
        sa.select(jobs)
        .where(_job.kind.in_(tuple(kinds)), sa.or_(waiting, abandoned))
        .order_by(running, _job.created, _job.id)
        .limit(8)
    )
    for row in connection.execute(query).all():
        unchanged = sa.and_(_job.id == row.id, _job.state == row.state, _job.lease == row.lease)
        taken = connection.execute(
            sa.update(jobs)
            .where(unchanged)
            .values(state="running", runner=runner, lease=at + int(lease_s * SECOND), attempts=row.attempts + 1)
        )
        if taken.rowcount:  # else another runner was faster
            return find(connection, row.id)
    return None


def renew(connection: sa.Connection, identifier: str, runner: str, lease_s: float = LEASE_S) -> Job | None:
    """Keep a job for longer, and see whether it shall stop; None where it is not the runner's any more."""
    kept = connection.execute(
        sa.update(jobs)
        .where(_job.id == identifier, _job.runner == runner, _job.state == "running")
        .values(lease=now() + int(lease_s * SECOND))
    )
    return find(connection, identifier) if kept.rowcount else None


def finish(connection: sa.Connection, identifier: str, runner: str, state: State, error: str = "") -> bool:
    """The job is over; False where it was not the runner's any more."""
    done = connection.execute(
        sa.update(jobs)
        .where(_job.id == identifier, _job.runner == runner, _job.state == "running")
        .values(state=state, error=error, ended=now(), lease=0)
    )
    return done.rowcount > 0


def release(
    connection: sa.Connection, identifier: str, runner: str, *, later_s: float = 0.0, why: str | None = None
) -> None:
    """Give a job back, to be taken again, at the earliest in `later_s` seconds; `why` then stands as its error."""
    said = {} if why is None else {"error": why}
    connection.execute(
        sa.update(jobs)
        .where(_job.id == identifier, _job.runner == runner, _job.state == "running")
        .values(state="queued", runner="", lease=0, not_before=now() + int(later_s * SECOND), **said)
    )


def reclaim(connection: sa.Connection, runner: str) -> int:
    """Leases of a former life of this runner end now; how many those were."""
    mine = sa.and_(_job.runner == runner, _job.state == "running")
    return connection.execute(sa.update(jobs).where(mine).values(lease=0)).rowcount


def ask_to_stop(connection: sa.Connection, identifier: str) -> None:
    """Tell whoever has the job, or takes it, that it shall stop."""
    connection.execute(sa.update(jobs).where(_job.id == identifier).values(stop=True, not_before=0))


def find(connection: sa.Connection, identifier: str) -> Job | None:
    """The job of that id."""
    row = connection.execute(sa.select(jobs).where(_job.id == identifier)).first()
    if row is None:
        return None
    return Job(
        id=row.id,
        kind=row.kind,
        organisation=row.organisation,
        project=row.project,
        state=row.state,
        payload=row.payload,
        attempts=row.attempts,
        stop=row.stop,
        error=row.error,
    )


def now() -> int:
    """Unix microseconds."""
    return time.time_ns() // 1000
