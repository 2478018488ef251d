"""Agreements for the tests: the one that ships, and any other one that the rules allow."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import msgspec
from hypothesis import strategies as st

from pleiade.settlement import Profit, SettlementError, load_agreement
from pleiade.settlement.agreement import Agreement, End, Goal, Investment, Party, Tranche
from pleiade.settlement.checking import check_tranches
from pleiade.settlement.periods import Period

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "examples" / "agreements" / "microsoft-openai.toml"


def shipped() -> Agreement:
    """Microsoft's and OpenAI's agreement."""
    return load_agreement(SHIPPED)


def years(*units: int, first: int = 2020) -> list[Profit]:
    """Profits of consecutive years, in smallest units."""
    return [
        Profit(Period(str(year), date(year, 1, 1), date(year, 12, 31)), each) for year, each in enumerate(units, first)
    ]


@st.composite
def agreements(draw: st.DrawFn, largest: int = 10**12, dated: bool = False) -> Agreement:
    """Any agreement that passes the checks: 1 to 4 parties, 1 to 4 tranches, goals up to `largest` units.

    `dated`: with investments at any time, and tranches that end by a date.
    """
    ids = ["ann", "bob", "cem", "dan"][: draw(st.integers(1, 4))]
    amount = st.integers(1, largest)
    investments = tuple(
        Investment(
            party=name,
            day=draw(st.dates(date(2019, 1, 1), date(2026, 1, 1))) if dated else date(2019, 1, 1),
            units=draw(amount),
        )
        for name in ids
        for _ in range(draw(st.integers(1, 2)))
    )
    goals = st.one_of(
        st.builds(lambda units: Goal(units=units), amount),
        st.builds(lambda tenths: Goal(multiple=Fraction(tenths, 10)), st.integers(1, 100)),
    )
    parties = tuple(
        Party(id=name, name=name.title(), cap=draw(goals), then=ids[0])
        if name != ids[0] and draw(st.booleans())
        else Party(id=name, name=name.title())
        for name in ids
    )
    last_days = sorted(draw(st.sets(st.dates(date(2019, 1, 1), date(2028, 1, 1)), max_size=3))) if dated else []
    agreement = Agreement(
        name="any",
        currency="EUR",
        digits=2,
        parties=parties,
        investments=tuple(sorted(investments, key=lambda each: each.day)),
        tranches=(Tranche(name="last", shares=_shares(draw, len(ids)), end=None),),
        assumptions={},
    )
    for number in range(draw(st.integers(0, 4))):
        end = End(party=draw(st.sampled_from(ids)), goal=draw(goals))
        if number < len(last_days):
            end = End(last_day=last_days[number])
        elif draw(st.integers(0, 3)) == 0:
            end = End(caps=True)
        tranche = Tranche(name=f"tranche {number}", shares=_shares(draw, len(ids)), end=end)
        agreement = _with(agreement, tranche)
    return agreement


def _with(agreement: Agreement, tranche: Tranche) -> Agreement:
    """The agreement with one tranche more before its last one, or as it was where that one could not end."""
    *earlier, last = agreement.tranches
    longer = msgspec.structs.replace(agreement, tranches=(*earlier, tranche, last))
    try:
        check_tranches(longer)
    except SettlementError:
        return agreement
    return longer


def _shares(draw: st.DrawFn, count: int) -> tuple[Fraction, ...]:
    weights = draw(st.lists(st.integers(0, 100), min_size=count, max_size=count).filter(any))
    return tuple(Fraction(weight, sum(weights)) for weight in weights)
