"""Runs read back: a page of them, newest first, by what one looks for; or one with what was said in it."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.runs.nouns import OUTCOMES, Part, Run
from pleiade.store.runs import run_contents, runs


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs: of one organisation, and of these the ones that fit everything that is said."""

    organisation: str
    projects: tuple[str, ...] = ()  # none = all
    deployments: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()  # outcomes, or numbers of HTTP
    since: int = 0  # Unix seconds
    until: int = 0  # 0 = no end
    words: str = ""  # part of a name or code, or an id


def list_runs(connection: sa.Connection, wanted: Wanted, *, after: Run | None, limit: int) -> tuple[list[Run], bool]:
    """At most `limit` runs, older than `after`, and whether there are more."""
    chosen = _conditions(wanted)
    if after is not None:
        chosen.append(sa.tuple_(runs.c.time_ms, runs.c.id) < sa.tuple_(sa.literal(after.time_ms), sa.literal(after.id)))
    statement = sa.select(runs).where(*chosen).order_by(runs.c.time_ms.desc(), runs.c.id.desc()).limit(limit + 1)
    found = [_run(row) for row in connection.execute(statement)]
    return found[:limit], len(found) > limit


def find_run(connection: sa.Connection, organisation: str, projects: Sequence[str], identifier: str) -> Run | None:
    """One run of these projects (none = all of the organisation's)."""
    if len(identifier) > 64 or "\0" in identifier:
        return None
    chosen = [runs.c.id == identifier, runs.c.organisation == organisation]
    if projects:
        chosen.append(runs.c.project.in_(projects))
    row = connection.execute(sa.select(runs).where(*chosen)).one_or_none()
    return None if row is None else _run(row)


def contents_of(connection: sa.Connection, identifier: str) -> tuple[Part, ...]:
    """What was said in a run, where that was kept."""
    data = connection.scalar(sa.select(run_contents.c.parts).where(run_contents.c.run == identifier))
    return () if data is None else msgspec.msgpack.decode(bytes(data), type=tuple[Part, ...])


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    chosen = [runs.c.organisation == wanted.organisation]
    for column, values in (
        (runs.c.project, wanted.projects),
        (runs.c.deployment, wanted.deployments),
        (runs.c.user, wanted.users),
        (runs.c.key, wanted.keys),
    ):
        if values:
            chosen.append(column.in_(values))
    if wanted.statuses:
        numbers = [int(status) for status in wanted.statuses if status not in OUTCOMES]
        chosen.append(sa.or_(runs.c.outcome.in_(wanted.statuses), runs.c.status.in_(numbers)))
    if wanted.since:
        chosen.append(runs.c.time_ms >= wanted.since * 1000)
    if wanted.until:
        chosen.append(runs.c.time_ms < wanted.until * 1000)
    if wanted.words:
        named = (runs.c.id, runs.c.response, runs.c.chat)
        likely = (runs.c.deployment, runs.c.model, runs.c.error, runs.c.route)
        chosen.append(
            sa.or_(
                *(column == wanted.words for column in named),
                *(column.icontains(wanted.words, autoescape=True) for column in likely),
            )
        )
    return chosen


def _run(row: Any) -> Run:
    return Run(**{name: getattr(row, name) for name in _FIELDS})


_FIELDS = tuple(name for name in Run.__struct_fields__ if name != "parts")
