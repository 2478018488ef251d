"""What the tests of tenancy begin with: an actor, and an organisation with its first project and an owner."""

import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from pleiade.domain import Actor, Organisation, Project, Role, User
from pleiade.tenancy.members import add_member
from pleiade.tenancy.organisations import create_organisation
from pleiade.tenancy.projects import first_project
from pleiade.tenancy.users import create_user

ACTOR = Actor(type="session", user="user-tester", email="tester@example.com", ip_address="192.0.2.7")


@dataclass
class Tenant:
    """An organisation, its first project, and its only owner."""

    organisation: Organisation
    project: Project
    owner: User

    @property
    def id(self) -> str:
        return self.organisation.id


def make_tenant(db: sa.Engine, name: str = "Acme") -> Tenant:
    """A tenant of its own: nobody of it belongs to another one."""
    organisation = create_organisation(db, name=name, actor=ACTOR)
    owner = create_user(db, email=f"owner-{uuid.uuid4().hex[:8]}@example.com", actor=ACTOR)
    add_member(db, organisation.id, owner.id, role=Role.OWNER, actor=ACTOR)
    return Tenant(organisation, first_project(db, organisation.id), owner)


def make_member(
    db: sa.Engine, tenant: Tenant, role: Role | str = Role.MEMBER, project_role: Role | str | None = None
) -> User:
    """A new user in that organisation, and with `project_role` in its first project."""
    user = create_user(db, email=f"user-{uuid.uuid4().hex[:8]}@example.com", actor=ACTOR)
    add_member(db, tenant.id, user.id, role=role, actor=ACTOR)
    if project_role is not None:
        add_member(db, tenant.id, user.id, role=project_role, project=tenant.project.id, actor=ACTOR)
    return user
