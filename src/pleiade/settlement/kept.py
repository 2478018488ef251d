"""Agreements as the house keeps them, and which organisations look on as one of their parties."""

import secrets
import time
from collections.abc import Callable, Mapping

import msgspec
import sqlalchemy as sa

from pleiade.settlement.agreement import Agreement
from pleiade.settlement.document import terms_id
from pleiade.settlement.errors import SettlementError
from pleiade.settlement.reading import parse_agreement
from pleiade.store import reading, unit_of_work
from pleiade.store.agreements import agreement_partners, agreements
from pleiade.store.settlements import settlements

LONGEST = 100_000  # characters of an agreement's text


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement in the database."""

    id: str  # "agr_…"
    name: str
    document: str  # TOML
    partners: dict[str, str]  # party → the organisation that looks on as it
    created: int  # Unix seconds, as the next
    changed: int

    def agreement(self, assumed: Mapping[str, str] | None = None) -> Agreement:
        """What it says, with other values for its assumptions where `assumed` has them. Raises SettlementError."""
        return parse_agreement(self.document, assumed)


def keep(
    db: sa.Engine, document: str, partners: Mapping[str, str], noted: Callable[[sa.Connection, Kept], None]
) -> Kept:
    """Keep a new agreement. `noted` is called at the end of the transaction. Raises SettlementError, StoreError."""
    agreement = _checked(document, partners)
    now = int(time.time())
    kept = Kept(
        id=f"agr_{secrets.token_hex(12)}",
        name=agreement.name,
        document=document,
        partners=dict(partners),
        created=now,
        changed=now,
    )
    try:
        with unit_of_work(db) as connection:
            _check_terms(connection, agreement)
            row = {"id": kept.id, "name": kept.name, "document": document, "created": now, "changed": now}
            connection.execute(sa.insert(agreements).values(row))
            _write_partners(connection, kept)
            noted(connection, kept)
    except sa.exc.IntegrityError as error:
        raise _named_already(agreement.name) from error
    return kept


def change(
    db: sa.Engine,
    agreement_id: str,
    *,
    document: str | None,
    partners: Mapping[str, str] | None,
    noted: Callable[[sa.Connection, Kept], None],
) -> Kept | None:
    """Change the text or who looks on (None leaves it); None where there is no such agreement.

    Raises SettlementError where periods are settled under the terms as they were: those stay, and a changed agreement
    has a name of its own.
    """
    try:
        with unit_of_work(db) as connection:
            before = _read(connection, agreements.c.id == agreement_id)
            if not before:
                return None
            kept = msgspec.structs.replace(
                before[0],
                document=before[0].document if document is None else document,
                partners=before[0].partners if partners is None else dict(partners),
                changed=int(time.time()),
            )
            agreement = _checked(kept.document, kept.partners)
            kept = msgspec.structs.replace(kept, name=agreement.name)
            if agreement.name != before[0].name:
                _refuse_settled(connection, before[0].name, "keeps its name")
            _check_terms(connection, agreement)
            row = {"name": kept.name, "document": kept.document, "changed": kept.changed}
            connection.execute(sa.update(agreements).where(agreements.c.id == agreement_id).values(row))
            connection.execute(sa.delete(agreement_partners).where(agreement_partners.c.agreement == agreement_id))
            _write_partners(connection, kept)
            noted(connection, kept)
    except sa.exc.IntegrityError as error:
        raise _named_already(agreement.name) from error
    return kept


def forget(db: sa.Engine, agreement_id: str, noted: Callable[[sa.Connection, Kept], None]) -> Kept | None:
    """Delete an agreement under which nothing is settled. None where there is none; raises SettlementError."""
    with unit_of_work(db) as connection:
        found = _read(connection, agreements.c.id == agreement_id)
        if not found:
            return None
        _refuse_settled(connection, found[0].name, "stays")
        connection.execute(sa.delete(agreement_partners).where(agreement_partners.c.agreement == agreement_id))
        connection.execute(sa.delete(agreements).where(agreements.c.id == agreement_id))
        noted(connection, found[0])
    return found[0]


def list_kept(db: sa.Engine, organisation: str = "") -> list[Kept]:
    """All agreements by name; of `organisation` only, where it is said: those in which it is a party. StoreError."""
    mine = sa.select(agreement_partners.c.agreement).where(agreement_partners.c.organisation == organisation)
    with reading(db) as connection:
        return _read(connection, agreements.c.id.in_(mine) if organisation else sa.true())


def get_kept(db: sa.Engine, agreement_id: str) -> Kept | None:
    """The agreement with that id; None where there is none. Raises StoreError."""
    with reading(db) as connection:
        found = _read(connection, agreements.c.id == agreement_id)
    return found[0] if found else None


def _read(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Kept]:
    rows = connection.execute(sa.select(agreements).where(where).order_by(agreements.c.name)).all()
    partners: dict[str, dict[str, str]] = {row.id: {} for row in rows}
    looking = sa.select(agreement_partners).where(agreement_partners.c.agreement.in_(partners))
    for row in connection.execute(looking.order_by(agreement_partners.c.party)):
        partners[row.agreement][row.party] = row.organisation
    return [
        Kept(
            id=row.id,
            name=row.name,
            document=row.document,
            partners=partners[row.id],
            created=row.created,
            changed=row.changed,
        )
        for row in rows
    ]


def _checked(document: str, partners: Mapping[str, str]) -> Agreement:
    if len(document) > LONGEST:
        raise SettlementError(f"the agreement has {len(document)} characters; {LONGEST} are the most")
    agreement = parse_agreement(document)
    parties = [party.id for party in agreement.parties]
    for party in partners:
        if party not in parties:
            raise SettlementError(f"{party!r} is to look on, but is no party; the parties are {', '.join(parties)}")
    return agreement


def _check_terms(connection: sa.Connection, agreement: Agreement) -> None:
    """What is settled under a name, is settled under these terms."""
    query = sa.select(settlements.c.terms).where(settlements.c.agreement == agreement.name).limit(1)
    terms = connection.scalar(query)
    if terms is not None and terms != terms_id(agreement):
        raise SettlementError(
            f"periods are settled under the name {agreement.name!r} by other terms; give the changed agreement another "
            "`name`"
        )


def _refuse_settled(connection: sa.Connection, name: str, what: str) -> None:
    if connection.scalar(sa.select(settlements.c.id).where(settlements.c.agreement == name).limit(1)) is not None:
        raise SettlementError(f"periods are settled under {name!r}: it {what}; keep another agreement beside it")


def _write_partners(connection: sa.Connection, kept: Kept) -> None:
    rows = [
        {"agreement": kept.id, "party": party, "organisation": organisation}
        for party, organisation in kept.partners.items()
    ]
    if rows:
        connection.execute(sa.insert(agreement_partners), rows)


def _named_already(name: str) -> SettlementError:
    return SettlementError(f"another agreement is called {name!r}; change that one, or choose another `name`")
