"""Chains that are written in the database itself: transfers and seals. Whoever adds a link holds the chain's row."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from pleiade.ledger.records import NO_HASH
from pleiade.store.books import chains


class Chain(NamedTuple):
    """Where a chain stands."""

    number: int  # of its last link; 0 = none
    head: bytes


def lock_chain(connection: sa.Connection, name: str) -> Chain:
    """Where the chain stands; until the transaction ends nobody else adds to it."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(chains).values(name=name, number=0, head=NO_HASH, sealed=0).on_conflict_do_nothing()
    connection.execute(new)
    row = connection.execute(sa.select(chains).where(chains.c.name == name).with_for_update()).one()
    return Chain(row.number, bytes(row.head))


def advance(connection: sa.Connection, name: str, number: int, head: bytes) -> None:
    """Note the chain's last link."""
    connection.execute(sa.update(chains).where(chains.c.name == name).values(number=number, head=head))
