"""Jobs stopped and let go on: what is under way hears of it within a second, what waits changes at once."""

from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.files.errors import InvalidError
from pleiade.finetuning import records
from pleiade.finetuning.nouns import ENDED, Job, Stored
from pleiade.finetuning.work import cancel as cancel_now
from pleiade.finetuning.work import enqueue_training


def cancel(connection: sa.Connection, project: str, identifier: str) -> Job:
    """Stop a job for good. Raises NotFoundError, InvalidError where it is over."""
    stored = records.find(connection, project, identifier)
    if stored.job.status in ENDED:
        raise _too_late(stored, "cancelled")
    if stored.job.status == "running":
        return _wish(connection, stored, "cancel")
    cancel_now(connection, identifier, stored.trained)
    return records.find(connection, project, identifier).job


def pause(connection: sa.Connection, project: str, identifier: str) -> Job:
    """Stop a job so that it can go on. Raises NotFoundError, InvalidError where it does not run and does not wait."""
    stored = records.find(connection, project, identifier)
    match stored.job.status:
        case "running":
            return _wish(connection, stored, "pause")
        case "queued":
            records.tell(connection, identifier, "The job was paused before it began; resume it to go on")
            return records.change(connection, identifier, status="paused")
        case "paused":
            return stored.job
        case _:
            raise _too_late(stored, "paused")


def resume(connection: sa.Connection, project: str, identifier: str) -> Job:
    """Let a paused job wait for its turn again. Raises NotFoundError, InvalidError where it is not paused."""
    stored = records.find(connection, project, identifier)
    if stored.wish == "pause":
        records.note(connection, identifier, wish="")
        return stored.job
    if stored.job.status != "paused":
        raise _too_late(stored, "resumed")
    records.tell(connection, identifier, "The job was resumed")
    enqueue_training(connection, stored)
    return records.find(connection, project, identifier).job


def remove(connection: sa.Connection, project: str, identifier: str) -> None:
    """Forget a job that is over; its model stays. Raises NotFoundError, InvalidError while it is not."""
    stored = records.find(connection, project, identifier)
    if stored.job.status not in ENDED:
        raise InvalidError(
            f"Job {identifier} is {stored.job.status}: cancel it before it is deleted.", code="invalid_state"
        )
    records.remove(connection, identifier)


def _wish(connection: sa.Connection, stored: Stored, wish: str) -> Job:
    records.note(connection, stored.job.id, wish=wish)
    return stored.job


def _too_late(stored: Stored, what: str) -> InvalidError:
    ended: Any = stored.job.status in ENDED
    more = "it is over" if ended else "wait until it is queued or runs" if what == "paused" else "it is not paused"
    return InvalidError(
        f"Job {stored.job.id} has status {msgspec.to_builtins(stored.job.status)} and cannot be {what}: {more}.",
        code="invalid_state",
    )
