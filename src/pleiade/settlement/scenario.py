"""What if profits grow by so much a year: the same waterfall, years ahead."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

import msgspec

from pleiade.settlement.agreement import Agreement
from pleiade.settlement.amounts import LARGEST, exact, plain
from pleiade.settlement.errors import SettlementError
from pleiade.settlement.periods import Period
from pleiade.settlement.settling import Profit, Settlement, settle

MAX_YEARS = 500
LAST_YEAR = 9999


class Scenario(msgspec.Struct, frozen=True):
    """One growth rate, and what the agreement makes of it."""

    growth: Fraction
    settlement: Settlement


def parse_growth(text: str) -> Fraction:
    """A rate such as "0.4" or "40%". Raises SettlementError."""
    bare = text.strip()
    rate = exact(bare[:-1], "--growth") / 100 if bare.endswith("%") else exact(bare, "--growth")
    if rate < -1:
        raise SettlementError(f"--growth is {text}: profits cannot fall by more than all; write -1 or more")
    return rate


def compare(agreement: Agreement, first: int, units: int, rates: Sequence[Fraction], years: int) -> list[Scenario]:
    """One scenario for each rate: a profit of `units` in the year `first`, growing for `years` years in all.

    Raises SettlementError where there are too many years or the profit grows beyond all measure.
    """
    if not 1 <= years <= MAX_YEARS:
        raise SettlementError(f"--years is {years}; write a number from 1 to {MAX_YEARS}")
    if first < 1 or first + years - 1 > LAST_YEAR:
        raise SettlementError(f"--first is {first}; the years of a scenario lie between 1 and {LAST_YEAR}")
    return [Scenario(rate, settle(agreement, _profits(agreement, first, units, rate, years))) for rate in rates]


def _profits(agreement: Agreement, first: int, units: int, rate: Fraction, years: int) -> list[Profit]:
    """Each year's exact profit, rounded half to even: what was rounded does not grow with it."""
    profits, exactly = [], Fraction(units)
    for year in range(first, first + years):
        if abs(exactly) > LARGEST * 10**agreement.digits:
            raise SettlementError(
                f"growing by {plain(rate * 100)} % a year, the profit of {year} is beyond all measure; "
                "take fewer --years"
            )
        profits.append(Profit(Period(f"{year:04}", date(year, 1, 1), date(year, 12, 31)), round(exactly)))
        exactly *= 1 + rate
    return profits
