"""Transfers: payments, credits, discounts, taxes, expenses, hours of machines. Each is double entry in one row.

They are one chain in the database itself. A transfer has an id of its poster's choosing, so that posting it again (a
retry, a replayed settlement) changes nothing.
"""

import hashlib
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pleiade.domain.books import Transfer
from pleiade.domain.currency import CURRENCIES
from pleiade.domain.price import NANO
from pleiade.ledger.accounts import problem_of
from pleiade.ledger.chains import advance, lock_chain
from pleiade.ledger.clock import wall_ms
from pleiade.ledger.errors import LedgerError
from pleiade.ledger.periods import closed_of, lock_closings, open_period
from pleiade.store import unit_of_work
from pleiade.store.books import transfers as table

CHAIN = "transfers"
MOST_UNITS = 10**18  # whole currency units in one transfer
_WORDS = {"id": 256, "organisation": 64, "project": 64}


def post(db: sa.Engine, transfers: Sequence[Transfer], actor: str) -> int:
    """Post all transfers or none; how many were new. `actor` is whoever answers for them (a user's id, a job's name).

    Raises LedgerError for a transfer that is none, or whose id another one has; StoreError.
    """
    with unit_of_work(db) as connection:
        return post_in(connection, transfers, actor)


def post_in(connection: sa.Connection, transfers: Sequence[Transfer], actor: str) -> int:
    """`post` within a transaction that does more (an invoice and its postings, say)."""
    _check(transfers, actor)
    lock_closings(connection, shared=True)
    chain = lock_chain(connection, CHAIN)
    closed = closed_of(connection, {transfer.organisation for transfer in transfers})
    number, head, rows = chain.number, chain.head, []
    for transfer in transfers:
        if _is_there(connection, transfer):
            continue
        number += 1
        timed = msgspec.structs.replace(transfer, time_ms=transfer.time_ms or wall_ms())
        head = transfer_hash(head, number, timed, actor)
        units, nano = divmod(timed.amount, NANO)
        values = {name: value for name, value in msgspec.structs.asdict(timed).items() if name != "amount"}
        period = open_period(timed.organisation, timed.time_ms, closed)
        rows.append(
            {**values, "sequence": number, "period": period, "units": units, "nano": nano, "actor": actor, "hash": head}
        )
    if rows:
        connection.execute(sa.insert(table), rows)
        advance(connection, CHAIN, number, head)
    return len(rows)


def transfer_hash(before: bytes, sequence: int, transfer: Transfer, actor: str) -> bytes:
    """The hash of a transfer's link: SHA-256 over the hash before it and MessagePack of its fields in order."""
    fields = [str(value) for value in msgspec.structs.astuple(transfer)]
    return hashlib.sha256(before + msgspec.msgpack.encode([sequence, *fields, actor])).digest()


def transfer_of(row: sa.Row[tuple[object, ...]]) -> Transfer:
    """A row of the table as it was posted."""
    fields = {name: getattr(row, name) for name in Transfer.__struct_fields__ if name != "amount"}
    return msgspec.convert({**fields, "amount": row.units * NANO + row.nano}, Transfer)


def _is_there(connection: sa.Connection, transfer: Transfer) -> bool:
    """Whether this very transfer was posted before. Raises LedgerError where its id is another one's."""
    row = connection.execute(sa.select(table).where(table.c.id == transfer.id)).one_or_none()
    if row is None:
        return False
    posted = transfer_of(row)
    if posted != msgspec.structs.replace(transfer, time_ms=transfer.time_ms or posted.time_ms):
        raise LedgerError(f"transfer {transfer.id!r} was posted before with other content: choose another id")
    return True


def _check(transfers: Sequence[Transfer], actor: str) -> None:
    problems = [problem for transfer in transfers for problem in _problems(transfer)]
    if len({transfer.id for transfer in transfers}) != len(transfers):
        problems.append("two of the transfers have the same id")
    if not actor or "\x00" in actor:
        problems.append("say who answers for the transfers (actor)")
    if problems:
        raise LedgerError("; ".join(problems))


def _problems(transfer: Transfer) -> list[str]:
    t = transfer
    problems = [problem for problem in (problem_of(t.debit), problem_of(t.credit)) if problem]
    if t.debit == t.credit:
        problems.append(f"debit and credit are the same account, {t.debit}")
    if not 0 < t.amount <= MOST_UNITS * NANO:
        problems.append(f"an amount of {t.amount} nano: it must be above zero (swap the accounts for the other way)")
    if t.currency not in CURRENCIES:
        problems.append(f"currency {t.currency!r} is none of ISO 4217's")
    if t.time_ms < 0:
        problems.append(f"time {t.time_ms} lies before 1970")
    if not t.id:
        problems.append("it has no id")
    problems += [f"{name} is longer than {most}" for name, most in _WORDS.items() if len(getattr(t, name)) > most]
    if "\x00" in f"{t.id}{t.organisation}{t.project}{t.reference}{t.memo}":
        problems.append("it has a NUL character")
    return [f"transfer {t.id!r}: {problem}" for problem in problems]
