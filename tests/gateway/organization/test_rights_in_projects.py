"""Who is no administrator still does what the table of rights gives them, in their project and nowhere else."""

import asyncio
from functools import partial

import openai
import pytest
import sqlalchemy as sa
from customers import Customer

from pleiade.domain import OPERATOR, Role
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.projects import create_project


@pytest.fixture
async def keys(acme: Customer, served: object, database: sa.Engine) -> dict[Role, str]:
    """A key of Acme's project for each role, known to the gateway."""
    place = {"organisation": acme.id, "project": acme.project}
    made = {
        role: create_key(database, name=role.value, role=role, kind="project", actor=OPERATOR, **place)[0]
        for role in Role
    }
    async with asyncio.timeout(10):
        while True:
            try:
                await acme.client(made[Role.VIEWER]).models.list()
                return made
            except openai.AuthenticationError:
                await asyncio.sleep(0.02)


async def test_a_role_reaches_as_far_as_the_table_says(acme: Customer, keys: dict[Role, str]) -> None:
    for role, secret in keys.items():
        projects = acme.client(secret).admin.organization.projects
        for least, attempt in (
            (Role.VIEWER, partial(projects.retrieve, acme.project)),
            (Role.VIEWER, partial(projects.users.list, acme.project)),
            (Role.DEVELOPER, partial(projects.api_keys.list, acme.project)),
            (Role.DEVELOPER, partial(projects.service_accounts.create, acme.project, name="bot")),
            (Role.ADMIN, partial(projects.update, acme.project, name="Renamed")),
        ):
            if role.rank >= least.rank:
                await attempt()
            else:
                with pytest.raises(openai.AuthenticationError, match="Missing scopes"):
                    await attempt()


async def test_a_projects_key_finds_no_other_project(
    acme: Customer, globex: Customer, keys: dict[Role, str], database: sa.Engine
) -> None:
    sibling = create_project(database, acme.id, name="Sibling", actor=OPERATOR).id
    for role in (Role.OWNER, Role.DEVELOPER, Role.VIEWER):
        organization = acme.client(keys[role]).admin.organization
        for other in (sibling, globex.project, "proj_nonexistent"):
            with pytest.raises(openai.NotFoundError, match="No project has the id"):
                await organization.projects.retrieve(other)
        for attempt in (organization.projects.list, organization.users.list, organization.audit_logs.list):
            with pytest.raises(openai.AuthenticationError, match="Missing scopes"):
                await attempt()


async def test_a_developer_makes_nobody_more_than_a_developer(acme: Customer, keys: dict[Role, str]) -> None:
    accounts = acme.client(keys[Role.DEVELOPER]).admin.organization.projects.service_accounts
    made = await accounts.create(acme.project, name="bot")
    with pytest.raises(openai.PermissionDeniedError):
        await accounts.update(made.id, project_id=acme.project, role="owner")
