"""The price lists in the database: a new version is added, nothing is ever changed or removed."""

import secrets
import time
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pleiade.domain.model import ModelKind
from pleiade.domain.price import Price, Rate
from pleiade.domain.tenants import DEFAULT_ORGANISATION, OPERATOR, Actor
from pleiade.prices.book import PriceBook
from pleiade.prices.errors import PriceError
from pleiade.prices.rules import problems_of
from pleiade.store import bump_version, reading, unit_of_work, version_of
from pleiade.store.prices import prices
from pleiade.store.tables import deployment_names, deployments, models
from pleiade.tenancy.audit import append

VERSION = "prices"  # the counter that readers poll
_CLOCKS_S = 300  # a date so little in the past is a slow clock or a slow person, not a price for what was sold


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A price to be written: what a person or a price list says."""

    storefront: str
    model: str
    currency: str
    rates: tuple[Rate, ...]
    effective: int = 0  # Unix seconds; 0 = now
    free: bool = False
    kind: ModelKind | None = None  # of a model that is not registered


def set_price(db: sa.Engine, offer: Offer, *, actor: Actor = OPERATOR) -> Price:
    """Write one price as the next version, from its date on. Raises PriceError with all that is wrong with it."""
    (price,), _ = apply_prices(db, [offer], actor=actor)
    return price


def apply_prices(
    db: sa.Engine, offers: Sequence[Offer], *, actor: Actor = OPERATOR, now: int = 0
) -> tuple[list[Price], int]:
    """Write several prices, or none of them: the prices now in the book, and how many of them are new.

    An offer that says what is in force at its date already adds no version: a list may be applied again and again.
    Raises PriceError with all problems of all offers.
    """
    now = now or int(time.time())
    try:
        with unit_of_work(db) as connection:
            kinds = {row.id: ModelKind(row.kind) for row in connection.execute(sa.select(models.c.id, models.c.kind))}
            there = book_in(connection)
            written, problems = [], _twice(offers)
            for offer in offers:
                price, found = _judged(offer, there, kinds.get(offer.model, offer.kind), now)
                if offer.model not in kinds and (model := _deployed(connection, offer.model)):
                    found = [f"that is a deployment; a price is set for its model, {model}"]
                problems += [f"{offer.storefront} {offer.model}: {problem}" for problem in found]
                written.append(price)
            if problems:
                raise PriceError("\n  ".join(["nothing was written:", *problems] if len(problems) > 1 else problems))
            fresh = [price for price in written if there.get(price.id) is None]
            if fresh:
                connection.execute(sa.insert(prices), [_row(price) for price in fresh])
                bump_version(connection, VERSION)
            for price in fresh:
                said = {"storefront": price.storefront, "model": price.model, "version": str(price.version)}
                details = {"id": price.id, "data": said}
                append(connection, actor=actor, type="price.set", organisation=DEFAULT_ORGANISATION, details=details)
    except sa.exc.IntegrityError as error:
        raise PriceError("somebody else set a price at the same moment: look at it and try again") from error
    return written, len(fresh)


def book(db: sa.Engine) -> PriceBook:
    """All prices, to be kept in memory while `version` stays the same."""
    with reading(db) as connection:
        return book_in(connection)


def book_in(connection: sa.Connection) -> PriceBook:
    """`book` within a transaction that does more."""
    return PriceBook(_all(connection))


def history(db: sa.Engine, model: str = "", storefront: str = "") -> list[Price]:
    """Every version that was ever set, by storefront, model and version."""
    with reading(db) as connection:
        return [
            price
            for price in _all(connection)
            if (not model or price.model == model) and (not storefront or price.storefront == storefront)
        ]


def version(db: sa.Engine) -> int:
    """Grows with every price that is set: who keeps a PriceBook polls this."""
    return version_of(db, VERSION)


def _judged(offer: Offer, there: PriceBook, kind: ModelKind | None, now: int) -> tuple[Price, list[str]]:
    """The price that an offer makes (or the one that says the same already), and what is wrong with it."""
    versions = there.versions(offer.storefront, offer.model)
    effective = offer.effective or now
    price = Price(
        id=f"price_{secrets.token_hex(12)}",
        storefront=offer.storefront,
        model=offer.model,
        currency=offer.currency,
        effective=effective,
        rates=offer.rates,
        free=offer.free,
        version=versions[0].version + 1 if versions else 1,
        created=now,
    )
    problems = problems_of(price, kind)
    if kind is None and not versions:
        problems.append(
            "no such model is registered (pleiade model list); to price one that will come, say what it makes: "
            f"--kind {'|'.join(kind.value for kind in ModelKind)}"
        )
    if versions and versions[0].currency != offer.currency:
        problems.append(
            f"its price is in {versions[0].currency}: a price in two currencies cannot be billed. Keep "
            f"{versions[0].currency}, or register the model under another id for {offer.currency}"
        )
    in_force = there.find(offer.storefront, offer.model, effective)
    if in_force is not None and _says(in_force) == _says(price) and in_force is versions[0]:
        return in_force, problems
    if versions and effective < now - _CLOCKS_S:
        problems.append("its date is past, and what was sold since is booked: say a date to come, or none for now")
    return price, problems


def _deployed(connection: sa.Connection, name: str) -> str:
    """The model that a deployment of that name (or alias) makes callable; "" if there is none."""
    query = (
        sa.select(deployments.c.model)
        .join_from(deployments, deployment_names, deployment_names.c.deployment == deployments.c.name)
        .where(deployment_names.c.name == name)
    )
    return connection.scalar(query) or ""


def _says(price: Price) -> tuple[str, bool, frozenset[Rate]]:
    return price.currency, price.free, frozenset(price.rates)


def _twice(offers: Sequence[Offer]) -> list[str]:
    seen: set[tuple[str, str]] = set()
    problems = []
    for offer in offers:
        key = (offer.storefront, offer.model)
        if key in seen:
            problems.append(f"{offer.storefront} {offer.model}: the list has two prices for it: leave one")
        seen.add(key)
    return problems


def _all(connection: sa.Connection) -> list[Price]:
    rows = connection.execute(sa.select(prices).order_by(prices.c.storefront, prices.c.model, prices.c.version))
    return [msgspec.convert({str(name): value for name, value in row._mapping.items()}, Price) for row in rows]


def _row(price: Price) -> dict[str, object]:
    return {**msgspec.structs.asdict(price), "rates": msgspec.to_builtins(price.rates)}
