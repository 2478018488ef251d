"""Rate limits of projects by model, and spend limits: what quota keeps, in OpenAI's shapes."""

from typing import Any

import sqlalchemy as sa

from pleiade.domain import Actor
from pleiade.domain.limits import Budget, RateLimit, Scope
from pleiade.domain.price import NANO
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, bad_request
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.organization.fields import Query, page, text, whole
from pleiade.gateway.problems import missing
from pleiade.gateway.routing import Route
from pleiade.quota.budgets import delete_budget, list_budgets, write_budget
from pleiade.quota.errors import LimitsError
from pleiade.quota.rates import FIELDS, MOST, list_rates, write_rate
from pleiade.registry.deployments import list_deployments
from pleiade.tenancy.change import Change, change
from pleiade.tenancy.projects import get_project

PREFIX = "rl-"
_CENT = NANO // 100
_REQUIRED = ("max_requests_per_1_minute", "max_tokens_per_1_minute")


class RateLimits:
    """The routes of a project's rate limits: one for each model that is deployed."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        base = "/organization/projects/{project_id}/rate_limits"
        self.routes = (
            Route(method="GET", path=base, handler=self.list_all),
            Route(method="POST", path=base + "/{rate_limit_id}", handler=self.update),
        )

    async def list_all(self, call: Call) -> None:
        """Rate limits by model; where none is set, the numbers are the most that can be set."""
        organisation, project = self._administration.enter(call), call.params["project_id"]
        query = Query(call.query)
        limit, after, before = query.limit(default=100), query.text("after"), query.text("before")
        await self._administration.run(get_project, organisation, project)
        shown = await self._administration.run(_rates, project)
        places = {item["id"]: place for place, item in enumerate(shown)}
        for name, cursor in (("after", after), ("before", before)):
            if cursor and cursor not in places:
                raise bad_request(f"Invalid '{name}': no rate limit has the id '{cursor[:100]}'.", param="after")
        first, last = places[after] + 1 if after else 0, places[before] if before else len(shown)
        if before and not after:
            first = max(first, last - limit)
        chosen = shown[first:last][:limit]
        await send(call, page(chosen, more=first + len(chosen) < last))

    async def update(self, call: Call) -> None:
        """Change the limits that the request names; the most that can be set stands for none."""
        organisation, project = self._administration.enter(call), call.params["project_id"]
        fields = await self._administration.body(call)
        await self._administration.run(get_project, organisation, project)
        identifier = call.params["rate_limit_id"]
        known = {item["id"]: item["model"] for item in await self._administration.run(_rates, project)}
        if identifier not in known:
            raise ApiError(404, f"No rate limit has the id {identifier[:80]!r}.", code="not_found")
        named = {name: whole(fields, name) for name in FIELDS if name in fields}
        changes = {name: None if value is None or value >= MOST else value for name, value in named.items()}
        actor = await self._administration.actor(call)
        await _limits(
            self._administration, _set_rate, organisation, project, identifier, known[identifier], changes, actor
        )
        after = {item["id"]: item for item in await self._administration.run(_rates, project)}
        await send(call, after[identifier])


class SpendLimits:
    """The routes of hard spend limits: of the organisation, and of its projects."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        routes: list[Route] = []
        for path in ("/organization/spend_limit", "/organization/projects/{project_id}/spend_limit"):
            routes += [
                Route(method="GET", path=path, handler=self.retrieve),
                Route(method="POST", path=path, handler=self.update),
                Route(method="DELETE", path=path, handler=self.delete),
            ]
        self.routes = tuple(routes)

    async def retrieve(self, call: Call) -> None:
        """The monthly budget, if it is a hard one. Raises ApiError 404."""
        budget = await self._budget(call)
        if budget is None or not budget.hard:
            raise ApiError(404, "There is no spend limit.", code="not_found")
        await send(call, _spend_limit(budget))

    async def update(self, call: Call) -> None:
        """Set the monthly budget, in cents; alerts and their webhook stay as they were."""
        organisation, before = self._administration.enter(call), await self._budget(call)
        fields = await self._administration.body(call)
        cents, currency = whole(fields, "threshold_amount"), text(fields, "currency")
        if cents is None:
            raise missing("threshold_amount")
        if text(fields, "interval") != "month":
            raise bad_request("Invalid 'interval': budgets are monthly.", param="interval", code="invalid_value")
        scope, subject = _scope(call, organisation)
        budget = Budget(
            scope=scope,
            subject=subject,
            nano=cents * _CENT,
            currency=currency,
            alerts=before.alerts if before else (),
            webhook=before.webhook if before else "",
            secret=before.secret if before else "",
        )
        actor = await self._administration.actor(call)
        await _limits(self._administration, _set_budget, organisation, budget, actor)
        await send(call, _spend_limit(budget))

    async def delete(self, call: Call) -> None:
        """Let the organisation or project spend what it wants."""
        organisation, budget = self._administration.enter(call), await self._budget(call)
        if budget is None or not budget.hard:
            raise ApiError(404, "There is no spend limit.", code="not_found")
        actor = await self._administration.actor(call)
        await _limits(self._administration, _remove_budget, organisation, budget, actor)
        await send(call, {"object": f"{_kind(budget)}.spend_limit.deleted", "deleted": True})

    async def _budget(self, call: Call) -> Budget | None:
        organisation = self._administration.enter(call)
        scope, subject = _scope(call, organisation)
        if scope is Scope.PROJECT:
            await self._administration.run(get_project, organisation, subject)
        budgets = await self._administration.run(list_budgets)
        return next((one for one in budgets if (one.scope, one.subject) == (scope, subject)), None)


