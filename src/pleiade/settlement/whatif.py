"""What if prices, volume, costs or a share had been others: the same months once more, and years after them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

import msgspec

from pleiade.settlement.agreement import Agreement, Tranche
from pleiade.settlement.amounts import LARGEST, plain
from pleiade.settlement.checking import check_tranches
from pleiade.settlement.errors import SettlementError
from pleiade.settlement.periods import Period, parse_period
from pleiade.settlement.profits import NANO
from pleiade.settlement.settling import Profit

MOST_YEARS = 50
PACE = 12  # months whose mean is the pace at which years go on
SOLD = ("revenue", "discounts", "own-use")  # classes of the ledger that follow prices and volume
SERVED = ("cost",)  # what serving costs follows volume; the rest of the costs (`expense`) does not


class Levers(msgspec.Struct, frozen=True, kw_only=True):
    """What is other than it was: factors, and years that go on at the pace of the last months."""

    price: Fraction = Fraction(1)
    volume: Fraction = Fraction(1)
    cost: Fraction = Fraction(1)  # of serving, and of everything else that is paid
    years: int = 0
    growth: Fraction = Fraction(0)  # of these years, each over the one before


class NewShare(msgspec.Struct, frozen=True, kw_only=True):
    """Another share of one party in one tranche; the others divide the rest as they did."""

    tranche: str
    party: str
    share: Fraction


def profit_of(flows: Mapping[str, int], levers: Levers) -> Fraction:
    """A month's profit in nano, from what each class of account brought or took."""
    sold = sum(flows.get(kind, 0) for kind in SOLD)
    served = sum(flows.get(kind, 0) for kind in SERVED)
    rest = sum(amount for kind, amount in flows.items() if kind not in (*SOLD, *SERVED))
    return sold * levers.price * levers.volume + served * levers.volume * levers.cost + rest * levers.cost


def profits_if(months: Sequence[tuple[str, Mapping[str, int]]], agreement: Agreement, levers: Levers) -> list[Profit]:
    """The profit of each month (by its name, with its flows), and of the years after the last one.

    Sums since the beginning are rounded, so that nothing is lost over the months. Raises SettlementError for levers
    below zero, too many years, and profits beyond all measure.
    """
    _check(levers)
    exactly = [(parse_period(month), profit_of(flows, levers)) for month, flows in months]
    if levers.years and exactly:
        exactly += _years_after(exactly, levers)
    profits, so_far, given = [], Fraction(0), 0
    for period, nano in exactly:
        so_far += nano
        if abs(so_far) > LARGEST * 10**NANO:
            raise SettlementError(f"the profit until {period.label} is beyond all measure; take smaller factors")
        units = round(so_far / 10 ** (NANO - agreement.digits)) - given
        given += units
        profits.append(Profit(period, units))
    return profits


def with_share(agreement: Agreement, new: NewShare) -> Agreement:
    """The agreement with that share; the tranche's other parties keep their proportions. Raises SettlementError."""
    names = [tranche.name for tranche in agreement.tranches]
    parties = [party.id for party in agreement.parties]
    if new.tranche not in names or new.party not in parties:
        raise SettlementError(
            f"there is no share of {new.party!r} in {new.tranche!r}; the tranches are {', '.join(names)}, the parties "
            f"{', '.join(parties)}"
        )
    if not 0 <= new.share <= 1:
        raise SettlementError(f"a share of {plain(new.share)}: write one from 0 to 1")
    here = agreement.tranches[names.index(new.tranche)]
    changed = msgspec.structs.replace(here, shares=_shared(here, parties.index(new.party), new.share))
    tranches = tuple(changed if tranche is here else tranche for tranche in agreement.tranches)
    made = msgspec.structs.replace(agreement, tranches=tranches)
    check_tranches(made)
    return made


def _shared(tranche: Tranche, number: int, share: Fraction) -> tuple[Fraction, ...]:
    rest = 1 - tranche.shares[number]
    if not rest and share != 1:
        raise SettlementError(f"nobody else has a share in {tranche.name!r} that could grow: change the agreement")
    factor = (1 - share) / rest if rest else Fraction(0)
    return tuple(share if n == number else each * factor for n, each in enumerate(tranche.shares))


def _years_after(months: Sequence[tuple[Period, Fraction]], levers: Levers) -> list[tuple[Period, Fraction]]:
    """The rest of the last month's year, and whole years: each month brings the mean of the last ones, grown."""
    recent = [nano for _, nano in months[-PACE:]]
    pace = sum(recent, Fraction(0)) / len(recent)
    last = months[-1][0].last
    if last.year + levers.years > date.max.year - 1:
        raise SettlementError(f"{levers.years} years after {last.year} are beyond the calendar; take fewer")
    found = []
    if last.month < 12:
        rest = parse_period(f"{last.year:04}-{last.month + 1:02}..{last.year:04}-12")
        found.append((rest, pace * (12 - last.month)))
    yearly = pace * 12
    for year in range(last.year + 1, last.year + 1 + levers.years):
        yearly *= 1 + levers.growth
        found.append((parse_period(f"{year:04}"), yearly))
    return found


def _check(levers: Levers) -> None:
    for name in ("price", "volume", "cost"):
        factor: Fraction = getattr(levers, name)
        if not 0 <= factor <= 100:
            raise SettlementError(f"{name} times {plain(factor)}: write a factor from 0 to 100")
    if not 0 <= levers.years <= MOST_YEARS:
        raise SettlementError(f"{levers.years} years: write 0 to {MOST_YEARS}")
    if not -1 <= levers.growth <= 10:
        raise SettlementError(f"a growth of {plain(levers.growth)} a year: write one from -1 to 10")
