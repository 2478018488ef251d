"""Each hour the heads of all chains are written down, in a chain of its own.

Who would change an old entry must then also change every seal since, and whoever has a copy of one seal can tell.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from pleiade.ledger.chains import advance, lock_chain
from pleiade.store import reading, unit_of_work
from pleiade.store.books import chains, seals, writers

Head = tuple[str, int, str]  # writer (or "transfers"), sequence, hash in hex
HOUR_MS = 3_600_000


def last_sealed_ms(db: sa.Engine) -> int:
    """When the last seal was set, Unix milliseconds; 0 = never. Raises StoreError."""
    with reading(db) as connection:
        return connection.scalar(sa.select(sa.func.max(seals.c.time_ms))) or 0


class Seal(NamedTuple):
    """One hour's heads of all chains that had moved."""

    number: int
    time_ms: int
    heads: list[Head]
    hash: bytes


def read_seals(db: sa.Engine) -> Iterator[Seal]:
    """All seals in their order. Raises StoreError."""
    with reading(db) as connection:
        yield from seals_in(connection)


def seals_in(connection: sa.Connection) -> Iterator[Seal]:
    """All seals in their order, within a transaction."""
    for row in connection.execute(sa.select(seals).order_by(seals.c.number)):
        heads = [(str(writer), int(sequence), str(link)) for writer, sequence, link in json.loads(row.heads)]
        yield Seal(row.number, row.time_ms, heads, bytes(row.hash))


def seal(db: sa.Engine, time_ms: int) -> int:
    """Write down the heads that moved since the last seal; the seal's number, 0 where none moved. Raises StoreError."""
    with unit_of_work(db) as connection:
        chain = lock_chain(connection, "seals")
        heads = _moved_heads(connection)
        if not heads:
            return 0
        number = chain.number + 1
        link = seal_hash(chain.head, number, time_ms, heads)
        connection.execute(sa.insert(seals).values(number=number, time_ms=time_ms, heads=json.dumps(heads), hash=link))
        advance(connection, "seals", number, link)
        for name, sequence, _ in heads:
            connection.execute(sa.update(writers).where(writers.c.id == name).values(sealed=sequence))
            connection.execute(sa.update(chains).where(chains.c.name == name).values(sealed=sequence))
        return number


def seal_hash(before: bytes, number: int, time_ms: int, heads: Sequence[Head]) -> bytes:
    """The hash of a seal: SHA-256 over the hash before it and MessagePack of number, time and heads."""
    return hashlib.sha256(before + msgspec.msgpack.encode((number, time_ms, list(heads)))).digest()


def _moved_heads(connection: sa.Connection) -> list[Head]:
    moved = sa.select(writers.c.id, writers.c.shipped, writers.c.head).where(writers.c.shipped > writers.c.sealed)
    written = sa.select(chains.c.name, chains.c.number, chains.c.head).where(
        chains.c.number > chains.c.sealed, chains.c.name != "seals"
    )
    rows = [*connection.execute(moved), *connection.execute(written)]
    return sorted((name, sequence, bytes(head).hex()) for name, sequence, head in rows)
