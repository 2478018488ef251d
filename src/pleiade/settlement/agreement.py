"""The nouns of an agreement: parties, what they invested, tranches in order; and what each still waits for on a day."""

from datetime import date
from fractions import Fraction

import msgspec


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """An amount to receive: given, or a multiple of what the party has invested by the day that is asked about."""

    units: int | None = None
    multiple: Fraction | None = None


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Who shares in the profit. Above its cap it receives nothing: what would be its share falls to another party."""

    id: str
    name: str
    cap: Goal | None = None
    then: str = ""  # id of the party that its share falls to, once it is at its cap


class Investment(msgspec.Struct, frozen=True, kw_only=True):
    """Money that a party put in. It counts from its day on."""

    party: str
    day: date
    units: int


class End(msgspec.Struct, frozen=True, kw_only=True):
    """When a tranche ends: as soon as one of these is so."""

    party: str = ""  # has received `goal` in all
    goal: Goal | None = None
    last_day: date | None = None  # is over
    caps: bool = False  # every party of the tranche that has a cap is at it


class Tranche(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the waterfall with its own shares, in the order of the agreement's parties; they sum to one."""

    name: str
    shares: tuple[Fraction, ...]
    end: End | None  # None: the last tranche, which has none


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """A partner agreement, checked: its shares sum to one, and each tranche ends but for the last."""

    name: str
    currency: str  # ISO 4217
    digits: int  # the smallest unit is 10^-digits of the currency
    parties: tuple[Party, ...]
    investments: tuple[Investment, ...]  # by day
    tranches: tuple[Tranche, ...]
    assumptions: dict[str, str]  # values that the agreement's text is silent about: name and number

    def index(self, party: str) -> int:
        """Where `party` stands among the parties."""
        return [each.id for each in self.parties].index(party)


def invested(agreement: Agreement, party: str, day: date) -> int:
    """What `party` has invested by `day`, in smallest units."""
    return sum(each.units for each in agreement.investments if each.party == party and each.day <= day)


def goal_on(agreement: Agreement, party: str, goal: Goal, day: date) -> int:
    """How much `party` has to receive in all for `goal`, as things stand on `day`; in smallest units, half to even."""
    if goal.multiple is None:
        assert goal.units is not None  # a goal is one or the other: reading.py
        return goal.units
    return round(goal.multiple * invested(agreement, party, day))


def cap_on(agreement: Agreement, number: int, day: date) -> int | None:
    """The cap of the party with that number on `day`; None = it has none."""
    party = agreement.parties[number]
    return None if party.cap is None else goal_on(agreement, party.id, party.cap, day)
