"""The terms that organisations have agreed to, kept by version; the last one that has begun holds."""

import time

import msgspec
import sqlalchemy as sa

from pleiade.domain.tenants import Actor
from pleiade.invoices.acts import note
from pleiade.invoices.errors import InvoiceError
from pleiade.invoices.organisations import organisation_of
from pleiade.prices.terms import Terms
from pleiade.store import reading, unit_of_work
from pleiade.store.invoices import terms


def agree(db: sa.Engine, organisation: str, agreed: Terms, *, actor: Actor) -> int:
    """Keep terms as the next version, for months from their first on that are not final yet. Returns the version.

    Raises InvoiceError where they are in another currency than the organisation pays in: they would never apply.
    """
    try:
        with unit_of_work(db) as connection:
            if (currency := organisation_of(connection, organisation).currency) != agreed.currency:
                raise InvoiceError(
                    f"{organisation} pays in {currency}, and terms in {agreed.currency} would never apply: write them "
                    f"in {currency}, or change the organisation's currency (pleiade org update)"
                )
            last = connection.scalar(
                sa.select(sa.func.max(terms.c.version)).where(terms.c.organisation == organisation)
            )
            row = {
                "organisation": organisation,
                "version": (last or 0) + 1,
                "start": agreed.start,
                "document": msgspec.json.encode(agreed).decode(),
                "created": int(time.time()),
            }
            connection.execute(sa.insert(terms).values(row))
            note(connection, actor, "terms.agreed", organisation, organisation, version=str(row["version"]))
    except sa.exc.IntegrityError as error:
        raise InvoiceError("somebody else changed the terms at the same moment: look at them and try again") from error
    return (last or 0) + 1


def terms_of(connection: sa.Connection, organisation: str, period: str) -> Terms | None:
    """What holds in a month; None if nothing was agreed."""
    query = (
        sa.select(terms.c.document)
        .where(terms.c.organisation == organisation, terms.c.start <= period)
        .order_by(terms.c.version.desc())
        .limit(1)
    )
    document = connection.scalar(query)
    return None if document is None else msgspec.json.decode(document, type=Terms)


def subscribers(connection: sa.Connection, period: str) -> set[str]:
    """Organisations that have a plan in a month: they pay whether or not they call."""
    agreed = connection.scalars(sa.select(terms.c.organisation).where(terms.c.start <= period).distinct())
    found = {organisation: terms_of(connection, organisation, period) for organisation in agreed}
    return {organisation for organisation, its in found.items() if its is not None and its.plan is not None}


def every_version(db: sa.Engine, organisation: str) -> list[tuple[int, Terms]]:
    """All that was ever agreed, with its version."""
    query = sa.select(terms).where(terms.c.organisation == organisation).order_by(terms.c.version)
    with reading(db) as connection:
        return [(row.version, msgspec.json.decode(row.document, type=Terms)) for row in connection.execute(query)]
