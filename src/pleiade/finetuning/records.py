"""Jobs, events and checkpoints in the database: functions on a connection, always by project."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.files.errors import InvalidError, NotFoundError
from pleiade.finetuning.nouns import ENDED, Checkpoint, Event, Job, Level, Plan, Stored
from pleiade.store.finetuning import fine_tuning_checkpoints, fine_tuning_events, fine_tuning_jobs

_job = fine_tuning_jobs.c
_event = fine_tuning_events.c
_checkpoint = fine_tuning_checkpoints.c
SECOND = 1_000_000


def insert(connection: sa.Connection, stored: Stored) -> None:
    """Keep a new job."""
    connection.execute(
        sa.insert(fine_tuning_jobs).values(
            id=stored.job.id,
            organisation=stored.organisation,
            project=stored.project,
            created=time.time_ns() // 1000,
            changed=stored.job.created_at,
            status=stored.job.status,
            wish="",
            place="",
            trained=0,
            model="",
            body=msgspec.json.encode(stored.job).decode(),
            plan=msgspec.json.encode(stored.plan).decode(),
        )
    )


def load(connection: sa.Connection, identifier: str) -> Stored | None:
    """The job of that id, whosever it is; for whoever trains it."""
    row = connection.execute(sa.select(fine_tuning_jobs).where(_job.id == identifier)).first()
    return None if row is None else _stored(row)


def find(connection: sa.Connection, project: str, identifier: str) -> Stored:
    """The project's job of that id. Raises NotFoundError."""
    row = None
    if len(identifier) <= 64 and "\0" not in identifier:
        mine = sa.and_(_job.id == identifier, _job.project == project)
        row = connection.execute(sa.select(fine_tuning_jobs).where(mine)).first()
    if row is None:
        raise NotFoundError("FineTuningJob", identifier)
    return _stored(row)


def list_page(
    connection: sa.Connection, project: str, *, limit: int, after: str, metadata: Mapping[str, str] | None, legacy: bool
) -> tuple[list[Stored], bool]:
    """One page of a project's jobs, newest first, and whether there are more. Raises InvalidError for a lost cursor."""
    query = sa.select(fine_tuning_jobs).where(_job.project == project)
    if after:
        known = len(after) <= 64 and "\0" not in after
        last = connection.execute(query.where(_job.id == after)).first() if known else None
        if last is None:
            raise InvalidError(f"Invalid 'after': no job with id '{after[:100]}' is in this list.", param="after")
        query = query.where(sa.tuple_(_job.created, _job.id) < sa.tuple_(sa.literal(last.created), sa.literal(last.id)))
    found: list[Stored] = []
    for row in connection.execute(query.order_by(_job.created.desc(), _job.id.desc())):
        stored = _stored(row)
        if stored.plan.legacy == legacy and _has(stored.job, metadata):
            found.append(stored)
            if len(found) > limit:
                break
    return found[:limit], len(found) > limit


def change(connection: sa.Connection, identifier: str, *, plan: Plan | None = None, **fields: Any) -> Job:
    """The job with those fields of its object changed."""
    row = connection.execute(sa.select(fine_tuning_jobs).where(_job.id == identifier).with_for_update()).one()
    job = msgspec.structs.replace(msgspec.json.decode(row.body, type=Job), **fields)
    values: dict[str, Any] = {"body": msgspec.json.encode(job).decode(), "status": job.status}
    if job.status != row.status:
        values["changed"] = int(time.time())
    if job.fine_tuned_model:
        values["model"] = job.fine_tuned_model
    if plan is not None:
        values["plan"] = msgspec.json.encode(plan).decode()
    if job.status in ENDED:
        values["wish"] = ""
    connection.execute(sa.update(fine_tuning_jobs).where(_job.id == identifier).values(**values))
    return job


def note(connection: sa.Connection, identifier: str, **values: Any) -> None:
    """Change columns that are no part of the object: wish, place, trained."""
    connection.execute(sa.update(fine_tuning_jobs).where(_job.id == identifier).values(**values))


def remove(connection: sa.Connection, identifier: str) -> None:
    """Forget a job, with its events and checkpoints."""
    connection.execute(sa.delete(fine_tuning_jobs).where(_job.id == identifier))


