"""What if: the same months under other circumstances, exactly, and nothing lost on the way."""

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleiade.settlement import SettlementError, settle
from pleiade.settlement.agreement import Agreement
from pleiade.settlement.profits import NANO, ledger_profits
from pleiade.settlement.whatif import Levers, NewShare, profit_of, profits_if, with_share
from settlement.agreements import agreements, shipped

MONTHS = ["2026-09", "2026-10", "2026-11"]
NANOS = st.integers(-(10**15), 10**15)
FLOWS = st.lists(
    st.dictionaries(st.sampled_from(["revenue", "discounts", "own-use", "cost", "expense"]), NANOS, max_size=5),
    min_size=3,
    max_size=3,
)
FACTORS = st.fractions(0, 100, max_denominator=1000)


@given(flows=FLOWS)
def test_without_a_lever_it_is_what_the_ledger_says(flows: list[dict[str, int]]) -> None:
    terms = shipped()
    rows = [(month, sum(each.values()), terms.currency) for month, each in zip(MONTHS, flows, strict=True)]
    booked, _ = ledger_profits(rows, MONTHS, terms)
    assert profits_if(list(zip(MONTHS, flows, strict=True)), terms, Levers()) == booked


@given(flows=FLOWS, price=FACTORS, volume=FACTORS, cost=FACTORS, years=st.integers(0, 5))
def test_nothing_is_lost_by_rounding_over_months_and_years(
    flows: list[dict[str, int]], price: Fraction, volume: Fraction, cost: Fraction, years: int
) -> None:
    levers, terms = Levers(price=price, volume=volume, cost=cost, years=years), shipped()
    profits = profits_if(list(zip(MONTHS, flows, strict=True)), terms, levers)
    exactly = sum((profit_of(each, levers) for each in flows), Fraction(0))
    if years:
        exactly += exactly / 3 * (1 + 12 * years)  # December, and whole years
    assert sum(each.units for each in profits) == round(exactly / 10 ** (NANO - terms.digits))
    assert len(profits) == 3 + (1 + years if years else 0)


@given(agreement=agreements(), data=st.data())
def test_a_changed_share_leaves_the_others_in_their_proportions(agreement: Agreement, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(agreement.tranches) - 1))
    party = data.draw(st.integers(0, len(agreement.parties) - 1))
    share = data.draw(st.fractions(0, 1, max_denominator=50))
    before = agreement.tranches[number]
    try:
        made = with_share(agreement, NewShare(tranche=before.name, party=agreement.parties[party].id, share=share))
    except SettlementError:
        return  # no longer an agreement that ends, or nobody else has a share
    after = made.tranches[number]
    assert sum(after.shares) == 1
    assert after.shares[party] == share
    others = [n for n in range(len(agreement.parties)) if n != party]
    assert all(after.shares[a] * before.shares[b] == after.shares[b] * before.shares[a] for a in others for b in others)
    assert msgspec.structs.replace(made, tranches=agreement.tranches) == agreement
    settled = settle(made, profits_if([("2026-09", {"revenue": 10**15})], made, Levers()))
    assert sum(settled.totals) == settled.periods[0].profit.units


@pytest.mark.parametrize(
    "levers",
    [
        Levers(price=Fraction(-1)),
        Levers(volume=Fraction(101)),
        Levers(years=-1),
        Levers(years=51),
        Levers(growth=Fraction(-2)),
        Levers(years=50, growth=Fraction(10)),
    ],
)
def test_absurd_levers_are_refused_in_words(levers: Levers) -> None:
    with pytest.raises(SettlementError, match=r"write|take"):
        profits_if([("2026-09", {"revenue": 10**18})], shipped(), levers)
