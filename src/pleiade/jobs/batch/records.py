"""Batches in the database: functions on a connection, by project where a client asks."""

import secrets
import time
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.files.errors import InvalidError, NotFoundError
from pleiade.jobs import queue
from pleiade.jobs.batch.nouns import KIND, OVER, WINDOW_S, Batch, Payload
from pleiade.store.jobs import batches

SECOND = 1_000_000

_batch = batches.c


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A batch, whose it is, and how long its output shall stay (seconds; 0 = as such files do)."""

    batch: Batch
    project: str
    keep: int


def create(
    connection: sa.Connection,
    *,
    organisation: str,
    project: str,
    principal: dict[str, Any],
    endpoint: str,
    input_file: str,
    metadata: dict[str, str] | None,
    keep: int,
) -> Batch:
    """A new batch, and the job that runs it."""
    created = int(time.time())
    batch = Batch(
        id=f"batch_{secrets.token_hex(16)}",
        endpoint=endpoint,
        input_file_id=input_file,
        created_at=created,
        expires_at=created + WINDOW_S,
        metadata=metadata,
        created_by=principal.get("user") or principal.get("key") or None,
    )
    present = time.time_ns() // 1000
    connection.execute(
        sa.insert(batches).values(
            id=batch.id,
            project=project,
            created=present if present // SECOND == created else created * SECOND,
            status=batch.status,
            body=_encode(batch),
            keep=keep,
        )
    )
    payload = Payload(batch=batch.id, principal=principal)
    queue.enqueue(
        connection,
        kind=KIND,
        organisation=organisation,
        project=project,
        payload=msgspec.to_builtins(payload),
        identifier=_job_of(batch.id),
    )
    return batch


def find(connection: sa.Connection, project: str, identifier: str) -> Batch:
    """The batch of that id. Raises NotFoundError."""
    stored = None
    if len(identifier) <= 64 and "\0" not in identifier:
        stored = load(connection, identifier)
    if stored is None or stored.project != project:
        raise NotFoundError("Batch", identifier)
    return stored.batch


def load(connection: sa.Connection, identifier: str) -> Stored | None:
    """The same, whosever it is; for whoever runs it."""
    row = connection.execute(sa.select(batches).where(_batch.id == identifier)).first()
    if row is None:
        return None
    return Stored(batch=_decode(row.body), project=row.project, keep=row.keep)


def change(connection: sa.Connection, identifier: str, **changes: Any) -> Batch:
    """Set fields of a batch; gives it as it is then. Nothing changes in one that is over."""
    row = connection.execute(sa.select(batches).where(_batch.id == identifier).with_for_update(key_share=True)).one()
    batch = _decode(row.body)
    if batch.status in OVER:
        return batch
    if batch.status == "cancelling" and changes.get("status") in ("in_progress", "finalizing"):
        del changes["status"]  # somebody cancelled it meanwhile, and that stays so until it is cancelled
    batch = msgspec.structs.replace(batch, **changes)
    connection.execute(
        sa.update(batches).where(_batch.id == identifier).values(status=batch.status, body=_encode(batch))
    )
    return batch


def cancel(connection: sa.Connection, project: str, identifier: str) -> Batch:
    """Let a batch end with what it has. Raises NotFoundError, InvalidError where it is over."""
    batch = find(connection, project, identifier)
    if batch.status in OVER:
        raise InvalidError(
            f"Cannot cancel a batch with status '{batch.status}'.", param="batch_id", code="invalid_status"
        )
    if batch.status == "cancelling":
        return batch
    batch = change(connection, identifier, status="cancelling", cancelling_at=int(time.time()))
    queue.ask_to_stop(connection, _job_of(identifier))
    return batch


def list_page(connection: sa.Connection, project: str, *, limit: int, after: str) -> tuple[list[Batch], bool] | None:
    """A project's batches, newest first, and whether there are more; None where `after` names none of them."""
    query = sa.select(batches).where(_batch.project == project)
    if after:
        known = len(after) <= 64 and "\0" not in after
        last = connection.execute(query.where(_batch.id == after)).first() if known else None
        if last is None:
            return None
        mark = sa.tuple_(sa.literal(last.created), sa.literal(last.id))
        query = query.where(sa.tuple_(_batch.created, _batch.id) < mark)
    rows = connection.execute(query.order_by(_batch.created.desc(), _batch.id.desc()).limit(limit + 1)).all()
    return [_decode(row.body) for row in rows[:limit]], len(rows) > limit


def _job_of(batch: str) -> str:
    return f"job_{batch}"


def _encode(batch: Batch) -> str:
    return msgspec.json.encode(batch).decode()


def _decode(text: str) -> Batch:
    return msgspec.json.decode(text, type=Batch)
