"""/organization/admin_api_keys: keys that administer, and call models in the organisation's first project."""

from typing import Any

from pleiade.domain import Key
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.administration import Administration, check_grant, send
from pleiade.gateway.organization.fields import Query, expiry, page, role, text
from pleiade.gateway.organization.keys import admin_keys_shown
from pleiade.gateway.routing import Route
from pleiade.tenancy.keys import create_key, get_key, page_keys, revoke_key
from pleiade.tenancy.pages import Page
from pleiade.tenancy.projects import first_project


class AdminKeys:
    """The routes of admin keys."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        one = "/organization/admin_api_keys/{key_id}"
        self.routes = (
            Route(method="GET", path="/organization/admin_api_keys", handler=self.list_all),
            Route(method="POST", path="/organization/admin_api_keys", handler=self.create),
            Route(method="GET", path=one, handler=self.retrieve),
            Route(method="DELETE", path=one, handler=self.delete),
        )

    async def list_all(self, call: Call) -> None:
        """Admin keys, oldest first unless `order` says otherwise."""
        organisation, query = self._administration.enter(call), Query(call.query)
        found: Page[Key] = await self._administration.run(
            page_keys,
            organisation,
            kind="admin",
            after=query.text("after"),
            limit=query.limit(),
            newest_first=query.choice("order", ("asc", "desc")) == "desc",
        )
        await send(call, page(await self._administration.run(admin_keys_shown, found.items), more=found.more))

    async def create(self, call: Call) -> None:
        """A key with the caller's role, or a lower one in `role`; its secret is in `value`, this one time."""
        organisation, principal = self._administration.enter(call), call.principal
        fields = await self._administration.body(call)
        name, expires = text(fields, "name"), expiry(fields)
        wanted = role(text(fields, "role", principal.role.value))
        check_grant(principal, wanted)
        project = await self._administration.run(first_project, organisation)
        secret, key = await self._administration.run(
            create_key,
            name=name,
            role=wanted,
            organisation=organisation,
            project=project.id,
            owner=principal.user if principal.user.startswith("user-") else "",
            kind="admin",
            expires=expires,
            actor=await self._administration.actor(call),
        )
        await send(call, {**(await self._shown(key)), "value": secret})

    async def retrieve(self, call: Call) -> None:
        """One admin key."""
        await send(call, await self._shown(await self._key(call)))

    async def delete(self, call: Call) -> None:
        """Put an admin key out of force, within a second."""
        organisation, key = self._administration.enter(call), await self._key(call)
        check_grant(call.principal, key.role)
        actor = await self._administration.actor(call)
        await self._administration.run(revoke_key, key.id, organisation=organisation, actor=actor)
        await send(call, {"object": "organization.admin_api_key.deleted", "id": key.id, "deleted": True})

    async def _key(self, call: Call) -> Key:
        organisation, identifier = self._administration.enter(call), call.params["key_id"]
        key = await self._administration.run(get_key, organisation, identifier)
        if key.kind != "admin" or key.revoked or key.replaced_by:
            raise ApiError(404, f"No admin key has the id {identifier[:80]!r}.", code="not_found")
        return key

    async def _shown(self, key: Key) -> dict[str, Any]:
        (shown,) = await self._administration.run(admin_keys_shown, (key,))
        return shown
