"""What was agreed with one organisation beside the price list, and what that is worth: judged once, by the month.

Order: free quantities go first, what remains is priced by its tiers, and discounts are taken off the rest.
"""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from pleiade.domain.price import NANO, RateKind
from pleiade.prices.arithmetic import half_even
from pleiade.prices.units import per_unit


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tier: the units from `start` up to, and without, `to` cost `amount` for every `per` of the tiers."""

    amount: str
    start: int = msgspec.field(default=0, name="from")
    to: int | None = None  # None: all further ones


class Tiers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Graduated prices of one kind of one model, instead of the list's: each unit costs what its own tier says."""

    model: str
    kind: RateKind
    steps: tuple[Step, ...]
    per: str = "1"


class Allowance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of a kind that are free each month, over all models together unless it names one."""

    kind: RateKind
    quantity: int
    model: str = ""


class Discount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Percent off. Of several that fit a line, the one written first is taken."""

    percent: str
    model: str = ""  # "" = any
    kind: RateKind | None = None  # None = any


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A monthly subscription: a fixed fee, and what it includes. Months are whole."""

    name: str
    fee: str
    included: tuple[Allowance, ...] = ()


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that an organisation has agreed, from a month on. The version made last holds."""

    currency: str
    start: str = msgspec.field(name="from")  # first month, "2026-12"
    plan: Plan | None = None
    allowances: tuple[Allowance, ...] = ()
    tiers: tuple[Tiers, ...] = ()
    discounts: tuple[Discount, ...] = ()


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one kind of one model that a month used, and what they cost at the list price (nano)."""

    model: str
    kind: RateKind
    quantity: int
    listed: int


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """What the terms change about a line: amounts in nano, each rounded for itself and added to what was listed."""

    free: int = 0  # units that were not billed
    allowance: int = 0  # at most 0
    tiers: int = 0  # below 0 where tiers are cheaper than the list
    discount: int = 0  # at most 0
    percent: str = ""  # of that discount


def adjust(terms: Terms, lines: Sequence[Line]) -> list[Adjustment]:
    """What the terms change about each line. Allowances over several models are used up in the order of the lines."""
    allowances = (*(terms.plan.included if terms.plan else ()), *terms.allowances)
    left = [allowance.quantity for allowance in allowances]
    changes = []
    for line in lines:
        free = 0
        for number, allowance in enumerate(allowances):
            if allowance.kind is line.kind and allowance.model in ("", line.model):
                taken = min(left[number], line.quantity - free)
                left[number] -= taken
                free += taken
        changes.append(_adjusted(terms, line, free))
    return changes


def graduated(tiers: Tiers, quantity: int) -> Fraction:
    """What `quantity` units cost in tiers, exact, in nano: every unit at the price of the tier that it is in."""
    total = Fraction(0)
    for step in tiers.steps:
        end = quantity if step.to is None else min(quantity, step.to)
        if end > step.start:
            total += (end - step.start) * Fraction(step.amount) * NANO / per_unit(tiers.per)
    return total


def _adjusted(terms: Terms, line: Line, free: int) -> Adjustment:
    # A free unit is worth what a unit of the line costs on average: the month may have had two prices.
    allowance = -half_even(Fraction(line.listed * free, line.quantity)) if free else 0
    rest = line.listed + allowance
    change = 0
    for tiers in terms.tiers:
        if (tiers.model, tiers.kind) == (line.model, line.kind):
            change = half_even(graduated(tiers, line.quantity - free)) - rest
    rest += change
    found = next((discount for discount in terms.discounts if _fits(discount, line)), None)
    if found is None:
        return Adjustment(free=free, allowance=allowance, tiers=change)
    return Adjustment(
        free=free,
        allowance=allowance,
        tiers=change,
        discount=-half_even(Fraction(found.percent) * rest / 100),
        percent=found.percent,
    )


def _fits(discount: Discount, line: Line) -> bool:
    return discount.model in ("", line.model) and discount.kind in (None, line.kind)
