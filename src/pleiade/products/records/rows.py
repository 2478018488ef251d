"""What every table of the products does alike: owners, clocks, ids, ids that cannot be, JSON in a column."""

import secrets
import time
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.products.records.errors import NotFoundError

SECOND = 1_000_000  # microseconds, which the tables count in


class Owner(msgspec.Struct, frozen=True):
    """Whose things they are: a person (or a key that is nobody's) in a project."""

    project: str
    id: str


def now() -> int:
    """Unix microseconds."""
    return time.time_ns() // 1000


def new_id(prefix: str) -> str:
    """A fresh identifier such as "chat_…": 128 random bits, never guessed or repeated."""
    return f"{prefix}_{secrets.token_hex(16)}"


def possible(identifier: str, what: str) -> str:
    """`identifier`, if a database can look for it. Raises NotFoundError where none could have it."""
    if len(identifier) > 64 or "\0" in identifier:
        raise NotFoundError(what, identifier)
    return identifier


def of(owner: Owner, table: sa.FromClause) -> sa.ColumnElement[bool]:
    """The condition that a row of `table` is `owner`'s."""
    return sa.and_(table.c.project == owner.project, table.c.owner == owner.id)


def encoded(value: object) -> str:
    """JSON of `value`; "" for None."""
    return "" if value is None else msgspec.json.encode(value).decode()


def decoded(text: str) -> Any:
    """What `encoded` made JSON of."""
    return msgspec.json.decode(text) if text else None