def tell(
    connection: sa.Connection,
    identifier: str,
    message: str,
    *,
    level: Level = "info",
    data: Mapping[str, Any] | None = None,
    step: int = 0,
    metrics: bool = False,
    once: bool = False,
) -> None:
    """One more event. Metrics of a `step` are told once, however often it was trained; so is a message, if `once`."""
    mine = _event.job == identifier
    if step and connection.scalar(sa.select(_event.number).where(mine, _event.step >= step).limit(1)) is not None:
        return
    if once and connection.scalar(sa.select(_event.number).where(mine, _event.message == message).limit(1)) is not None:
        return
    last = connection.scalar(sa.select(sa.func.max(_event.number)).where(mine))
    connection.execute(
        sa.insert(fine_tuning_events).values(
            job=identifier,
            number=(last or 0) + 1,
            created=int(time.time()),
            level=level,
            type="metrics" if step or metrics else "message",
            message=message,
            data=dict(data or {}),
            step=step,
        )
    )


def list_events(
    connection: sa.Connection, identifier: str, *, limit: int, after: str, oldest_first: bool = False
) -> tuple[list[Event], bool]:
    """One page of a job's events, the newest first, and whether there are more. Raises InvalidError."""
    query = sa.select(fine_tuning_events).where(_event.job == identifier)
    if after:
        number = _number_of(identifier, after)
        known = connection.scalar(sa.select(_event.number).where(_event.job == identifier, _event.number == number))
        if known is None:
            raise InvalidError(f"Invalid 'after': no event with id '{after[:100]}' is in this list.", param="after")
        query = query.where(_event.number > number if oldest_first else _event.number < number)
    order = _event.number.asc() if oldest_first else _event.number.desc()
    rows = connection.execute(query.order_by(order).limit(limit + 1)).all()
    events = [
        Event(
            id=f"ftevent-{identifier.partition('-')[2]}-{row.number}",
            created_at=row.created,
            level=row.level,
            message=row.message,
            type=row.type,
            data=row.data or None,
        )
        for row in rows[:limit]
    ]
    return events, len(rows) > limit


def metrics(connection: sa.Connection, identifier: str) -> list[dict[str, Any]]:
    """The data of all metrics of a job, by step."""
    query = sa.select(_event.data, _event.created).where(_event.job == identifier, _event.step > 0)
    return [{**row.data, "time": row.created} for row in connection.execute(query.order_by(_event.step))]


def add_checkpoint(connection: sa.Connection, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint; one of that step that is there already stays as it is."""
    mine = sa.and_(_checkpoint.job == checkpoint.fine_tuning_job_id, _checkpoint.step == checkpoint.step_number)
    if connection.scalar(sa.select(_checkpoint.id).where(mine)) is None:
        connection.execute(
            sa.insert(fine_tuning_checkpoints).values(
                job=checkpoint.fine_tuning_job_id,
                step=checkpoint.step_number,
                id=checkpoint.id,
                created=checkpoint.created_at,
                model=checkpoint.fine_tuned_model_checkpoint,
                metrics=checkpoint.metrics,
            )
        )


def list_checkpoints(connection: sa.Connection, identifier: str) -> list[Checkpoint]:
    """A job's checkpoints, the last one first."""
    query = sa.select(fine_tuning_checkpoints).where(_checkpoint.job == identifier).order_by(_checkpoint.step.desc())
    return [
        Checkpoint(
            id=row.id,
            created_at=row.created,
            fine_tuned_model_checkpoint=row.model,
            fine_tuning_job_id=row.job,
            metrics=row.metrics,
            step_number=row.step,
        )
        for row in connection.execute(query)
    ]


def _number_of(identifier: str, event: str) -> int:
    number = event.removeprefix(f"ftevent-{identifier.partition('-')[2]}-")
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0


def _has(job: Job, metadata: Mapping[str, str] | None) -> bool:
    if metadata is None:
        return True
    mine = job.metadata or {}
    return all(mine.get(key) == value for key, value in metadata.items())


def _stored(row: sa.Row[Any]) -> Stored:
    return Stored(
        job=msgspec.json.decode(row.body, type=Job),
        plan=msgspec.json.decode(row.plan, type=Plan),
        organisation=row.organisation,
        project=row.project,
        wish=row.wish,
        place=row.place,
        trained=row.trained,
    )
