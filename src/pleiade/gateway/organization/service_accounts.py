"""/organization/projects/{project_id}/service_accounts, and the keys that they own."""

from typing import Any

from pleiade.domain import Key, Role, ServiceAccount
from pleiade.gateway.call import Call
from pleiade.gateway.organization.administration import Administration, check_grant, send
from pleiade.gateway.organization.fields import Query, expiry, or_null, page, role, text, texts
from pleiade.gateway.problems import wrong_type
from pleiade.gateway.routing import Route
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.service_accounts import (
    create_service_account,
    delete_service_account,
    get_service_account,
    list_service_accounts,
    update_service_account,
)


class ServiceAccounts:
    """The routes of service accounts."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        base = "/organization/projects/{project_id}/service_accounts"
        one = base + "/{service_account_id}"
        self.routes = (
            Route(method="GET", path=base, handler=self.list_all),
            Route(method="POST", path=base, handler=self.create),
            Route(method="GET", path=one, handler=self.retrieve),
            Route(method="POST", path=one, handler=self.update),
            Route(method="DELETE", path=one, handler=self.delete),
            Route(method="POST", path=f"{one}/api_keys", handler=self.create_key),
        )

    async def list_all(self, call: Call) -> None:
        """Service accounts of a project, oldest first."""
        organisation, query = self._administration.enter(call), Query(call.query)
        found = await self._administration.run(
            list_service_accounts,
            organisation,
            call.params["project_id"],
            after=query.text("after"),
            limit=query.limit(),
        )
        await send(call, page([shown(account) for account in found.items], more=found.more))

    async def create(self, call: Call) -> None:
        """A service account and, unless `create_service_account_only`, its first key with its secret, once."""
        organisation, project = self._administration.enter(call), call.params["project_id"]
        fields = await self._administration.body(call)
        expires, actor = expiry(fields), await self._administration.actor(call)
        alone = fields.get("create_service_account_only") or False
        if not isinstance(alone, bool):
            raise wrong_type("create_service_account_only", "a boolean", alone)
        account, secret, key = await self._administration.run(
            create_service_account,
            organisation,
            project,
            name=text(fields, "name"),
            with_key=not alone and not expires,
            actor=actor,
        )
        if expires and not alone:
            secret, key = await self._make_key(call, account, account.name, None, expires)
        made = None if key is None else _key_shown(key, secret)
        await send(call, {**shown(account), "api_key": made})

    async def retrieve(self, call: Call) -> None:
        """One service account."""
        await send(call, shown(await self._account(call)))

    async def update(self, call: Call) -> None:
        """Another name or role; a lower role lowers what its keys may."""
        organisation, before = self._administration.enter(call), await self._account(call)
        fields = await self._administration.body(call)
        wanted = role(text(fields, "role", before.role))
        for changed in (wanted, Role(before.role)):
            check_grant(call.principal, changed)
        after = await self._administration.run(
            update_service_account,
            organisation,
            before.project,
            before.id,
            name=text(fields, "name", before.name),
            role=wanted,
            actor=await self._administration.actor(call),
        )
        await send(call, shown(after))

    async def delete(self, call: Call) -> None:
        """Remove a service account, and revoke its keys."""
        organisation, account = self._administration.enter(call), await self._account(call)
        check_grant(call.principal, Role(account.role))
        actor = await self._administration.actor(call)
        await self._administration.run(delete_service_account, organisation, account.project, account.id, actor=actor)
        kind = "organization.project.service_account.deleted"
        await send(call, {"object": kind, "id": account.id, "deleted": True})

    async def create_key(self, call: Call) -> None:
        """One more key for a service account; its secret is in `value`, this one time."""
        account = await self._account(call)
        fields = await self._administration.body(call)
        name, scopes = text(fields, "name", account.name), texts(fields, "scopes")
        secret, key = await self._make_key(call, account, name, scopes, expiry(fields))
        await send(call, _key_shown(key, secret))

    async def _make_key(
        self, call: Call, account: ServiceAccount, name: str, scopes: tuple[str, ...] | None, expires: int
    ) -> tuple[str, Key]:
        check_grant(call.principal, Role(account.role))
        return await self._administration.run(
            create_key,
            name=name,
            role=Role(account.role),
            organisation=account.organisation,
            project=account.project,
            owner=account.id,
            kind="project",
            scopes=("all",) if scopes is None else scopes,
            expires=expires,
            actor=await self._administration.actor(call),
        )

    async def _account(self, call: Call) -> ServiceAccount:
        return await self._administration.run(
            get_service_account,
            self._administration.enter(call),
            call.params["project_id"],
            call.params["service_account_id"],
        )


def shown(account: ServiceAccount) -> dict[str, Any]:
    """A service account as OpenAI shows it."""
    return {
        "object": "organization.project.service_account",
        "id": account.id,
        "name": account.name,
        "role": account.role,
        "created_at": account.created,
    }


def _key_shown(key: Key, secret: str) -> dict[str, Any]:
    return {
        "object": "organization.project.service_account.api_key",
        "id": key.id,
        "name": key.name,
        "value": secret,
        "created_at": key.created,
        "expires_at": or_null(key.expires),
    }
