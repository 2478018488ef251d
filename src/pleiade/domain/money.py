"""Money: integers of 10^-9 currency units ("nano") inside, decimal strings outside."""

from fractions import Fraction

from pleiade.domain.price import NANO


def decimal(nano: int, digits: int = 0) -> str:
    """As a plain decimal, exact, with at least `digits` after the point: decimal(-1_500_000_000, 2) is "-1.50"."""
    whole, part = divmod(abs(nano), NANO)
    after = f"{part:09}".rstrip("0").ljust(digits, "0")
    return f"{'-' if nano < 0 else ''}{whole}{'.' if after else ''}{after}"


def nano(text: str) -> int:
    """The nano of a plain decimal. Raises ValueError for what is none, or finer than 10^-9."""
    amount = Fraction(text) * NANO
    if amount.denominator != 1:
        raise ValueError(f"{text} is finer than 10^-9")
    return amount.numerator


def minor_unit(digits: int) -> int:
    """What the smallest amount that can be paid is, in nano, in a currency with so many decimals."""
    return int(NANO // 10**digits)
