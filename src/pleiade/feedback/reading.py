"""Feedback by who gave the answer: read through with what each row is about, and counted.

Who gave it is told by its run: a canary answers under the name of the deployment that was asked. Where no run is kept,
it is the name that the feedback says.
"""

from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa

from pleiade.feedback.inbox import list_page
from pleiade.feedback.nouns import About, Given, Verdict, Wanted
from pleiade.feedback.subjects import about
from pleiade.store import reading
from pleiade.store.chats import chat_messages
from pleiade.store.feedback import feedback
from pleiade.store.runs import runs

AT_ONCE = 200


def read_through(db: sa.Engine, wanted: Wanted, names: Collection[str]) -> Iterator[tuple[Given, About | None]]:
    """Every row about an answer of a deployment of these names, what changed last first. May block.

    None stands beside one without consent, or of which nothing is kept.
    """
    after: Given | None = None
    while True:
        with reading(db) as connection:
            rows, more = list_page(connection, wanted, after=after, limit=AT_ONCE)
            by = _answered_by(connection, rows)
            mine = [given for given in rows if by.get(given.run, given.deployment) in names]
            found = [(given, about(connection, given)) for given in mine]
        yield from found
        if not more:
            return
        after = rows[-1]


def count_verdicts(
    connection: sa.Connection, project: str, names: Sequence[str], since: int
) -> dict[tuple[str, Verdict], int]:
    """How often answers of each deployment were rated up and down since a moment (Unix microseconds)."""
    row = feedback.c
    run = sa.func.coalesce(row.run, sa.literal("run_") + sa.func.substr(chat_messages.c.response, len("resp_") + 1))
    by = sa.func.coalesce(runs.c.deployment, row.deployment)
    place = feedback.outerjoin(chat_messages, chat_messages.c.id == row.message).outerjoin(runs, runs.c.id == run)
    query = (
        sa.select(by, row.verdict, sa.func.count())
        .select_from(place)
        .where(row.project == project, row.updated >= since, by.in_(list(names)))
        .group_by(by, row.verdict)
    )
    return {(found[0], found[1]): int(found[2]) for found in connection.execute(query)}


def _answered_by(connection: sa.Connection, rows: Sequence[Given]) -> dict[str, str]:
    """The deployments that gave the answers, by their runs."""
    query = sa.select(runs.c.id, runs.c.deployment).where(runs.c.id.in_([given.run for given in rows if given.run]))
    return {row.id: row.deployment for row in connection.execute(query)}
