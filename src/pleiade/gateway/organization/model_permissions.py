"""/organization/projects/{project_id}/model_permissions, and the stage that keeps projects to their lists."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pleiade.domain import Endpoint
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.organization.fields import text, texts
from pleiade.gateway.problems import missing, wrong_value
from pleiade.gateway.routing import Route
from pleiade.tenancy.model_permissions import (
    ModelPermissions,
    all_permissions,
    get_permissions,
    permissions_version,
    remove_permissions,
    set_permissions,
)
from pleiade.tenancy.projects import get_project

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

REFRESH_S = 0.5
MODES = ("allow_list", "deny_list")


class ModelLists:
    """The routes of models' lists, the lists in memory, and the stage that asks them."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self._lists: dict[str, ModelPermissions] = {}
        self._version: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._failing = False
        path = "/organization/projects/{project_id}/model_permissions"
        self.routes = (
            Route(method="GET", path=path, handler=self.retrieve),
            Route(method="POST", path=path, handler=self.update),
            Route(method="DELETE", path=path, handler=self.delete),
        )

    async def start(self) -> None:
        """Read the lists, and keep them fresh beside the calls."""
        await self._refresh_or_tell()
        self._task = asyncio.create_task(self._keep_fresh())

    async def stop(self) -> None:
        """Stop refreshing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def stage(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> Callable[[Call], Awaitable[None]]:
        """Stands behind Resolve: refuses a model that is not for the caller's project."""

        async def permit(call: Call) -> None:
            permissions = self._lists.get(call.principal.project)
            target = call.target
            if not (permissions is None or target is None or _permits(permissions, call, target.endpoint)):
                raise not_permitted(call.principal.project, call.model)
            if permissions is not None and target is not None and target.endpoint.traffic.canary:
                canary = gateway.directory.find(target.endpoint.traffic.canary)
                call.stays = canary is None or not permissions.permits(_names(call.model, canary.endpoint))
            await next(call)

        return permit

    async def retrieve(self, call: Call) -> None:
        """The list of a project. Raises ApiError 404 where it has none."""
        organisation, project = self._administration.enter(call), call.params["project_id"]
        await send(call, _shown(await self._administration.run(get_permissions, organisation, project)))

    async def update(self, call: Call) -> None:
        """Set or replace the list."""
        organisation, project = self._administration.enter(call), call.params["project_id"]
        fields = await self._administration.body(call)
        await self._administration.run(get_project, organisation, project)
        mode, models = text(fields, "mode"), texts(fields, "model_ids")
        if models is None:
            raise missing("model_ids")
        if mode not in MODES:
            raise wrong_value("mode", mode, MODES)
        wanted = ModelPermissions(mode="allow_list" if mode == "allow_list" else "deny_list", models=models)
        actor = await self._administration.actor(call)
        await send(
            call, _shown(await self._administration.run(set_permissions, organisation, project, wanted, actor=actor))
        )

    async def delete(self, call: Call) -> None:
        """Let the project call every model again."""
        organisation, project = self._administration.enter(call), call.params["project_id"]
        actor = await self._administration.actor(call)
        await self._administration.run(remove_permissions, organisation, project, actor=actor)
        await send(call, {"object": "project.model_permissions.deleted", "deleted": True})

    async def refresh(self) -> None:
        """Read the lists again if one changed. Raises ApiError 503."""
        version = await self._administration.run(permissions_version)
        if version != self._version:
            self._lists = await self._administration.run(all_permissions)
            self._version = version

    async def _refresh_or_tell(self) -> None:
        try:
            await self.refresh()
            self._failing = False
        except ApiError:
            if not self._failing:
                logger.exception("lists of models cannot be refreshed; those read before stay in force")
            self._failing = True

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            await self._refresh_or_tell()


def not_permitted(project: str, model: str) -> ApiError:
    """403 in OpenAI's words; Azure's clients are told that there is no such deployment."""
    return ApiError(
        403,
        f"Project `{project}` does not have access to model `{model[:200]}`",
        code="model_not_found",
        param="model",
    )


def _permits(permissions: ModelPermissions, call: Call, endpoint: Endpoint) -> bool:
    """What a list says; a list of what is allowed is older than a model that the project had made for itself."""
    own = permissions.mode == "allow_list" and bool(endpoint.projects)
    return own or permissions.permits(_names(call.model, endpoint))


def _names(asked: str, endpoint: Endpoint) -> tuple[str, ...]:
    """All that a list may call what is reached."""
    return (asked, endpoint.deployment, endpoint.model, *endpoint.aliases)


def _shown(permissions: ModelPermissions) -> dict[str, Any]:
    return {
        "object": "project.model_permissions",
        "mode": permissions.mode,
        "model_ids": list(permissions.models),
    }
