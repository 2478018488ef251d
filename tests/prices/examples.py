"""Prices that tests share."""

from pleiade.domain.model import ModelKind
from pleiade.domain.price import Price, Rate, RateKind
from pleiade.prices.catalogue import Offer

MILLION = 1_000_000


def price(storefront: str = "openai", model: str = "m", effective: int = 0, version: int = 1, **amounts: str) -> Price:
    """A price with these amounts: of tokens per million, of everything else per one."""
    rates = []
    for name, amount in amounts.items():
        kind = RateKind(name)
        tokens = kind in (RateKind.INPUT, RateKind.CACHED_INPUT, RateKind.OUTPUT, RateKind.REASONING)
        rates.append(Rate(kind=kind, amount=amount, per=MILLION if tokens else 1))
    return Price(
        id=f"price_{storefront}_{model}_{version}",
        storefront=storefront,
        model=model,
        currency="USD",
        effective=effective,
        rates=tuple(rates),
        version=version,
    )


TOKENS = (Rate(kind=RateKind.INPUT, amount="0.15", per=10**6), Rate(kind=RateKind.OUTPUT, amount="0.60", per=10**6))


def offer(
    *rates: Rate,
    model: str = "m",
    storefront: str = "openai",
    currency: str = "USD",
    effective: int = 0,
    free: bool = False,
) -> Offer:
    return Offer(
        storefront=storefront,
        model=model,
        currency=currency,
        rates=rates or TOKENS,
        effective=effective,
        free=free,
        kind=ModelKind.TEXT,
    )


def tokens(input: str, output: str) -> tuple[Rate, Rate]:
    return Rate(kind=RateKind.INPUT, amount=input, per=10**6), Rate(kind=RateKind.OUTPUT, amount=output, per=10**6)
