"""Reading the audit log: pages for an API, and exports as JSON lines or CSV that anybody can verify again."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor, AuditEvent
from pleiade.store import reading
from pleiade.store.tenants import audit_log
from pleiade.tenancy.errors import not_found
from pleiade.tenancy.pages import Page, checked_limit

_BATCH = 1000
COLUMNS = ("sequence", "id", "time", "organisation", "project", "type", "actor", "details", "previous", "sha256")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: those that fit everything said here; what is empty fits all."""

    organisation: str = ""
    types: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    actor_ids: tuple[str, ...] = ()
    actor_emails: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    since: int = 0  # Unix seconds, itself included
    until: int = 0  # Unix seconds, itself included; 0 = now


def list_events(
    db: sa.Engine, wanted: Wanted, *, after: str = "", before: str = "", limit: int = 20
) -> Page[AuditEvent]:
    """Events, newest first: those older than the event `after`, or the ones right above the event `before`.

    Raises NotFoundError for a cursor that is no event of `wanted.organisation`.
    """
    limit = checked_limit(limit)
    query = sa.select(audit_log).where(*_conditions(wanted))
    with reading(db) as connection:
        if after:
            query = query.where(audit_log.c.sequence < _sequence(connection, wanted, after))
        if before:
            query = query.where(audit_log.c.sequence > _sequence(connection, wanted, before))
        upwards = bool(before) and not after
        order = audit_log.c.sequence.asc() if upwards else audit_log.c.sequence.desc()
        rows = connection.execute(query.order_by(order).limit(limit + 1)).mappings().all()
    events = [_event(row) for row in rows[:limit]]
    return Page(tuple(reversed(events) if upwards else events), len(rows) > limit)


def export_json(db: sa.Engine, wanted: Wanted) -> Iterator[str]:
    """One JSON object a line, oldest first. `actor` and `details` are the strings that were hashed."""
    for row in _rows(db, wanted):
        yield msgspec.json.encode({name: row[name] for name in COLUMNS}).decode() + "\n"


def export_csv(db: sa.Engine, wanted: Wanted) -> Iterator[str]:
    """The same as CSV (RFC 4180), with a line of headings."""
    yield _csv_line(COLUMNS)
    for row in _rows(db, wanted):
        yield _csv_line([row[name] for name in COLUMNS])


def _rows(db: sa.Engine, wanted: Wanted) -> Iterator[sa.RowMapping]:
    with reading(db) as connection:
        query = sa.select(audit_log).where(*_conditions(wanted)).order_by(audit_log.c.sequence)
        yield from connection.execution_options(yield_per=_BATCH).execute(query).mappings()


def _csv_line(values: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(values)
    return line.getvalue()


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    log = audit_log.c
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.organisation:
        conditions.append(log.organisation == wanted.organisation)
    for column, values in (
        (log.type, wanted.types),
        (log.project, wanted.projects),
        (log.actor_id, wanted.actor_ids),
        (log.actor_email, wanted.actor_emails),
        (log.resource, wanted.resources),
    ):
        if values:
            # psycopg refuses NUL even in a comparison; no row holds it.
            conditions.append(column.in_([value for value in values if "\0" not in value]))
    if wanted.since:
        conditions.append(log.time >= wanted.since)
    if wanted.until:
        conditions.append(log.time <= wanted.until)
    return conditions


def _sequence(connection: sa.Connection, wanted: Wanted, event: str) -> int:
    query = sa.select(audit_log.c.sequence).where(audit_log.c.id == event.replace("\0", ""))
    if wanted.organisation:
        query = query.where(audit_log.c.organisation == wanted.organisation)
    sequence: int | None = connection.scalar(query)
    if sequence is None:
        raise not_found("event", event)
    return sequence


def _event(row: sa.RowMapping) -> AuditEvent:
    fields = {name: row[name] for name in COLUMNS}
    fields["actor"] = msgspec.json.decode(row["actor"], type=Actor)
    fields["details"] = msgspec.json.decode(row["details"], type=dict[str, Any])
    return AuditEvent(**fields)
