"""What both shapes do: deployments with their capacity, made, changed and removed by the house's administrators."""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec
import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Actor, Deployment, EndpointState
from pleiade.domain.limits import Capacity
from pleiade.gateway.call import Call
from pleiade.gateway.directory import Directory
from pleiade.gateway.errors import ApiError, missing_scope
from pleiade.gateway.organization.administration import Administration
from pleiade.prices import PriceError, require_sellable
from pleiade.quota.capacity import capacity_of, check_capacity, write_capacity
from pleiade.quota.errors import LimitsError
from pleiade.registry import RegistryError, get_model
from pleiade.registry.deployments import deploy, list_deployments, undeploy
from pleiade.tenancy.audit import recorder
from pleiade.tenancy.change import change
from pleiade.tenancy.rights import may

P = ParamSpec("P")
T = TypeVar("T")

STATES = {
    EndpointState.READY: "succeeded",
    EndpointState.STARTING: "running",
    EndpointState.DRAINING: "deleting",
    EndpointState.FAILED: "failed",
}


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment with its capacity."""

    deployment: Deployment
    capacity: Capacity


class Placing:
    """Deployments as the house's administrators see and change them over HTTP."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self.directory: Directory | None = None  # there once the gateway starts

    def enter(self, call: Call) -> None:
        """Raises ApiError 401 for everybody but owners and admins of the house's own organisation."""
        reads = call.route.method == "GET"
        right = "api.deployments.read" if reads else "api.deployments.write"
        if not may(call.principal, right, DEFAULT_ORGANISATION):
            raise missing_scope(right)

    async def body(self, call: Call) -> dict[str, Any]:
        """The request's JSON object. Raises ApiError 400."""
        return await self._administration.body(call)

    async def all(self, call: Call) -> list[Placed]:
        """Every deployment, the oldest first."""
        self.enter(call)
        return await self.run(_all)

    async def find(self, call: Call, name: str) -> Placed:
        """The deployment of that name. Raises ApiError 404 in Azure's words."""
        for placed in await self.all(call):
            if placed.deployment.name == name:
                return placed
        raise ApiError(404, f"No deployment is called {name[:80]!r}.", code="model_not_found", param="deployment")

    async def place(self, call: Call, name: str, model: str, capacity: Capacity) -> Placed:
        """Make or change the deployment `name`. Raises ApiError 400."""
        self.enter(call)
        return await self.run(_place, name, model, capacity, await self._administration.actor(call))

    async def remove(self, call: Call, name: str) -> None:
        """Running answers finish, then its engine ends. Raises ApiError 404."""
        await self.find(call, name)
        await self.run(_remove, name, await self._administration.actor(call))

    def state(self, name: str) -> str:
        """In the words of 2022-12-01: "succeeded" once its engine answers, "notRunning" where none was started."""
        for endpoint in self.directory.endpoints if self.directory is not None else ():
            if endpoint.deployment == name:
                return STATES[endpoint.state]
        return "notRunning"

    async def run(self, function: Callable[Concatenate[sa.Engine, P], T], *arguments: P.args, **no: P.kwargs) -> T:
        """`function(database, …)` in a thread; what registry, limits and prices refuse is told as ApiError 400."""
        try:
            return await self._administration.run(function, *arguments, **no)
        except (RegistryError, LimitsError, PriceError) as error:
            code = "InsufficientQuota" if isinstance(error, LimitsError) else "DeploymentModelNotSupported"
            raise ApiError(400, f"{str(error)[:1].upper()}{str(error)[1:]}.", code=code) from error


def _all(db: sa.Engine) -> list[Placed]:
    return [
        Placed(deployment=deployment, capacity=capacity_of(db, deployment.name) or Capacity())
        for deployment in list_deployments(db)
    ]


def _place(db: sa.Engine, name: str, model: str, capacity: Capacity, actor: Actor) -> Placed:
    """Write the deployment, then its slice of the pool, which was checked before. Raises as they do."""
    there = {deployment.name: deployment for deployment in list_deployments(db)}
    deployment = there.get(name)
    if deployment is None or deployment.model != model:
        like = _like(list(there.values()), model)
        require_sellable(db, get_model(db, model))
        check_capacity(db, name, model, capacity)
        deployment = deploy(
            db,
            name,
            model=model,
            engine=like.engine,
            aliases=deployment.aliases if deployment else (),
            options=like.options,
            record=recorder(actor, "deployment.updated" if deployment else "deployment.created", name, model=model),
        )
    # A transaction of its own: the locks of deployments and of the audit log are taken in another order there.
    with change(db, actor) as act:
        write_capacity(act.connection, name, capacity)
        data = {"capacity": capacity.units, "kind": capacity.kind.value}
        act.record("deployment.updated", DEFAULT_ORGANISATION, name, data=data)
    return Placed(deployment=deployment, capacity=capacity)


def _like(there: list[Deployment], model: str) -> Deployment:
    """The deployment whose engine and options a new one of `model` takes: none of that comes over HTTP."""
    for deployment in there:
        if deployment.model == model:
            return deployment
    raise RegistryError(
        f"nobody has said yet on which engine {model!r} runs: deploy it once with "
        f"`pleiade deploy NAME --model {model}`, and further deployments of it can be made here"
    )


def _remove(db: sa.Engine, name: str, actor: Actor) -> None:
    undeploy(db, name, record=recorder(actor, "deployment.deleted", name))
