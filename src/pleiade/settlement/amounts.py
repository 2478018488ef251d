"""Exact numbers: decimal strings outside, whole smallest units (say cents) inside. No float on the way."""

import re
from fractions import Fraction

from pleiade.settlement.errors import SettlementError

# A quadrillion of the largest unit: beyond what any currency's economy earns, and short enough to print.
LARGEST = 10**18
MAX_CHARACTERS = 60
MAX_EXPONENT = 30
_DECIMAL = re.compile(r"[+-]?(\d+(_\d+)*)?(\.\d+)?([eE][+-]?\d{1,6})?", re.ASCII)
_FRACTION = re.compile(r"\d+/\d+", re.ASCII)


def exact(text: str, what: str) -> Fraction:
    """The number that `text` writes: "1250.75", "1e9" or, for shares that no decimal can say, "1/3".

    Raises SettlementError, naming `what`, for anything else: NaN, infinity, 1e999, signs of currency, words.
    """
    plain = text.strip()
    if len(plain) > MAX_CHARACTERS:
        raise SettlementError(f"{what} has {len(plain)} characters; write at most {MAX_CHARACTERS}")
    if _FRACTION.fullmatch(plain):
        above, below = (int(part) for part in plain.split("/"))
        if below == 0:
            raise SettlementError(f"{what} is {plain}: nothing can be divided by zero")
        return Fraction(above, below)
    if not (_DECIMAL.fullmatch(plain) and any(character.isdigit() for character in plain.lower().split("e")[0])):
        raise SettlementError(f"{what} is {text!r}, which is no number; write digits and a point, say 1250.75")
    plain = plain.replace("_", "")
    exponent = plain.lower().partition("e")[2]
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        raise SettlementError(f"{what} is {plain}: out of all measure; write it without an exponent")
    return Fraction(plain)


def to_units(text: str, digits: int, what: str) -> int:
    """The amount in smallest units of 10^-`digits`; raises SettlementError where it is finer than these, or absurd."""
    amount = exact(text, what)
    if abs(amount) > LARGEST:
        raise SettlementError(f"{what} is {text}: more than {LARGEST:,}; check its digits")
    units = amount * 10**digits
    if units.denominator != 1:
        raise SettlementError(
            f"{what} is {text}, finer than the smallest unit {decimal(1, digits)}; round it, or set a smaller `unit`"
        )
    return int(units)


def decimal(units: int, digits: int) -> str:
    """Smallest units as a decimal string: decimal(-1234, 2) is "-12.34"."""
    whole, rest = divmod(abs(units), 10**digits)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{rest:0{digits}}" if digits else f"{sign}{whole}"


def grouped(units: int, digits: int) -> str:
    """As `decimal`, with the thousands set apart for people: "13,000,000,000.00"."""
    whole, point, rest = decimal(units, digits).partition(".")
    return f"{int(whole):,}{point}{rest}" if int(whole) else f"{whole}{point}{rest}"


def percent(share: Fraction) -> str:
    """A share for people: "75 %", "0.5 %", and "1/3" where no decimal says it."""
    hundred = share * 100
    below = hundred.denominator
    for prime in (2, 5):
        while below % prime == 0:
            below //= prime
    return f"{plain(hundred)} %" if below == 1 else str(share)


def plain(number: Fraction) -> str:
    """A number as its shortest decimal, "0.4"; as a fraction, "1/3", where it has none."""
    digits = 0
    while digits < MAX_EXPONENT * 2 and (number * 10**digits).denominator != 1:
        digits += 1
    scaled = number * 10**digits
    return decimal(int(scaled), digits) if scaled.denominator == 1 else str(number)
