"""A customer of a gateway: an organisation with an owner, an admin key and the official client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from openai import AsyncOpenAI

from pleiade.domain import OPERATOR, Role
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.members import add_member
from pleiade.tenancy.organisations import create_organisation
from pleiade.tenancy.projects import first_project
from pleiade.tenancy.users import create_user


@dataclass
class Customer:
    """What tests need to know of a customer."""

    id: str
    project: str
    owner: str
    key: str
    url: str = ""
    clients: list[AsyncOpenAI] = field(default_factory=list)

    @asynccontextmanager
    async def connect(self, url: str) -> "AsyncIterator[Customer]":
        """With a client of the gateway at `url`."""
        self.url = url
        self.client(self.key)
        yield self
        for client in self.clients:
            await client.close()

    def client(self, key: str, *, strict: bool = True) -> AsyncOpenAI:
        """A client that validates every answer, strictly unless told otherwise."""
        client = AsyncOpenAI(
            base_url=self.url + "/v1",
            api_key=key,
            admin_api_key=key,
            max_retries=0,
            _strict_response_validation=strict,
        )
        self.clients.append(client)
        return client

    @property
    def organization(self) -> Any:
        """The client's administration."""
        return self.clients[0].admin.organization


def new_customer(db: sa.Engine, name: str) -> Customer:
    """An organisation `name` with an owner, OWNER@NAME.example, and the owner's admin key."""
    create_organisation(db, name=name.title(), id=name, actor=OPERATOR)
    project = first_project(db, name).id
    owner = create_user(db, email=f"owner@{name}.example", actor=OPERATOR).id
    add_member(db, name, owner, role=Role.OWNER, actor=OPERATOR)
    key, _ = create_key(
        db, name="admin", role=Role.OWNER, organisation=name, project=project, owner=owner, kind="admin", actor=OPERATOR
    )
    return Customer(name, project, owner, key)
