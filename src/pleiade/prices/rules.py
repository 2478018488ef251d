"""What a price must be before it is written: every problem is found at once, and each is told with its cure."""

import re

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.model import ModelKind
from pleiade.domain.price import STOREFRONTS, Price, Rate, RateKind

MAX_PER = 10**12
MAX_NAME = 256
MAX_TIME = 253_402_300_799  # the last second of 9999
# At most 9 digits before the point and 18 after it: sums stay far inside of 64 bits, fractions stay exact.
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,18})?")

_REQUIRED = {
    ModelKind.TEXT: (RateKind.INPUT, RateKind.OUTPUT),
    ModelKind.EMBEDDING: (RateKind.INPUT,),
    ModelKind.REWARD: (RateKind.INPUT,),
    ModelKind.IMAGE: (RateKind.IMAGE,),
    ModelKind.MODERATION: (),  # nobody sells safety: free unless a price says otherwise
}


def required_kinds(kind: ModelKind) -> tuple[RateKind, ...]:
    """What a call to a model of that kind may use: its price must have a rate for each."""
    return _REQUIRED[kind]


def missing_rates(price: Price, kind: ModelKind) -> list[RateKind]:
    """What a call to a model of that kind may use, and the price has no rate for."""
    named = {rate.kind for rate in price.rates}
    return [needed for needed in _REQUIRED[kind] if needed not in named]


def problems_of(price: Price, kind: ModelKind | None) -> list[str]:
    """All that is wrong with a price of a model of that kind (None: not known); empty if it can be written."""
    problems = []
    if price.storefront not in STOREFRONTS:
        problems.append(f"there is no storefront {price.storefront!r}: say {' or '.join(STOREFRONTS)}")
    if not 0 < len(price.model) <= MAX_NAME or "\x00" in price.model:
        problems.append(f"a price needs the id of a model, of 1 to {MAX_NAME} characters")
    if not 0 <= price.effective <= MAX_TIME:
        problems.append("its date lies before 1970 or after 9999: write another one")
    problems += currency_problems(price.currency)
    if not price.rates:
        problems.append("a price needs rates, say --input and --output")
    for rate in price.rates:
        problems += _rate_problems(rate, free=price.free)
    problems += _doubles(price.rates)
    if kind is not None and (missing := missing_rates(price, kind)):
        problems.append(
            f"{price.model} is a model for {kind.value}: its price needs a rate for {' and '.join(missing)} "
            f"({' '.join(f'--{needed} AMOUNT' for needed in missing)}); what is free is said with 0 and --free"
        )
    if price.free and price.rates and not any(_is_zero(rate.amount) for rate in price.rates):
        problems.append("--free says that rates of zero are meant, but none is zero: leave it out")
    return problems


def currency_problems(currency: str) -> list[str]:
    """What is wrong with a code of a currency; empty if it is one of ISO 4217."""
    if currency in CURRENCIES:
        return []
    near = currency.upper() if currency.upper() in CURRENCIES else "USD or EUR, say"
    return [f"{currency!r} is no currency's code of ISO 4217: write {near}"]


def amount_problem(amount: str, what: str) -> str:
    """What is wrong with a decimal amount; "" if nothing."""
    if _AMOUNT.fullmatch(amount):
        return ""
    if amount.startswith("-"):
        return f"{what}: {amount} is negative; who gives money back uses discounts or credits"
    return f"{what}: {amount!r} is not an amount: write digits and a point, say 0.15 (9 digits before it, 18 after)"


def _rate_problems(rate: Rate, *, free: bool) -> list[str]:
    problems = []
    if problem := amount_problem(rate.amount, rate.kind.value):
        problems.append(problem)
    elif _is_zero(rate.amount) and not free:
        problems.append(f"{rate.kind.value} would cost nothing: say --free (free = true) if that is meant")
    if not 1 <= rate.per <= MAX_PER:
        problems.append(f"{rate.kind.value} per {rate.per}: say 1, 1K or 1M")
    if (rate.size or rate.quality) and rate.kind is not RateKind.IMAGE:
        problems.append(f"{rate.kind.value} has no size and no quality: only images have")
    return problems


def _doubles(rates: tuple[Rate, ...]) -> list[str]:
    seen: set[tuple[str, str, str]] = set()
    problems = []
    for rate in rates:
        key = (rate.kind.value, rate.size, rate.quality)
        if key in seen:
            problems.append(f"{' '.join(word for word in key if word)} has two rates: leave one")
        seen.add(key)
    return problems


def _is_zero(amount: str) -> bool:
    return not amount.strip("0.")
