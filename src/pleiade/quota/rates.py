"""Rates of keys, projects and organisations, in the shape of OpenAI's `project.rate_limit`."""

from collections.abc import Mapping

import msgspec
import sqlalchemy as sa

from pleiade.domain.limits import RateLimit, Scope
from pleiade.quota.errors import LimitsError
from pleiade.quota.subjects import require_model, require_subject
from pleiade.store import bump_version, limits, reading, unit_of_work

MOST = 10**12  # a day of the largest capacity that a deployment can have
FIELDS = tuple(field.name for field in msgspec.structs.fields(RateLimit))


class RateOf(msgspec.Struct, frozen=True):
    """A rate, and whose it is; `model` is "" where it is for all models together."""

    scope: Scope
    subject: str
    model: str
    rate: RateLimit


def set_rate(
    db: sa.Engine, scope: Scope, subject: str, changes: Mapping[str, int | None], *, model: str = ""
) -> RateLimit:
    """Change the named fields of a rate; None takes that limit away. Gateways follow within a second.

    Fields that are not named stay. Returns the rate as it is now. Raises LimitsError for an unknown subject, model or
    field, and for a number that nobody can mean.
    """
    with unit_of_work(db) as connection:
        return write_rate(connection, scope, subject, changes, model=model)


def write_rate(
    connection: sa.Connection, scope: Scope, subject: str, changes: Mapping[str, int | None], *, model: str = ""
) -> RateLimit:
    """`set_rate` within a transaction of the caller's."""
    _require_sane(changes)
    bump_version(connection, "limits")  # first: its row is the lock that lets one change follow another
    require_subject(connection, scope, subject)
    require_model(connection, model)
    row = connection.execute(sa.select(limits.rate_limits).where(_is(scope, subject, model))).first()
    rate = msgspec.structs.replace(_rate(row) if row else RateLimit(), **changes)
    connection.execute(sa.delete(limits.rate_limits).where(_is(scope, subject, model)))
    if rate != RateLimit():
        values = {"scope": scope, "subject": subject, "model": model, **msgspec.structs.asdict(rate)}
        connection.execute(sa.insert(limits.rate_limits).values(values))
    return rate


def list_rates(db: sa.Engine, scope: Scope | None = None, subject: str | None = None) -> list[RateOf]:
    """All rates, or those of one scope or subject; by scope, subject and model."""
    table = limits.rate_limits
    query = sa.select(table).order_by(table.c.scope, table.c.subject, table.c.model)
    if scope is not None:
        query = query.where(table.c.scope == scope)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    with reading(db) as connection:
        return [RateOf(Scope(row.scope), row.subject, row.model, _rate(row)) for row in connection.execute(query)]


def _is(scope: Scope, subject: str, model: str) -> sa.ColumnElement[bool]:
    table = limits.rate_limits
    return sa.and_(table.c.scope == scope, table.c.subject == subject, table.c.model == model)


def _rate(row: sa.Row[tuple[object, ...]]) -> RateLimit:
    return RateLimit(**{name: row._mapping[name] for name in FIELDS})


def _require_sane(changes: Mapping[str, int | None]) -> None:
    problems = []
    for name, value in changes.items():
        if name not in FIELDS:
            problems.append(f"there is no limit {name!r}; there are {', '.join(FIELDS)}")
        elif value is None:
            continue
        elif value == 0:
            problems.append(f"{name} 0 would refuse every call: revoke the key, or archive the project, instead")
        elif not 1 <= value <= MOST:
            problems.append(f"{name} {value}: choose between 1 and {MOST:,}, or none for no limit")
    if problems:
        raise LimitsError("\n".join(problems))
