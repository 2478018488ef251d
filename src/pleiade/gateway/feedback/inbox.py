"""/organization/feedback: what people thought of answers, for those who look after them."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import Principal
from pleiade.feedback.dataset import lines
from pleiade.feedback.inbox import count, find, list_page, triage
from pleiade.feedback.nouns import STATES, VERDICTS, Given, State, Wanted
from pleiade.feedback.subjects import about
from pleiade.gateway.call import Call
from pleiade.gateway.desk import check_storable, send
from pleiade.gateway.errors import bad_request
from pleiade.gateway.feedback.bodies import FeedbackRow, Triage, WholeFeedback, row_of, whole_of
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.organization.fields import Query
from pleiade.gateway.routing import Route
from pleiade.gateway.runs.names import people_named
from pleiade.gateway.typed import typed
from pleiade.store import reading, unit_of_work
from pleiade.tenancy.errors import not_found
from pleiade.tenancy.rights import may

_FILTERS = (
    *("project_ids", "products", "deployments", "verdicts", "reasons", "states", "user_ids", "consent"),
    *("from", "to"),
)
_SAVED = (b"content-disposition", b'attachment; filename="feedback.jsonl"')
_LAST = 2**40  # Unix seconds that any clock may tell


class Inbox:
    """The routes of the inbox."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        one, export = "/organization/feedback/{feedback_id}", "/organization/feedback/export"
        self.routes = (
            Route(
                method="GET", path="/organization/feedback", handler=self.list_all, query=("limit", "after", *_FILTERS)
            ),
            Route(method="GET", path=export, handler=self.export, query=_FILTERS),
            Route(method="GET", path=one, handler=self.retrieve, gives=WholeFeedback),
            Route(method="POST", path=one, handler=self.update, takes=Triage, gives=FeedbackRow),
        )

    async def list_all(self, call: Call) -> None:
        """A page of feedback that fits all filters, what changed last first; counts by state. Raises ApiError."""
        query = Query(call.query)
        wanted = self._wanted(call, query)
        page = await self._administration.run(
            _page, call.principal, wanted, after=query.text("after"), limit=query.limit()
        )
        await send(call, page)

    async def retrieve(self, call: Call) -> None:
        """One, with question and answer where its giver agreed. Raises ApiError 404."""
        organisation, projects = self._administration.enter_projects(call, ())
        place = organisation, projects, call.params["feedback_id"]
        await send(call, await self._administration.run(_one, call.principal, *place))

    async def update(self, call: Call) -> None:
        """Say how far you have come with it. Raises ApiError 400, 404."""
        organisation, projects = self._administration.enter_projects(call, ())
        fields = await self._administration.body(call)
        check_storable(fields)
        wanted = typed(fields, Triage)
        by = call.principal.user or call.principal.key
        place = organisation, projects, call.params["feedback_id"]
        await send(call, await self._administration.run(_triage, call.principal, *place, wanted, by))

    async def export(self, call: Call) -> None:
        """What fits all filters and was given with consent, as JSON lines to learn from. Raises ApiError."""
        wanted = self._wanted(call, Query(call.query))
        blocks = await self._administration.run(_blocks, wanted)
        await call.answer.begin(200, (_SAVED,), b"application/jsonl")
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            await call.answer.write(block)
        await call.answer.end()

    def _wanted(self, call: Call, query: Query) -> Wanted:
        organisation, projects = self._administration.enter_projects(call, query.texts("project_ids"))
        return Wanted(
            organisation=organisation,
            projects=_plain(projects),
            products=_plain(query.texts("products")),
            deployments=_plain(query.texts("deployments")),
            verdicts=_known(query, "verdicts", VERDICTS),
            reasons=_plain(query.texts("reasons")),
            states=_known(query, "states", STATES),
            owners=_plain(query.texts("user_ids")),
            consent=query.flag("consent") if query.text("consent") else None,
            since=_moment(query, "from"),
            until=_moment(query, "to"),
        )


def _page(db: sa.Engine, principal: Principal, wanted: Wanted, *, after: str, limit: int) -> dict[str, Any]:
    with reading(db) as connection:
        last = find(connection, wanted.organisation, wanted.projects, after) if after else None
        if after and last is None:
            raise bad_request(f"Invalid 'after': '{after[:80]}' is no feedback here.", param="after")
        rows, more = list_page(connection, wanted, after=last, limit=limit)
        counts, names = count(connection, wanted), _names(connection, principal, rows)
    return {
        "object": "list",
        "data": [row_of(given, names) for given in rows],
        "first_id": rows[0].id if rows else None,
        "last_id": rows[-1].id if rows else None,
        "has_more": more,
        "counts": counts,
    }


def _names(connection: sa.Connection, principal: Principal, rows: Sequence[Given]) -> dict[str, str]:
    known = [row for row in rows if may(principal, "api.members.read", principal.organisation, row.project)]
    return people_named(connection, {person for row in known for person in (row.owner, row.handled_by)})


def _one(
    db: sa.Engine, principal: Principal, organisation: str, projects: tuple[str, ...], identifier: str
) -> WholeFeedback:
    with reading(db) as connection:
        given = find(connection, organisation, projects, identifier)
        if given is None:
            raise not_found("feedback", identifier)
        return whole_of(given, _names(connection, principal, [given]), about(connection, given))


def _triage(
    db: sa.Engine,
    principal: Principal,
    organisation: str,
    projects: tuple[str, ...],
    identifier: str,
    wanted: Triage,
    by: str,
) -> FeedbackRow:
    with unit_of_work(db) as connection:
        if find(connection, organisation, projects, identifier) is None:
            raise not_found("feedback", identifier)
        state: State | None = None if wanted.state is msgspec.UNSET else wanted.state
        note = None if wanted.note is msgspec.UNSET else wanted.note
        triage(connection, identifier, state=state, note=note, by=by)
        given = find(connection, organisation, projects, identifier)
        assert given is not None
        return row_of(given, _names(connection, principal, [given]))


def _blocks(db: sa.Engine, wanted: Wanted) -> Iterator[bytes]:
    """Lines block by block; what the database refuses before the first one is told as an error."""
    blocks = lines(db, wanted)
    first = next(blocks)

    def all_of_them() -> Iterator[bytes]:
        yield first
        yield from blocks

    return all_of_them()


def _plain(values: tuple[str, ...]) -> tuple[str, ...]:
    """Values that a database can look for; one that it cannot fits nothing."""
    return tuple(value if "\0" not in value else "" for value in values)


def _known(query: Query, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    values = query.texts(name)
    for value in values:
        if value not in known:
            supported = ", ".join(f"'{one}'" for one in known)
            message = f"Invalid value: '{value[:40]}'. Supported values are: {supported}."
            raise bad_request(message, param=name, code="invalid_value")
    return values


def _moment(query: Query, name: str) -> int:
    moment = query.whole(name, 0)
    if not 0 <= moment < _LAST:
        raise bad_request(f"Invalid '{name}': expected Unix seconds.", param=name, code="invalid_value")
    return moment