async def _limits(administration: Administration, function: Any, *arguments: Any) -> Any:
    """Run `function`; what quota refuses is told as ApiError 400."""
    try:
        return await administration.run(function, *arguments)
    except LimitsError as error:
        raise bad_request(f"{str(error)[:1].upper()}{str(error)[1:]}.", code="invalid_value") from error


def _rates(db: sa.Engine, project: str) -> list[dict[str, Any]]:
    """The rate limits of a project as OpenAI shows them, by model. May block."""
    rates = {entry.model: entry.rate for entry in list_rates(db, Scope.PROJECT, project)}
    models = sorted({deployment.model for deployment in list_deployments(db)} | (rates.keys() - {""}))
    if "" in rates:
        models.insert(0, "")
    return [_rate_limit(model, rates.get(model, RateLimit())) for model in models]


def _rate_limit(model: str, rate: RateLimit) -> dict[str, Any]:
    limits = {name: getattr(rate, name) for name in FIELDS}
    for name in _REQUIRED:
        limits[name] = limits[name] or MOST
    return {"object": "project.rate_limit", "id": PREFIX + (model or "*"), "model": model or "*", **limits}


def _set_rate(
    db: sa.Engine, organisation: str, project: str, identifier: str, model: str, changes: dict[str, Any], actor: Actor
) -> None:
    with change(db, actor) as act:
        write_rate(act.connection, Scope.PROJECT, project, changes, model="" if model == "*" else model)
        act.record("rate_limit.updated", organisation, identifier, project=project, changes_requested=changes)


def _set_budget(db: sa.Engine, organisation: str, budget: Budget, actor: Actor) -> None:
    with change(db, actor) as act:
        write_budget(act.connection, budget)
        limit = {"threshold_amount": budget.nano // _CENT, "currency": budget.currency}
        _record(act, organisation, budget, limit)


def _remove_budget(db: sa.Engine, organisation: str, budget: Budget, actor: Actor) -> None:
    with change(db, actor) as act:
        delete_budget(act.connection, budget.scope, budget.subject)
        _record(act, organisation, budget, {"threshold_amount": None})


def _record(act: Change, organisation: str, budget: Budget, limit: dict[str, Any]) -> None:
    project = budget.subject if budget.scope is Scope.PROJECT else ""
    kind = "project.updated" if project else "organization.updated"
    act.record(kind, organisation, budget.subject, project=project, changes_requested={"spend_limit": limit})


def _scope(call: Call, organisation: str) -> tuple[Scope, str]:
    project = call.params.get("project_id", "")
    return (Scope.PROJECT, project) if project else (Scope.ORGANISATION, organisation)


def _kind(budget: Budget) -> str:
    return "project" if budget.scope is Scope.PROJECT else "organization"


def _spend_limit(budget: Budget) -> dict[str, Any]:
    return {
        "object": f"{_kind(budget)}.spend_limit",
        "currency": budget.currency,
        "interval": "month",
        "threshold_amount": budget.nano // _CENT,
        # Judged before each call, from now on: there is no time at which it is set and does nothing.
        "enforcement": {"status": "enforcing"},
    }
