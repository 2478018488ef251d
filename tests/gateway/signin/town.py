"""A gateway whose database has a customer, and people who sign in there."""

import asyncio
from typing import Any

import sqlalchemy as sa
from scripted_gateway import CHAT, OPENAI

from pleiade.domain import OPERATOR
from pleiade.tenancy.members import add_member
from pleiade.tenancy.projects import first_project
from pleiade.tenancy.signin.issuer import Issuer
from pleiade.tenancy.signin.issuers import add_issuer
from pleiade.tenancy.users import create_user
from tenancy.signin.issuing import AUDIENCE


class Town:
    """A gateway whose database has a customer, "acme", and takes the word of an issuer about its people."""

    def __init__(self, served: Any, db: sa.Engine) -> None:
        self.served, self.db = served, db
        self.issuer: Any = None
        self.alice = ""
        self.issuer_id = ""

    def trust(self, **settings: Any) -> None:
        fields = {"id": "", "name": "Test", "issuer": self.issuer.url, "organisation": "acme"}
        self.issuer_id = add_issuer(self.db, Issuer(**fields | {"audiences": (AUDIENCE,)} | settings)).id

    def person(self, name: str, role: str = "member") -> str:
        """A member of acme and of its first project; their id."""
        user = create_user(self.db, email=f"{name}@acme.example", name=name, actor=OPERATOR).id
        add_member(self.db, "acme", user, role=role, actor=OPERATOR)
        add_member(self.db, "acme", user, role=role, project=first_project(self.db, "acme").id, actor=OPERATOR)
        return user

    async def ask(self, token: bytes, path: str = OPENAI) -> Any:
        return await self.served.post(path, CHAT, headers={"authorization": f"Bearer {token.decode()}"})

    async def until(self, status: int, token: bytes) -> None:
        """Ask until the answer is `status`: gateways learn of changes within a second."""
        async with asyncio.timeout(10):
            while (await self.ask(token)).status != status:  # noqa: ASYNC110 - another process would not tell either
                await asyncio.sleep(0.02)
