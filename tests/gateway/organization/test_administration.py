"""The official client administers an organisation, with every answer validated strictly."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import openai
import pytest
import sqlalchemy as sa
from customers import Customer

from pleiade.domain import OPERATOR, Role
from pleiade.store import unit_of_work
from pleiade.store.tenants import organisation_members, project_members
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.members import add_member
from pleiade.tenancy.users import create_user

CHAT: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": "hi"}]}


async def taken(ask: Callable[[], Awaitable[Any]]) -> Any:
    """The answer, once the key is known: gateways learn of changes within a second."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await ask()
            except openai.AuthenticationError:
                await asyncio.sleep(0.02)


async def refused(ask: Callable[[], Awaitable[Any]]) -> str:
    """Why the key is refused, once it is."""
    async with asyncio.timeout(10):
        while True:
            try:
                await ask()
            except openai.AuthenticationError as error:
                return error.message
            await asyncio.sleep(0.02)


async def opens(customer: Customer, key: str) -> None:
    """Wait until `key` calls a model."""
    await taken(partial(customer.client(key).chat.completions.create, **CHAT))


async def closes(customer: Customer, key: str) -> None:
    """Wait until `key` opens nothing any more."""
    await refused(customer.client(key).models.list)


async def test_a_project_is_made_renamed_and_archived(acme: Customer) -> None:
    projects = acme.organization.projects
    made = await projects.create(name="Résumé « 1 » 🚀")
    assert (await projects.retrieve(made.id)).name == "Résumé « 1 » 🚀"
    assert (await projects.update(made.id, name="Two")).name == "Two"
    assert {project.id async for project in projects.list(limit=1)} == {acme.project, made.id}
    archived = await projects.archive(made.id)
    assert archived.status == "archived"
    assert archived.archived_at is not None
    assert [project.id async for project in projects.list()] == [acme.project]
    assert {project.id async for project in projects.list(include_archived=True)} == {acme.project, made.id}


async def test_what_this_server_does_not_do_is_said(acme: Customer) -> None:
    for fields in ({"geography": "EU"}, {"external_key_id": "k"}, {"residency": "EU_STORAGE_PROCESSING"}):
        with pytest.raises(openai.BadRequestError) as error:
            await acme.organization.projects.create(name="x", **fields)
        assert error.value.param == next(iter(fields))


async def test_a_service_account_calls_models_until_it_is_deleted(acme: Customer) -> None:
    accounts = acme.organization.projects.service_accounts
    made = await accounts.create(acme.project, name="bot")
    await opens(acme, made.api_key.value)
    more = await accounts.api_keys.create(made.id, project_id=acme.project, name="second", expires_in_seconds=3600)
    await opens(acme, more.value)
    keys = [key async for key in acme.organization.projects.api_keys.list(acme.project)]
    assert {key.owner.service_account.id for key in keys} == {made.id}
    assert made.api_key.value not in str(keys)
    assert (await accounts.update(made.id, project_id=acme.project, name="robot")).name == "robot"
    assert [account.name async for account in accounts.list(acme.project)] == ["robot"]
    assert (await accounts.delete(made.id, project_id=acme.project)).deleted
    await closes(acme, made.api_key.value)
    await closes(acme, more.value)
    with pytest.raises(openai.NotFoundError):
        await accounts.retrieve(made.id, project_id=acme.project)


async def test_a_key_is_narrowed_and_revoked(acme: Customer) -> None:
    made = await acme.organization.projects.service_accounts.create(acme.project, name="bot")
    keys, secret = acme.organization.projects.api_keys, made.api_key.value
    await opens(acme, secret)
    await keys.update(made.api_key.id, project_id=acme.project, scopes=["read-only"])
    client = acme.client(secret)
    assert "Missing scopes" in await refused(partial(client.chat.completions.create, **CHAT))
    await client.models.list()
    assert (await keys.delete(made.api_key.id, project_id=acme.project)).deleted
    await closes(acme, secret)


async def test_keys_whose_owner_is_gone_are_listed_apart_page_by_page(acme: Customer, database: sa.Engine) -> None:
    users = [create_user(database, email=f"u{number}@acme.example", actor=OPERATOR).id for number in range(5)]
    for user in users:
        add_member(database, "acme", user, role=Role.MEMBER, actor=OPERATOR)
        add_member(database, "acme", user, role=Role.MEMBER, project=acme.project, actor=OPERATOR)
    keys = {
        user: create_key(database, name=user, organisation="acme", project=acme.project, owner=user)[1].id
        for user in users
    }
    listed = acme.organization.projects.api_keys.list
    assert {key.id async for key in listed(acme.project, limit=2)} == set(keys.values())
    with unit_of_work(database) as connection:  # as if somebody had been taken out by hand
        connection.execute(sa.delete(project_members).where(project_members.c.user == users[0]))
        connection.execute(sa.delete(organisation_members).where(organisation_members.c.user == users[0]))
    gone = {key.id async for key in listed(acme.project, limit=1, owner_project_access="inactive")}
    assert gone == {keys[users[0]]}
    there = {key.id async for key in listed(acme.project, limit=1, owner_project_access="active")}
    assert there == set(keys.values()) - gone


