"""Prices that tests share."""

from pleiade.domain.price import Price, Rate, RateKind

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
