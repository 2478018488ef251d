"""/organization/projects/{project_id}/api_keys: listed, narrowed, revoked; made by their owners, never here."""

from typing import Any

from pleiade.domain import Key
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.administration import Administration, check_grant, send
from pleiade.gateway.organization.fields import Query, expiry, page, texts
from pleiade.gateway.organization.keys import project_keys_shown
from pleiade.gateway.routing import Route
from pleiade.tenancy.keys import get_key, page_keys, revoke_key, update_key
from pleiade.tenancy.projects import get_project


class ProjectKeys:
    """The routes of a project's keys."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        base = "/organization/projects/{project_id}/api_keys"
        self.routes = (
            Route(method="GET", path=base, handler=self.list_all),
            Route(method="GET", path=base + "/{api_key_id}", handler=self.retrieve),
            Route(method="POST", path=base + "/{api_key_id}", handler=self.update),
            Route(method="DELETE", path=base + "/{api_key_id}", handler=self.delete),
        )

    async def list_all(self, call: Call) -> None:
        """Keys of a project, oldest first; `owner_project_access` picks those whose owner is there, or gone."""
        organisation, project = self._administration.enter(call), call.params["project_id"]
        query = Query(call.query)
        access = query.choice("owner_project_access", ("any", "active", "inactive"))
        await self._administration.run(get_project, organisation, project)
        limit, after, more = query.limit(), query.text("after"), True
        listed: list[dict[str, Any]] = []
        while more and len(listed) <= limit:  # one beyond the page, to know whether more follow
            found = await self._administration.run(
                page_keys, organisation, project=project, kind="project", after=after, limit=limit + 1
            )
            keys = await self._administration.run(project_keys_shown, found.items)
            listed += [key for key in keys if access in ("any", key["owner_project_access"])]
            more, after = found.more, found.items[-1].id if found.items else ""
        await send(call, page(listed[:limit], more=len(listed) > limit))

    async def retrieve(self, call: Call) -> None:
        """One key."""
        await send(call, await self._shown(await self._key(call)))

    async def update(self, call: Call) -> None:
        """Other scopes, or another end."""
        organisation, key = self._administration.enter(call), await self._key(call)
        fields = await self._administration.body(call)
        check_grant(call.principal, key.role)
        after = await self._administration.run(
            update_key,
            organisation,
            key.id,
            project=key.project,
            scopes=texts(fields, "scopes"),
            expires=expiry(fields) or None,
            actor=await self._administration.actor(call),
        )
        await send(call, await self._shown(after))

    async def delete(self, call: Call) -> None:
        """Put a key out of force, within a second."""
        organisation, key = self._administration.enter(call), await self._key(call)
        check_grant(call.principal, key.role)
        actor = await self._administration.actor(call)
        await self._administration.run(revoke_key, key.id, organisation=organisation, project=key.project, actor=actor)
        await send(call, {"object": "organization.project.api_key.deleted", "id": key.id, "deleted": True})

    async def _key(self, call: Call) -> Key:
        organisation, identifier = self._administration.enter(call), call.params["api_key_id"]
        project = call.params["project_id"]
        await self._administration.run(get_project, organisation, project)
        key = await self._administration.run(get_key, organisation, identifier, project=project)
        if key.kind != "project" or key.revoked or key.replaced_by:
            raise ApiError(404, f"No key of this project has the id {identifier[:80]!r}.", code="not_found")
        return key

    async def _shown(self, key: Key) -> dict[str, Any]:
        (shown,) = await self._administration.run(project_keys_shown, (key,))
        return shown
