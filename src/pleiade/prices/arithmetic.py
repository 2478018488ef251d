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

from pleiade.domain.price import NANO, SAME_QUALITY, Price, Rate, RateKind
from pleiade.domain.usage import Usage
from pleiade.prices.errors import UnpricedError

_COUNTED = (
    RateKind.INPUT,
    RateKind.CACHED_INPUT,
    RateKind.OUTPUT,
    RateKind.REASONING,
    RateKind.IMAGE,
    RateKind.AUDIO,
)
# A part without a rate of its own costs what the whole costs.
WHOLE = {RateKind.CACHED_INPUT: RateKind.INPUT, RateKind.REASONING: RateKind.OUTPUT}


def cost(price: Price, usage: Usage, *, size: str = "", quality: str = "") -> int:
    """What a call with `usage` costs at `price`, in 10^-9 currency units (`size` and `quality`: of its images).

    A call that used nothing costs nothing. Raises UnpricedError where a kind that was used has no rate.
    """
    denominator, fee, weights = _weights(price, size, quality)
    total, used = 0, False
    for quantity, weight in zip(_counts(usage), weights, strict=True):
        if quantity > 0:
            if weight is None:
                raise _unpriced_usage(price, usage, size, quality)
            total += quantity * weight
            used = True
    return _half_even(total + fee, denominator) if used else 0


def billed(usage: Usage) -> dict[RateKind, int]:
    """Quantities by the kind that they are billed as, zeros left out; every token stands in one of them.

    An engine that counts more cached than prompt tokens, or more reasoning than completion tokens, is not followed.
    """
    used = {kind: quantity for kind, quantity in zip(_COUNTED, _counts(usage), strict=True) if quantity > 0}
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
    before one that names the quality, and this before one that names neither. A quality counts as named where another
    word for it is ("hd" and "high"): callers choose between these, and must not find a cheaper one.
    """
    rates = [rate for rate in price.rates if rate.kind is kind]
    found = {(rate.size, _same(rate.quality)): rate for rate in rates}
    found |= {(rate.size, rate.quality): rate for rate in rates}
    same = _same(quality)
    for wanted in ((size, quality), (size, same), (size, ""), ("", quality), ("", same), ("", "")):
        if wanted in found:
            return found[wanted]
    return rate_of(price, WHOLE[kind]) if kind in WHOLE else None


def half_even(value: Fraction) -> int:
    """The nearest integer; of two that are as near, the even one."""
    return _half_even(value.numerator, value.denominator)


def _same(quality: str) -> str:
    return SAME_QUALITY.get(quality, quality)


def _counts(usage: Usage) -> tuple[int, int, int, int, int, int]:
    """Quantities in the order of _COUNTED."""
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    reasoning = min(usage.reasoning_tokens, usage.completion_tokens)
    fresh, said = usage.prompt_tokens - cached, usage.completion_tokens - reasoning
    return fresh, cached, said, reasoning, usage.images, usage.audio


@lru_cache(maxsize=4096)
def _weights(price: Price, size: str, quality: str) -> tuple[int, int, tuple[int | None, ...]]:
    """A denominator, and over it as integers: the fee of a call, and the nano per unit of each kind in _COUNTED.

    A call is then a few multiplications, for the gateway does one for each of its marks.
    """
    rates = [rate_of(price, kind, size=size, quality=quality) for kind in (RateKind.CALL, *_COUNTED)]
    nano = [None if rate is None else _nano_per_unit(rate) for rate in rates]
    denominator = lcm(*(value.denominator for value in nano if value is not None))
    fee, *weights = (None if value is None else int(value * denominator) for value in nano)
    return denominator, fee or 0, tuple(weights)  # a fee for each call is an extra: most prices have none


def _nano_per_unit(rate: Rate) -> Fraction:
    return Fraction(rate.amount) * NANO / rate.per


def _half_even(numerator: int, denominator: int) -> int:
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return whole + 1 if twice > denominator or (twice == denominator and whole % 2) else whole


def _unpriced_usage(price: Price, usage: Usage, size: str, quality: str) -> UnpricedError:
    """About the first kind that was used and has no rate."""
    used = [kind for kind in billed(usage) if rate_of(price, kind, size=size, quality=quality) is None]
    return _unpriced(price, used[0], size, quality)


def _unpriced(price: Price, kind: RateKind, size: str, quality: str) -> UnpricedError:
    what = " ".join(word for word in (kind.value, size, quality) if word)
    return UnpricedError(
        f"{price.model} has no price for {what} in the storefront {price.storefront} (price {price.id}, version "
        f"{price.version}): set one with `pleiade price set {price.model} --storefront {price.storefront} …`"
    )