async def test_an_admin_key_administers_until_it_is_deleted(acme: Customer) -> None:
    keys = acme.organization.admin_api_keys
    made = await keys.create(name="deputy", expires_in_seconds=3600)
    assert made.owner.id == acme.owner
    deputy = acme.client(made.value).admin.organization
    await taken(deputy.projects.list)
    assert {key.name async for key in deputy.admin_api_keys.list(order="desc", limit=1)} == {"deputy", "admin"}
    found = await keys.retrieve(made.id)
    assert found.redacted_value.endswith(made.value[-4:])
    assert made.value not in found.model_dump_json()
    assert (await keys.delete(made.id)).deleted
    await closes(acme, made.value)
    with pytest.raises(openai.NotFoundError):
        await keys.retrieve(made.id)


async def test_a_key_of_a_project_administers_nothing(acme: Customer) -> None:
    made = await acme.organization.projects.service_accounts.create(acme.project, name="bot")
    await opens(acme, made.api_key.value)
    bot = acme.client(made.api_key.value).admin.organization
    for attempt in (bot.projects.list(), bot.admin_api_keys.list(), bot.audit_logs.list(), bot.users.list()):
        with pytest.raises(openai.AuthenticationError, match="Missing scopes"):
            await attempt
    with pytest.raises(openai.AuthenticationError, match="Missing scopes"):
        await bot.projects.create(name="mine")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_somebody_is_invited_joins_and_leaves(acme: Customer, served: Any) -> None:
    invites, users = acme.organization.invites, acme.organization.users
    made = await invites.create(
        email="New@Acme.example", role="reader", projects=[{"id": acme.project, "role": "member"}]
    )
    assert (made.email, made.role, made.status) == ("new@acme.example", "reader", "pending")
    token = made.model_extra["token"]
    assert token not in (await invites.retrieve(made.id)).model_dump_json()
    joined = await served.client.post(
        served.url + "/auth/invite", json={"token": token, "name": "New", "password": "a long password"}
    )
    assert joined.status == 200
    assert (await invites.retrieve(made.id)).status == "accepted"
    (member,) = [user async for user in users.list(emails=["new@acme.example"])]
    assert (member.name, member.role) == ("New", "reader")
    in_project = acme.organization.projects.users
    assert (await in_project.retrieve(member.id, project_id=acme.project)).role == "member"
    assert (await in_project.update(member.id, project_id=acme.project, role="viewer")).role == "viewer"
    assert (await users.update(member.id, role="owner")).role == "owner"
    assert (await users.update(member.id, role_id="role-api-organization-member")).role == "reader"
    assert (await in_project.delete(member.id, project_id=acme.project)).deleted
    assert (await in_project.create(acme.project, email="new@acme.example", role="developer")).role == "developer"
    assert (await users.delete(member.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await users.retrieve(member.id)


async def test_an_invitation_is_taken_back_and_opens_nothing(acme: Customer, served: Any) -> None:
    made = await acme.organization.invites.create(email="x@acme.example", role="owner")
    assert (await acme.organization.invites.delete(made.id)).deleted
    body = {"token": made.model_extra["token"], "password": "a long password"}
    assert (await served.client.post(served.url + "/auth/invite", json=body)).status == 404
    assert [invite.id async for invite in acme.organization.invites.list()] == []


async def test_the_last_owner_stays(acme: Customer) -> None:
    for attempt in (
        acme.organization.users.delete(acme.owner),
        acme.organization.users.update(acme.owner, role="reader"),
        acme.organization.users.roles.create(acme.owner, role_id="role-api-organization-viewer"),
    ):
        with pytest.raises(openai.BadRequestError) as error:
            await attempt
        assert error.value.code == "conflict"


async def test_roles_are_five_and_each_member_has_one(acme: Customer) -> None:
    roles = [role async for role in acme.organization.roles.list()]
    assert [role.name for role in roles] == ["owner", "admin", "developer", "member", "viewer"]
    assert [role.id async for role in acme.organization.users.roles.list(acme.owner)] == [roles[0].id]
    assert (await acme.organization.users.roles.retrieve(roles[0].id, user_id=acme.owner)).name == "owner"
    with pytest.raises(openai.NotFoundError):
        await acme.organization.users.roles.retrieve(roles[1].id, user_id=acme.owner)
    inside = acme.organization.projects.roles
    assert {role.resource_type async for role in inside.list(acme.project)} == {"api.project"}


async def test_an_admin_is_no_owner(acme: Customer) -> None:
    """Nobody gives, takes or ends what is above them."""
    organization = acme.organization
    made = await acme.clients[0].post(
        "/organization/admin_api_keys", body={"name": "second", "role": "admin"}, cast_to=dict[str, Any]
    )
    admin = acme.client(made["value"]).admin.organization
    await taken(admin.projects.list)
    (owner_key,) = [key.id async for key in organization.admin_api_keys.list() if key.name == "admin"]
    for attempt in (
        admin.invites.create(email="x@acme.example", role="owner"),
        admin.users.delete(acme.owner),
        admin.users.update(acme.owner, role="reader"),
        admin.admin_api_keys.delete(owner_key),
    ):
        with pytest.raises(openai.PermissionDeniedError):
            await attempt


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_every_act_is_in_the_audit_log_with_its_actor(acme: Customer, globex: Customer) -> None:
    logs = acme.client(acme.key, strict=False).admin.organization.audit_logs  # some types of events are our own
    project = await acme.organization.projects.create(name="p")
    invite = await acme.organization.invites.create(email="x@acme.example", role="reader")
    await acme.organization.invites.delete(invite.id)
    await globex.organization.projects.create(name="theirs")
    events = [event async for event in logs.list(limit=1)]
    assert [event.type for event in events[:3]] == ["invite.deleted", "invite.sent", "project.created"]
    created = events[2]
    assert created.project is not None
    assert (created.project.id, created.project.name) == (project.id, "p")
    assert created.actor is not None
    assert created.actor.api_key is not None
    assert created.actor.api_key.user is not None
    assert (created.actor.api_key.user.id, created.actor.api_key.user.email) == (acme.owner, "owner@acme.example")
    assert created.project_created is not None
    assert created.project_created.id == project.id
    by_type = [event.id async for event in logs.list(event_types=["invite.sent", "invite.deleted"])]
    assert by_type == [events[0].id, events[1].id]
    assert [event.id async for event in logs.list(resource_ids=[project.id])] == [created.id]
    assert [event.id async for event in logs.list(project_ids=[project.id])] == [created.id]
    assert [event.id async for event in logs.list(actor_emails=["nobody@acme.example"])] == []
    ours = {event.id async for event in logs.list(actor_ids=[acme.owner])}
    assert {event.id for event in events[:3]} <= ours
    assert [event.id async for event in logs.list(effective_at={"gt": created.effective_at + 3600})] == []
    assert len([event async for event in logs.list(effective_at={"lte": created.effective_at + 3600})]) == len(events)
    above = await logs.list(before=created.id, limit=1)
    assert [event.id for event in above.data] == [events[1].id]
    with pytest.raises(openai.BadRequestError):
        await globex.organization.audit_logs.list(after=created.id)


WRONG_FIELDS: list[tuple[str, dict[str, Any], str]] = [
    ("/projects", {}, "name"),
    ("/projects", {"name": 5}, "name"),
    ("/projects", {"name": ""}, "name"),
    ("/projects", {"name": "x" * 300}, "name"),
    ("/admin_api_keys", {"name": "k", "expires_in_seconds": 0}, "expires_in_seconds"),
    ("/admin_api_keys", {"name": "k", "expires_in_seconds": "soon"}, "expires_in_seconds"),
    ("/admin_api_keys", {"name": "k", "expires_in_seconds": 10**30}, "expires_in_seconds"),
    ("/admin_api_keys", {"name": "k", "role": "king"}, "role"),
    ("/invites", {"email": "nobody", "role": "reader"}, "email"),
    ("/invites", {"email": "a@b.example", "role": "king"}, "role"),
    ("/invites", {"email": "a@b.example", "role": "reader", "projects": "all"}, "projects"),
]


async def test_wrong_fields_are_named(acme: Customer) -> None:
    for path, body, param in WRONG_FIELDS:
        with pytest.raises(openai.BadRequestError) as error:
            await acme.clients[0].post("/organization" + path, body=body, cast_to=dict[str, Any])
        assert error.value.param == param, (path, body)


async def test_wrong_limits_are_refused(acme: Customer) -> None:
    for limit in ("x", "-1", "101", str(10**40)):
        for path in ("projects", "users", "invites", "admin_api_keys", "audit_logs"):
            with pytest.raises(openai.BadRequestError) as error:
                await acme.clients[0].get(f"/organization/{path}?limit={limit}", cast_to=dict[str, Any])
            assert error.value.param == "limit"
