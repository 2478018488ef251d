"""/organization/deployments and /organization/models: what the house runs, seen and changed by its administrators."""

from typing import Any

from pleiade.domain import Endpoint
from pleiade.gateway.call import Call
from pleiade.gateway.deployments.asked import Asked, NewDeployment, Planned, WayBack
from pleiade.gateway.deployments.changing import create, update
from pleiade.gateway.deployments.placing import Placing
from pleiade.gateway.deployments.shapes import deployments_shown, models_shown, plan_shown, version_shown
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.routing import Route
from pleiade.gateway.typed import typed
from pleiade.registry import list_versions, restart, roll_back, undeploy
from pleiade.tenancy.audit import recorder


class House:
    """Deployments with all that can be known and done about them."""

    def __init__(self, administration: Administration, placing: Placing) -> None:
        self._administration = administration
        self._placing = placing
        base = "/organization/deployments"
        one = base + "/{deployment}"
        self.routes = (
            Route(method="GET", path=base, handler=self.list_all),
            Route(method="POST", path=base, handler=self.create, takes=NewDeployment),
            Route(method="GET", path=one, handler=self.retrieve),
            Route(method="POST", path=one, handler=self.update, takes=Asked),
            Route(method="DELETE", path=one, handler=self.delete),
            Route(method="GET", path=one + "/versions", handler=self.versions),
            Route(method="POST", path=one + "/rollback", handler=self.roll_back, takes=WayBack),
            Route(method="POST", path=one + "/restart", handler=self.restart),
            Route(method="GET", path="/organization/models", handler=self.models),
            Route(method="POST", path="/organization/models/plan", handler=self.plan, takes=Planned),
        )

    async def list_all(self, call: Call) -> None:
        """Every deployment, the oldest first: what it runs, its health, capacity and traffic."""
        self._administration.enter(call)
        await send(call, {"object": "list", "data": await self._all()})

    async def create(self, call: Call) -> None:
        """Make a registered model callable. Its engine starts at once; the answer does not wait for it."""
        self._administration.enter(call)
        asked = typed(await self._administration.body(call), NewDeployment)
        await self._placing.run(create, asked, await self._administration.actor(call))
        await send(call, await self._one(asked.name))

    async def retrieve(self, call: Call) -> None:
        """One deployment."""
        self._administration.enter(call)
        await send(call, await self._one(call.params["deployment"]))

    async def update(self, call: Call) -> None:
        """Change what the request names: model, engine, options, aliases, capacity, draining, canary."""
        self._administration.enter(call)
        name = call.params["deployment"]
        await self._one(name)
        asked = typed(await self._administration.body(call), Asked)
        await self._placing.run(update, name, asked, await self._administration.actor(call))
        await send(call, await self._one(name))

    async def delete(self, call: Call) -> None:
        """Remove it: running answers finish, then its engine ends. The model stays registered."""
        self._administration.enter(call)
        name = call.params["deployment"]
        await self._one(name)
        actor = await self._administration.actor(call)
        await self._placing.run(undeploy, name, record=recorder(actor, "deployment.deleted", name))
        await send(call, {"object": "organization.deployment.deleted", "id": name, "deleted": True})

    async def versions(self, call: Call) -> None:
        """What it ran, the newest first; the first is what it runs now."""
        self._administration.enter(call)
        name = call.params["deployment"]
        await self._one(name)
        found = await self._placing.run(list_versions, name)
        await send(call, {"object": "list", "data": [version_shown(version) for version in found]})

    async def roll_back(self, call: Call) -> None:
        """Run again what `version` ran, by default the one before."""
        self._administration.enter(call)
        name = call.params["deployment"]
        await self._one(name)
        asked = typed(await self._administration.body(call), WayBack)
        actor = await self._administration.actor(call)
        record = recorder(actor, "deployment.rolled_back", name, version=asked.version)
        await self._placing.run(roll_back, name, asked.version, record=record)
        await send(call, await self._one(name))

    async def restart(self, call: Call) -> None:
        """Start a new engine; the running one serves until the other is ready."""
        self._administration.enter(call)
        name = call.params["deployment"]
        await self._one(name)
        actor = await self._administration.actor(call)
        await self._placing.run(restart, name, record=recorder(actor, "deployment.restarted", name))
        await send(call, await self._one(name))

    async def models(self, call: Call) -> None:
        """Every registered model, with the engines that can serve it and what can be chosen for them."""
        self._administration.enter(call)
        await send(call, {"object": "list", "data": await self._placing.run(models_shown)})

    async def plan(self, call: Call) -> None:
        """What memory an engine will want for a model, before it is started."""
        self._administration.enter(call)
        asked = typed(await self._administration.body(call), Planned)
        await send(call, await self._placing.run(plan_shown, asked))

    async def _one(self, name: str) -> dict[str, Any]:
        """Raises ApiError 404."""
        for shown in await self._all():
            if shown["name"] == name:
                return shown
        raise ApiError(404, f"No deployment is called {name[:80]!r}.", code="not_found", param="deployment")

    async def _all(self) -> list[dict[str, Any]]:
        directory = self._placing.directory
        known = directory.endpoints if directory is not None else ()
        endpoints: dict[str, Endpoint] = {endpoint.deployment: endpoint for endpoint in known}
        return await self._placing.run(deployments_shown, endpoints)
