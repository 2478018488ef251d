"""Recording settlements, once each: every one goes on from the one before. The only file here that knows the store."""

import json
import time
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.settlement.document import profits_of, settlement_document, settlement_id, terms_id
from pleiade.settlement.errors import SettlementError
from pleiade.settlement.settling import Settlement
from pleiade.store import reading, unit_of_work
from pleiade.store.settlements import settlements

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


def record(db: sa.Engine, settlement: Settlement) -> Receipt:
    """Put `settlement` in the books. Replaying one that is there changes nothing and answers with it.

    A settlement goes on from the recorded one of the same agreement: it repeats that one's periods and adds some.
    Raises SettlementError where it contradicts what is recorded (another profit for a period, other terms);
    StoreError where the database fails.
    """
    for _ in range(RACES):
        try:
            return _record(db, settlement)
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


def _record(db: sa.Engine, settlement: Settlement) -> Receipt:
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
        written = connection.execute(sa.select(settlements).where(settlements.c.id == row["id"])).one()
        return Receipt(recorded=_recorded(written), replayed=False, new=len(profits) - len(known))


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
