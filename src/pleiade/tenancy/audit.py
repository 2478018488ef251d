"""The audit log: every administrative act, in one chain of SHA-256 that a changed or missing line breaks."""

import hashlib
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Actor, AuditEvent
from pleiade.store import reading
from pleiade.store.tenants import audit_head, audit_log
from pleiade.tenancy.checks import new_id

ZEROS = "0" * 64  # what the first event follows
CHAIN = "chain"
_BATCH = 1000


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of the whole chain found."""

    events: int
    head: str  # sha256 of the last event: keep it elsewhere, and nobody can shorten the log unseen
    problems: tuple[str, ...]  # none = every line is as it was written


def lock(connection: sa.Connection) -> None:
    """Wait for whoever writes to the log, and keep others out until this transaction ends.

    SQLite's writers stand in line anyway; PostgreSQL's do so at this row.
    """
    connection.execute(_head().with_for_update())


def append(
    connection: sa.Connection,
    *,
    actor: Actor,
    type: str,
    organisation: str,
    details: Mapping[str, Any],
    project: str = "",
) -> AuditEvent:
    """Write one event in the transaction of the act itself. `details["id"]` names what was changed.

    For rooms whose acts are not tenancy's own (limits, prices, deployments): the transaction may do other
    things before, and none after that waits for another lock.
    """
    head = connection.execute(_head().with_for_update()).one()
    event = AuditEvent(
        sequence=head.sequence + 1,
        id=new_id("audit_log-"),
        time=int(time.time()),
        organisation=organisation,
        project=project,
        type=type,
        actor=actor,
        details=dict(details),
        previous=head.sha256,
        sha256="",
    )
    row = {
        "sequence": event.sequence,
        "id": event.id,
        "time": event.time,
        "organisation": organisation,
        "project": project,
        "type": type,
        "actor": msgspec.json.encode(actor).decode(),
        "details": msgspec.json.encode(event.details).decode(),
        "previous": head.sha256,
    }
    digest = digest_of(row)
    connection.execute(
        sa.insert(audit_log).values(
            **row,
            sha256=digest,
            actor_id=actor.user or actor.key,
            actor_email=actor.email,
            resource=str(event.details.get("id", "")),
        )
    )
    connection.execute(
        sa.update(audit_head).where(audit_head.c.name == CHAIN).values(sequence=event.sequence, sha256=digest)
    )
    return msgspec.structs.replace(event, sha256=digest)


def recorder(actor: Actor, type: str, resource: str, **data: object) -> Callable[[sa.Connection], object]:
    """Writes one event of the house into a transaction that another room makes: models, deployments."""
    details = {"id": resource} | ({"data": data} if data else {})
    return partial(append, actor=actor, type=type, organisation=DEFAULT_ORGANISATION, details=details)


def digest_of(row: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the JSON array [previous, sequence, id, time, organisation, project, type, actor, details].

    `actor` and `details` stand in it as strings, exactly as stored, so that no other way to write JSON matters.
    """
    fields = ("previous", "sequence", "id", "time", "organisation", "project", "type", "actor", "details")
    return hashlib.sha256(msgspec.json.encode([row[name] for name in fields])).hexdigest()


def verify(db: sa.Engine, *, head: str = "") -> Verification:
    """Check every event from the first: its own hash, its link, its number, and the end that the database claims.

    `head`: the hash of an event noted earlier, which must still be in the chain. Memory stays flat.
    """
    problems: list[str] = []
    expected, previous, seen = 1, ZEROS, not head
    with reading(db) as connection:
        claimed = connection.execute(_head()).one()
        rows = connection.execution_options(yield_per=_BATCH).execute(
            sa.select(audit_log).where(audit_log.c.sequence <= claimed.sequence).order_by(audit_log.c.sequence)
        )
        for row in rows.mappings():
            problems += _faults(row, expected, previous)
            expected, previous = row["sequence"] + 1, row["sha256"]
            seen = seen or previous == head
            if len(problems) >= 20:
                break
    if len(problems) < 20:
        if (claimed.sequence, claimed.sha256) != (expected - 1, previous):
            problems.append(f"the log ends with event {expected - 1}, but {claimed.sequence} were written")
        if not seen:
            problems.append(f"no event has the hash {head[:64]}: the log was shortened or written anew")
    return Verification(events=expected - 1, head=previous, problems=tuple(problems))


def _faults(row: sa.RowMapping, expected: int, previous: str) -> list[str]:
    faults = []
    if row["sequence"] != expected:
        faults.append(f"events {expected} to {row['sequence'] - 1} are missing")
    elif row["previous"] != previous:
        faults.append(f"event {row['sequence']} does not follow the one before it")
    if digest_of(dict(row)) != row["sha256"]:
        faults.append(f"event {row['sequence']} ({row['id']}) was changed after it was written")
    return faults


def _head() -> sa.Select[tuple[int, str]]:
    return sa.select(audit_head.c.sequence, audit_head.c.sha256).where(audit_head.c.name == CHAIN)
