"""What a call costs: exact to the end, then rounded once, half to even, to 10^-9 of the currency.

Each token is billed once. Cached tokens are part of the prompt and reasoning tokens part of the completion; a price
that has no rate for such a part bills it at the rate of the whole. Nothing else is ever taken for something else, nor
for zero.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm

from pleiade.domain.price import NANO, Price, Rate, RateKind
from pleiade.domain.usage import Usage
from pleiade.prices.errors import UnpricedError

# A part without a rate of its own costs what the whole costs.
WHOLE = {RateKind.CACHED_INPUT: RateKind.INPUT, RateKind.REASONING: RateKind.OUTPUT}


def cost(price: Price, usage: Usage, *, size: str = "", quality: str = "") -> int:
    """What a call with `usage` costs at `price`, in 10^-9 currency units (`size` and `quality`: of its images).

    A call that used nothing costs nothing. Raises UnpricedError where a kind that was used has no rate.
    """
    weights, denominator = _weights(price, size, quality)
    total = 0
    for kind, quantity in billed(usage).items():
        weight = weights.get(kind)
        if weight is not None:
            total += quantity * weight
        elif kind is not RateKind.CALL:  # a fee for each call is an extra: most prices have none
            raise _unpriced(price, kind, size, quality)
    return _half_even(total, denominator)


def billed(usage: Usage) -> dict[RateKind, int]:
    """Quantities by the kind that they are billed as, zeros left out; every token stands in one of them.

    An engine that counts more cached than prompt tokens, or more reasoning than completion tokens, is not followed.
    """
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    reasoning = min(usage.reasoning_tokens, usage.completion_tokens)
    counted = {
        RateKind.INPUT: usage.prompt_tokens - cached,
        RateKind.CACHED_INPUT: cached,
        RateKind.OUTPUT: usage.completion_tokens - reasoning,
        RateKind.REASONING: reasoning,
        RateKind.IMAGE: usage.images,
        RateKind.AUDIO: usage.audio,
    }
    used = {kind: quantity for kind, quantity in counted.items() if quantity > 0}
    return {**used, RateKind.CALL: 1} if used else {}


def charge(price: Price, quantities: Mapping[RateKind, int | Decimal | Fraction]) -> int:
    """What `quantities` cost together (hours of capacity, tokens of a fine-tune), in 10^-9 currency units.

    Rounded once. Raises UnpricedError where one has no rate, ValueError where one is negative.
    """
    total = sum((exact(price, kind, quantity) for kind, quantity in quantities.items()), Fraction(0))
    return _half_even(total.numerator, total.denominator)


def exact(
    price: Price, kind: RateKind, quantity: int | Decimal | Fraction, *, size: str = "", quality: str = ""
) -> Fraction:
    """What `quantity` of one kind costs, unrounded, in 10^-9 currency units. Raises UnpricedError, ValueError."""
    if quantity < 0:
        raise ValueError(f"a negative quantity of {kind} cannot be billed: {quantity}")
    rate = rate_of(price, kind, size=size, quality=quality)
    if rate is None:
        if not quantity:
            return Fraction(0)
        raise _unpriced(price, kind, size, quality)
    return Fraction(quantity) * _nano_per_unit(rate)


def rate_of(price: Price, kind: RateKind, *, size: str = "", quality: str = "") -> Rate | None:
    """The rate that `kind` is billed at; None if it has no price.

    Of several rates for images, the one that names size and quality goes before one that names the size, this
    before one that names the quality, and this before one that names neither.
    """
    found = {(rate.size, rate.quality): rate for rate in price.rates if rate.kind is kind}
    for wanted in ((size, quality), (size, ""), ("", quality), ("", "")):
        if wanted in found:
            return found[wanted]
    return rate_of(price, WHOLE[kind]) if kind in WHOLE else None


def half_even(value: Fraction) -> int:
    """The nearest integer; of two that are as near, the even one."""
    return _half_even(value.numerator, value.denominator)


@lru_cache(maxsize=4096)
def _weights(price: Price, size: str, quality: str) -> tuple[dict[RateKind, int], int]:
    """Nano per unit of each kind as integers over one denominator: a call is then a few multiplications."""
    rates = {kind: rate_of(price, kind, size=size, quality=quality) for kind in RateKind}
    fractions = {kind: _nano_per_unit(rate) for kind, rate in rates.items() if rate is not None}
    denominator = lcm(*(fraction.denominator for fraction in fractions.values()))
    return {kind: int(fraction * denominator) for kind, fraction in fractions.items()}, denominator


def _nano_per_unit(rate: Rate) -> Fraction:
    return Fraction(rate.amount) * NANO / rate.per


def _half_even(numerator: int, denominator: int) -> int:
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return whole + 1 if twice > denominator or (twice == denominator and whole % 2) else whole


def _unpriced(price: Price, kind: RateKind, size: str, quality: str) -> UnpricedError:
    what = " ".join(word for word in (kind.value, size, quality) if word)
    return UnpricedError(
        f"{price.model} has no price for {what} in the storefront {price.storefront} (price {price.id}, version "
        f"{price.version}): set one with `pleiade price set {price.model} --storefront {price.storefront} …`"
    )
