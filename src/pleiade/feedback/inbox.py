"""The inbox in the database: pages of it, the newest first, counts, one row, what was done about it."""

from typing import Any

import sqlalchemy as sa

from pleiade.feedback.nouns import STATES, Given, State, Wanted
from pleiade.products.records.rows import SECOND
from pleiade.store.chats import chat_messages
from pleiade.store.feedback import feedback
from pleiade.store.tenants import projects

_SHOWN = sa.select(feedback, chat_messages.c.chat, chat_messages.c.response).select_from(
    feedback.outerjoin(chat_messages, chat_messages.c.id == feedback.c.message)
)


def list_page(
    connection: sa.Connection, wanted: Wanted, *, after: Given | None, limit: int
) -> tuple[list[Given], bool]:
    """At most `limit` rows, those changed last first, older than `after`; and whether there are more."""
    chosen = _conditions(wanted)
    if after is not None:
        place = sa.tuple_(feedback.c.updated, feedback.c.id)
        chosen.append(place < sa.tuple_(sa.literal(after.updated), sa.literal(after.id)))
    order = (feedback.c.updated.desc(), feedback.c.id.desc())
    found = [_given(row) for row in connection.execute(_SHOWN.where(*chosen).order_by(*order).limit(limit + 1))]
    return found[:limit], len(found) > limit


def count(connection: sa.Connection, wanted: Wanted) -> dict[State, int]:
    """How many rows there are in each state, whatever states are wanted."""
    chosen = _conditions(wanted, states=False)
    query = sa.select(feedback.c.state, sa.func.count()).where(*chosen).group_by(feedback.c.state)
    counts = {row[0]: int(row[1]) for row in connection.execute(query)}
    return {state: counts.get(state, 0) for state in STATES}


def find(connection: sa.Connection, organisation: str, within: tuple[str, ...], identifier: str) -> Given | None:
    """One row of these projects (none = all of the organisation's)."""
    if len(identifier) > 64 or "\0" in identifier:
        return None
    chosen = _conditions(Wanted(organisation=organisation, projects=within))
    row = connection.execute(_SHOWN.where(feedback.c.id == identifier, *chosen)).one_or_none()
    return None if row is None else _given(row)


def triage(connection: sa.Connection, identifier: str, *, state: State | None, note: str | None, by: str) -> None:
    """Write down how far somebody has come with a row; None leaves that as it is."""
    values = {name: value for name, value in (("state", state), ("note", note)) if value is not None}
    if values:
        connection.execute(sa.update(feedback).where(feedback.c.id == identifier).values(handled_by=by, **values))


def _conditions(wanted: Wanted, *, states: bool = True) -> list[sa.ColumnElement[bool]]:
    own = sa.select(projects.c.id).where(projects.c.organisation == wanted.organisation)
    chosen: list[sa.ColumnElement[bool]] = [feedback.c.project.in_(own)]
    for column, values in (
        (feedback.c.project, wanted.projects),
        (feedback.c.product, wanted.products),
        (feedback.c.deployment, wanted.deployments),
        (feedback.c.verdict, wanted.verdicts),
        (feedback.c.owner, wanted.owners),
        (feedback.c.state, wanted.states if states else ()),
    ):
        if values:
            chosen.append(column.in_(values))
    if wanted.reasons:  # a JSON list of strings: each stands in it between quotation marks
        written = sa.cast(feedback.c.reasons, sa.Text)
        chosen.append(sa.or_(*(written.contains(f'"{reason}"', autoescape=True) for reason in wanted.reasons)))
    if wanted.consent is not None:
        chosen.append(feedback.c.consent == wanted.consent)
    if wanted.since:
        chosen.append(feedback.c.updated >= wanted.since * SECOND)
    if wanted.until:
        chosen.append(feedback.c.updated < wanted.until * SECOND)
    return chosen


def _given(row: Any) -> Given:
    fields = {name: getattr(row, name) for name in _FIELDS}
    run = row.run or (f"run_{row.response[5:]}" if row.response else "")
    return Given(run=run, chat=row.chat or "", message=row.message or "", **fields)


_FIELDS = tuple(name for name in Given.__struct_fields__ if name not in ("run", "chat", "message"))
