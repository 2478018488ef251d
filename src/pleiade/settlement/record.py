"""Recording settlements, once each: every one goes on from the one before.

The only file of this room that knows the ledger.
"""

import json
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain.books import Transfer, TransferKind
from pleiade.ledger.posting import post_in
from pleiade.settlement.agreement import Agreement
from pleiade.settlement.amounts import to_units
from pleiade.settlement.document import profits_of, settlement_document, settlement_id, terms_id
from pleiade.settlement.errors import SettlementError
from pleiade.settlement.settling import Settlement, due
from pleiade.store import reading, unit_of_work
from pleiade.store.settlements import settlements

ACTOR = "pleiade settle"  # who answers for what is posted
NANO_DIGITS = 9  # the ledger counts in 10^-9 of a currency
RACES = 5  # how often another process may record just before us until we give up


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A settlement as it was recorded."""

    id: str
    agreement: str
    number: int
    currency: str
    recorded: int  # Unix seconds
    result: dict[str, Any]  # settlement_document


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What recording did: the settlement in the books, and which of its periods came with this call."""

    recorded: Recorded
    replayed: bool  # nothing was new: the books are as they were
    new: int  # how many of its periods (the last ones) are new


Noted = Callable[[sa.Connection, "Receipt"], None]


def record(
    db: sa.Engine, settlement: Settlement, *, post: bool = False, actor: str = ACTOR, noted: Noted | None = None
) -> Receipt:
    """Put `settlement` in the books. Replaying one that is there changes nothing and answers with it.

    A settlement goes on from the recorded one of the same agreement: it repeats that one's periods and adds some.
    With `post`, what is due to each party is posted to the ledger in the same transaction: from `distribution:PARTY`
    to `payable:PARTY`, for which `actor` answers. `noted` is called with what is new, at the transaction's end (the
    audit log is not this room's). Raises SettlementError where it contradicts what is recorded (another profit for a
    period, other terms); LedgerError where the ledger cannot take it; StoreError where the database fails.
    """
    for _ in range(RACES):
        try:
            return _record(db, settlement, post, actor, noted)
        except sa.exc.IntegrityError:  # another process was first: now compare with what it has written
            continue
    raise SettlementError("other processes keep recording settlements of this agreement; try again")


def list_recorded(db: sa.Engine) -> list[Recorded]:
    """All recorded settlements, oldest first. Raises StoreError."""
    with reading(db) as connection:
        rows = connection.execute(
            sa.select(settlements).order_by(settlements.c.recorded, settlements.c.agreement, settlements.c.number)
        )
        return [_recorded(row) for row in rows]


def _record(db: sa.Engine, settlement: Settlement, post: bool, actor: str, noted: Noted | None) -> Receipt:
    with unit_of_work(db) as connection:
        name = settlement.agreement.name
        last = connection.execute(
            sa.select(settlements).where(settlements.c.agreement == name).order_by(settlements.c.number.desc()).limit(1)
        ).first()
        profits = profits_of(settlement)
        known = [] if last is None else [tuple(each) for each in json.loads(last.profits)]
        if last is not None:
            _check_same(settlement, last, known)
            if len(profits) <= len(known):
                return Receipt(recorded=_recorded(last), replayed=True, new=0)
        row = {
            "agreement": name,
            "number": 1 if last is None else last.number + 1,
            "id": settlement_id(settlement),
            "terms": terms_id(settlement.agreement),
            "currency": settlement.agreement.currency,
            "profits": json.dumps(profits),
            "result": json.dumps(settlement_document(settlement), ensure_ascii=False),
            "recorded": int(time.time()),
        }
        connection.execute(sa.insert(settlements).values(row))
        if post:
            post_in(connection, _transfers(settlement, len(profits) - len(known), str(row["id"])), actor)
        written = connection.execute(sa.select(settlements).where(settlements.c.id == row["id"])).one()
        receipt = Receipt(recorded=_recorded(written), replayed=False, new=len(profits) - len(known))
        if noted is not None:
            noted(connection, receipt)
        return receipt


def settled_profits(db: sa.Engine, agreement: Agreement) -> dict[tuple[date, date], int]:
    """The profits that are settled under the agreement's name, by the first and last day of each. Raises StoreError."""
    with reading(db) as connection:
        latest = sa.select(settlements.c.profits).where(settlements.c.agreement == agreement.name)
        found = connection.scalar(latest.order_by(settlements.c.number.desc()).limit(1))
    return {
        (date.fromisoformat(first), date.fromisoformat(last)): to_units(
            profit, agreement.digits, f"the profit of {first}"
        )
        for first, last, profit in json.loads(found or "[]")
    }


def _transfers(settlement: Settlement, new: int, settlement_id: str) -> list[Transfer]:
    agreement = settlement.agreement
    first, last = settlement.periods[-new].profit.period, settlement.periods[-1].profit.period
    return [
        Transfer(
            id=f"settlement:{settlement_id}:{party.id}",
            kind=TransferKind.SETTLEMENT,
            debit=f"distribution:{party.id}",
            credit=f"payable:{party.id}",
            amount=units * 10 ** (NANO_DIGITS - agreement.digits),
            currency=agreement.currency,
            reference=settlement_id,
            memo=f"{agreement.name}: {first.label} to {last.label}",
        )
        for party, units in zip(agreement.parties, due(settlement, new), strict=True)
        if units
    ]


def _check_same(settlement: Settlement, last: sa.Row[Any], known: list[tuple[str, ...]]) -> None:
    """Refuse what contradicts the recorded settlement `last`, whose periods are `known`."""
    name = settlement.agreement.name
    if last.terms != terms_id(settlement.agreement):
        raise SettlementError(
            f"the agreement {name!r} has changed since it was last settled; "
            "settle with the agreement as it was, or give the changed one a new `name`"
        )
    for recorded, given in zip(known, profits_of(settlement), strict=False):
        if recorded == given:
            continue
        first, end, profit = recorded
        if recorded[:2] == given[:2]:
            raise SettlementError(
                f"the period {first}..{end} is already settled under {name!r}, with a profit of {profit}, "
                f"not {given[2]}; a settled period stays: book the difference in a later one"
            )
        raise SettlementError(
            f"under {name!r}, the period {first}..{end} is settled at this place, not {given[0]}..{given[1]}; "
            "begin with all periods that are settled, and add the new ones after them"
        )


def _recorded(row: sa.Row[Any]) -> Recorded:
    return Recorded(
        id=row.id,
        agreement=row.agreement,
        number=row.number,
        currency=row.currency,
        recorded=row.recorded,
        result=json.loads(row.result),
    )
