"""GET /organization/runs: calls one by one, newest first; and one with what was said, where that is kept."""

from typing import Any

import sqlalchemy as sa

from pleiade.domain import Principal, Role
from pleiade.gateway.call import Call
from pleiade.gateway.errors import bad_request
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.organization.costs import exact
from pleiade.gateway.organization.fields import Query, page
from pleiade.gateway.routing import Route
from pleiade.gateway.runs.names import Names, names_of
from pleiade.runs import OUTCOMES, Part, Run
from pleiade.runs.reading import Wanted, contents_of, find_run, list_runs
from pleiade.store import reading
from pleiade.tenancy.errors import not_found

MOST = 1000  # runs to a page
_FILTERS = ("limit", "after", "project_ids", "deployments", "user_ids", "api_key_ids", "status", "from", "to", "q")


class Listing:
    """The routes of runs."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self.kept: dict[str, object] = {}  # what is kept of runs here; the room says it
        self.routes = (
            Route(method="GET", path="/organization/runs", handler=self.list_all, query=_FILTERS),
            Route(method="GET", path="/organization/runs/{run_id}", handler=self.retrieve),
        )

    async def list_all(self, call: Call) -> None:
        """A page of runs that fit all filters, and what is kept of runs here. Raises ApiError."""
        query = Query(call.query)
        organisation, projects = self._administration.enter_projects(call, query.texts("project_ids"))
        wanted = Wanted(
            organisation=organisation,
            projects=_plain(projects),
            deployments=_plain(query.texts("deployments")),
            users=_plain(query.texts("user_ids")),
            keys=_plain(query.texts("api_key_ids")),
            statuses=_statuses(query),
            since=_moment(query, "from"),
            until=_moment(query, "to"),
            words=query.text("q").replace("\0", "")[:128],
        )
        after, limit = query.text("after"), query.limit(MOST)
        runs, more, names = await self._administration.run(_list, call.principal, wanted, after=after, limit=limit)
        await send(call, {**page([shown(run, names) for run in runs], more=more), "kept": self.kept})

    async def retrieve(self, call: Call) -> None:
        """One run. What was said is for who said it, and for administrators. Raises ApiError 404."""
        organisation, projects = self._administration.enter_projects(call, ())
        place = organisation, projects, call.params["run_id"]
        run, parts, names = await self._administration.run(_find, call.principal, *place)
        told = {**shown(run, names), "kept": self.kept}
        if parts:
            readable = may_read(call.principal, run)
            told["contents"] = [_said(part) for part in parts] if readable else None
            told["contents_withheld"] = not readable
        await send(call, told)


def may_read(principal: Principal, run: Run) -> bool:
    """Whether what was said may be shown: to who said it, and to administrators."""
    return is_own(principal, run) or principal.role.rank >= Role.ADMIN.rank


def is_own(principal: Principal, run: Run) -> bool:
    """Whether this caller made the run: the same person or service account, else the same key."""
    return run.user == principal.user if principal.user or run.user else run.key == principal.key


def _list(
    db: sa.Engine, principal: Principal, wanted: Wanted, *, after: str, limit: int
) -> tuple[list[Run], bool, Names]:
    with reading(db) as connection:
        last = find_run(connection, wanted.organisation, wanted.projects, after) if after else None
        if after and last is None:
            raise bad_request(f"Invalid 'after': '{after[:80]}' is no run here.", param="after", code="invalid_value")
        runs, more = list_runs(connection, wanted, after=last, limit=limit)
        return runs, more, names_of(connection, principal, runs)


def _find(
    db: sa.Engine, principal: Principal, organisation: str, projects: tuple[str, ...], identifier: str
) -> tuple[Run, tuple[Part, ...], Names]:
    with reading(db) as connection:
        run = find_run(connection, organisation, projects, identifier)
        if run is None:
            raise not_found("run", identifier)
        return run, contents_of(connection, run.id), names_of(connection, principal, [run])


def shown(run: Run, names: Names) -> dict[str, Any]:
    """A run as it is told; what is not known is null."""
    return {
        "id": run.id,
        "object": "organization.run",
        "created": run.time_ms // 1000,
        "created_ms": run.time_ms,
        "route": run.route,
        "operation": run.operation,
        "deployment": run.deployment or None,
        "model": run.model or None,
        "project_id": run.project or None,
        "api_key_id": run.key or None,
        "api_key_name": names.get(run.key),
        "user_id": run.user or None,
        "user_name": names.get(run.user),
        "status": run.status,
        "outcome": run.outcome,
        "error": run.error or None,
        "stream": run.stream,
        "input_tokens": run.prompt_tokens,
        "output_tokens": run.completion_tokens,
        "input_cached_tokens": run.cached_tokens,
        "images": run.images,
        "cost": {"value": exact(run.cost), "currency": run.currency.lower()} if run.currency else None,
        "asked_ms": run.asked_ms if run.first_ms or run.asked_ms else None,
        "first_token_ms": run.first_ms or None,
        "total_ms": run.ms,
        "response_id": run.response or None,
        "chat_id": run.chat or None,
    }


def _said(part: Part) -> dict[str, Any]:
    return {
        "input": part.asked.decode(errors="replace"),
        "output": part.said.decode(errors="replace"),
        "stream": part.stream,
        "cut": part.cut,
    }


def _plain(values: tuple[str, ...]) -> tuple[str, ...]:
    """Values that a database can look for; one that it cannot fits nothing."""
    return tuple(value if "\0" not in value else "" for value in values)


def _moment(query: Query, name: str) -> int:
    moment = query.whole(name, 0)
    if not 0 <= moment < 2**40:
        raise bad_request(f"Invalid '{name}': expected Unix seconds.", param=name, code="invalid_value")
    return moment


def _statuses(query: Query) -> tuple[str, ...]:
    """Outcomes, or numbers of HTTP. Raises ApiError 400."""
    statuses = query.texts("status")
    for status in statuses:
        if status not in OUTCOMES and not (status.isascii() and status.isdigit() and len(status) == 3):
            known = ", ".join(f"'{outcome}'" for outcome in OUTCOMES)
            raise bad_request(
                f"Invalid value: '{status[:40]}'. Supported values are: {known}, or a number of HTTP.",
                param="status",
                code="invalid_value",
            )
    return statuses
