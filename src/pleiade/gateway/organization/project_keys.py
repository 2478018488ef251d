"""/organization/projects/{project_id}/api_keys: one's own made; all listed, narrowed, given new secrets, revoked."""

from typing import Any

from pleiade.domain import Key, Role
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.administration import Administration, check_grant, send
from pleiade.gateway.organization.fields import Query, expiry, page, role, text, texts, whole
from pleiade.gateway.organization.keys import project_keys_shown
from pleiade.gateway.routing import Route
from pleiade.tenancy.keys import create_key, get_key, page_keys, revoke_key, update_key
from pleiade.tenancy.projects import get_project
from pleiade.tenancy.rotation import rotate_key


class ProjectKeys:
    """The routes of a project's keys."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        base = "/organization/projects/{project_id}/api_keys"
        self.routes = (
            Route(method="GET", path=base, handler=self.list_all),
            Route(method="POST", path=base, handler=self.create),
            Route(method="GET", path=base + "/{api_key_id}", handler=self.retrieve),
            Route(method="POST", path=base + "/{api_key_id}", handler=self.update),
            Route(method="DELETE", path=base + "/{api_key_id}", handler=self.delete),
            Route(method="POST", path=base + "/{api_key_id}/rotate", handler=self.rotate),
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

    async def create(self, call: Call) -> None:
        """A key of one's own, up to one's own role; its secret is in `value`, this one time."""
        organisation, project = self._administration.enter(call), call.params["project_id"]
        await self._administration.run(get_project, organisation, project)
        fields, principal = await self._administration.body(call), call.principal
        wanted = role(text(fields, "role", Role.MEMBER.value if principal.role.rank >= Role.MEMBER.rank else "viewer"))
        check_grant(principal, wanted)
        scopes = texts(fields, "scopes")
        secret, key = await self._administration.run(
            create_key,
            name=text(fields, "name"),
            role=wanted,
            organisation=organisation,
            project=project,
            owner=principal.user,
            kind="project",
            scopes=("all",) if scopes is None else scopes,
            expires=expiry(fields),
            actor=await self._administration.actor(call),
        )
        await send(call, {**await self._shown(key), "value": secret})

    async def rotate(self, call: Call) -> None:
        """A new secret, in `value` this one time; the old one opens for `grace_seconds` more."""
        organisation, key = self._administration.enter(call), await self._key(call)
        check_grant(call.principal, key.role)
        fields = await self._administration.body(call)
        secret, fresh = await self._administration.run(
            rotate_key,
            key.id,
            organisation=organisation,
            project=key.project,
            grace_s=whole(fields, "grace_seconds") or 0,
            actor=await self._administration.actor(call),
        )
        await send(call, {**await self._shown(fresh), "value": secret})

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
