"""Chains computed again from the rows: entries, transfers and seals. A check gives numbers (looked at) and problems."""

from collections.abc import Collection, Iterator

import sqlalchemy as sa

from pleiade.domain.books import Entry
from pleiade.ledger.accounts import payer, revenue
from pleiade.ledger.entries import Booked, entries_in, transfers_in
from pleiade.ledger.periods import month_after, month_of
from pleiade.ledger.posting import transfer_hash
from pleiade.ledger.records import NO_HASH, chained, entry_bytes
from pleiade.ledger.seals import seal_hash, seals_in
from pleiade.store.books import chains, closed_periods, entries, transfers, writers

Found = Iterator[str | int]
COUNT_EVERY = 1000


def check_entries(connection: sa.Connection) -> Found:
    """Entry by entry: sequence, hash, time, month and accounts; and each writer's own word about its last one."""
    states = {row.id: row for row in connection.execute(sa.select(writers))}
    closed = {(row.organisation, row.period) for row in connection.execute(sa.select(closed_periods))}
    before: Booked | None = None
    counted = 0
    for booked in entries_in(connection):
        entry = booked.entry
        if before is not None and before.entry.writer != entry.writer:
            yield from _ended(before, states)
            before = None
        yield from _follows(booked, before)
        yield from _in_its_place(booked, closed)
        before = booked
        counted += 1
        if counted == COUNT_EVERY:
            yield counted
            counted = 0
    yield counted
    if before is not None:
        yield from _ended(before, states)
    for writer, state in states.items():  # those that were met are gone from here
        if state.shipped:
            yield f"writer {writer}: all of its {state.shipped} entries are missing"


def _follows(booked: Booked, before: Booked | None) -> Iterator[str]:
    entry, last = booked.entry, before.entry.sequence if before else 0
    if entry.sequence != last + 1:
        yield f"writer {entry.writer}: entries {last + 1} to {entry.sequence - 1} are missing"
        return  # what was before is not known: the hash cannot be computed
    if chained(before.hash if before else NO_HASH, entry_bytes(entry)) != booked.hash:
        yield f"writer {entry.writer}: entry {entry.sequence} (call {entry.call}) is not as it was written"
    if before is not None and entry.time_ms < before.entry.time_ms:
        yield f"writer {entry.writer}: entry {entry.sequence} is earlier than the one before"


def _in_its_place(booked: Booked, closed: Collection[tuple[str, str]]) -> Iterator[str]:
    entry = booked.entry
    period = month_of(entry.time_ms)
    while period < booked.period and (entry.organisation, period) in closed:
        period = month_after(period)
    if period != booked.period:
        yield f"{_name(entry)} is booked in {booked.period}, and belongs to {period}"
    if (entry.debit, entry.credit) != (payer(entry.billing, entry.organisation), revenue(entry.storefront)):
        yield f"{_name(entry)} moves from {entry.credit} to {entry.debit}: these are not its accounts"


def _ended(last: Booked, states: dict[str, sa.Row[tuple[object, ...]]]) -> Iterator[str]:
    entry, state = last.entry, states.pop(last.entry.writer, None)
    if state is None:
        yield f"writer {entry.writer} is not known, and has entries"
    elif (state.shipped, bytes(state.head)) != (entry.sequence, last.hash):
        yield f"writer {entry.writer}: its last entry is {entry.sequence}, it should be {state.shipped}"


def check_transfers(connection: sa.Connection) -> Found:
    """Transfer by transfer: sequence and hash."""
    number, head = 0, NO_HASH
    for posted in transfers_in(connection):
        yield 1
        if posted.sequence != number + 1:
            yield f"transfers {number + 1} to {posted.sequence - 1} are missing"
        elif transfer_hash(head, posted.sequence, posted.transfer, posted.actor) != posted.hash:
            yield f"transfer {posted.sequence} ({posted.transfer.id}) is not as it was posted"
        number, head = posted.sequence, posted.hash
    yield from _chain_ends(connection, "transfers", number, head)


def check_seals(connection: sa.Connection) -> Found:
    """Seal by seal: number, hash, and the heads that it names."""
    number, before = 0, NO_HASH
    for set_then in seals_in(connection):
        yield 1
        if set_then.number != number + 1:
            yield f"seals {number + 1} to {set_then.number - 1} are missing"
        elif seal_hash(before, set_then.number, set_then.time_ms, set_then.heads) != set_then.hash:
            yield f"seal {set_then.number} is not as it was set"
        for writer, sequence, link in set_then.heads:
            found = _hash_of(connection, writer, sequence)
            if found != link:
                yield f"seal {set_then.number}: entry {sequence} of {writer} {'was changed' if found else 'is missing'}"
        number, before = set_then.number, set_then.hash
    yield from _chain_ends(connection, "seals", number, before)


def _chain_ends(connection: sa.Connection, name: str, number: int, head: bytes) -> Iterator[str]:
    """Whether a chain ends where its writers say."""
    row = connection.execute(sa.select(chains).where(chains.c.name == name)).one_or_none()
    stated = (row.number, bytes(row.head)) if row is not None else (0, NO_HASH)
    if stated != (number, head):
        yield f"the chain of {name} ends at {number}, it should end at {stated[0]}"


def _hash_of(connection: sa.Connection, writer: str, sequence: int) -> str:
    if writer == "transfers":
        chosen = sa.select(transfers.c.hash).where(transfers.c.sequence == sequence)
    else:
        chosen = sa.select(entries.c.hash).where(entries.c.writer == writer, entries.c.sequence == sequence)
    found = connection.scalar(chosen)
    return bytes(found).hex() if found is not None else ""


def _name(entry: Entry) -> str:
    return f"writer {entry.writer}: entry {entry.sequence} (call {entry.call})"
