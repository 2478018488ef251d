"""Settling: nothing is lost or made, whatever the profits and losses; boundaries and caps are met to the unit."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.settlement import Profit, parse_agreement, settle
from pleiade.settlement.agreement import Agreement, cap_on, goal_on
from pleiade.settlement.periods import parse_period
from pleiade.settlement.settling import Settlement
from pleiade.settlement.waterfall import Kind
from settlement.agreements import agreements, shipped, years

AMOUNTS = st.integers(-(10**13), 10**13)
SMALL = st.integers(-60, 60)
SERIES = st.lists(st.one_of(AMOUNTS, SMALL), min_size=1, max_size=6)
FAST = settings(max_examples=60, deadline=None)


def paid(settlement: Settlement) -> int:
    return sum(settlement.paid)


@FAST
@given(agreements(dated=True), SERIES)
def test_parts_sum_to_the_whole_for_any_profits_and_losses(agreement: Agreement, series: list[int]) -> None:
    settlement = settle(agreement, years(*series))
    for settled, units in zip(settlement.periods, series, strict=True):
        assert sum(settled.shares) == units
        assert sum(part.units for part in settled.parts) == units
        for part in settled.parts:
            assert sum(part.shares) == part.units
    assert sum(settlement.totals) == sum(series)


@FAST
@given(agreements(dated=True), SERIES)
def test_nobody_loses_in_a_profit_nor_gains_in_a_loss(agreement: Agreement, series: list[int]) -> None:
    for settled in settle(agreement, years(*series)).periods:
        sign = 1 if settled.profit.units >= 0 else -1
        assert all(sign * share >= 0 for share in settled.shares)
        assert all(share >= 0 for share in settled.paid)


@FAST
@given(agreements(dated=True), SERIES)
def test_what_was_paid_and_what_is_carried_account_for_every_unit(agreement: Agreement, series: list[int]) -> None:
    settlement = settle(agreement, years(*series))
    carried = settlement.periods[-1].carried
    assert carried >= 0
    assert paid(settlement) - carried == sum(series)
    highest = below = 0  # whoever carries losses forward pays only what exceeds the highest sum so far
    for units in series:
        below += units
        highest = max(highest, below)
    assert paid(settlement) == highest


@FAST
@given(agreements(dated=True), SERIES)
def test_no_party_is_ever_above_its_cap(agreement: Agreement, series: list[int]) -> None:
    received = [0] * len(agreement.parties)
    for settled in settle(agreement, years(*series)).periods:
        received = [a + b for a, b in zip(received, settled.paid, strict=True)]
        for number in range(len(received)):
            cap = cap_on(agreement, number, settled.profit.period.last)
            assert cap is None or received[number] <= cap


@FAST
@given(agreements(), SERIES, st.data())
def test_a_period_cut_in_two_gives_the_same_to_the_unit(
    agreement: Agreement, series: list[int], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(series) - 1))
    units = series[number]
    piece = data.draw(st.integers(min(0, units), max(0, units)))
    cut = [*series[:number], piece, units - piece, *series[number + 1 :]]
    whole, divided = settle(agreement, years(*series)), settle(agreement, years(*cut))
    assert (divided.totals, divided.paid) == (whole.totals, whole.paid)
    assert divided.periods[-1].carried == whole.periods[-1].carried


@FAST
@given(agreements(), SERIES, st.integers(1, 10**12))
def test_a_higher_last_profit_gives_nobody_less(agreement: Agreement, series: list[int], more: int) -> None:
    before, after = settle(agreement, years(*series)), settle(agreement, years(*series[:-1], series[-1] + more))
    assert all(b >= a for a, b in zip(before.totals, after.totals, strict=True))
    assert all(b >= a for a, b in zip(before.paid, after.paid, strict=True))


def dealt_unit_by_unit(agreement: Agreement, units: int) -> list[int]:
    """The waterfall as told in words: unit after unit, each to whoever is furthest behind its share."""
    day, received, dealt = date(2020, 6, 1), [0] * len(agreement.parties), {}
    goals = [cap_on(agreement, n, day) for n in range(len(received))]
    full = lambda n: goals[n] is not None and received[n] >= goals[n]  # noqa: E731
    for _ in range(units):
        for tranche in agreement.tranches:
            shares = list(tranche.shares)
            capped = frozenset(n for n, share in enumerate(shares) if share and full(n))
            if tranche.end is None:
                break
            if tranche.end.caps and all(full(n) for n, share in enumerate(shares) if share and goals[n] is not None):
                continue
            if tranche.end.goal is None or received[agreement.index(tranche.end.party)] < goal_on(
                agreement, tranche.end.party, tranche.end.goal, day
            ):
                break
        for n in capped:
            shares[agreement.index(agreement.parties[n].then)] += shares[n]
            shares[n] = Fraction(0)
        parts = dealt.setdefault((tranche.name, capped), [0] * len(shares))
        behind = [share / (2 * part + 1) for share, part in zip(shares, parts, strict=True)]
        winner = max(n for n, each in enumerate(behind) if each == max(behind))
        parts[winner] += 1
        received[winner] += 1
    return received


@FAST
@given(agreements(largest=30), st.integers(0, 150))
def test_the_waterfall_is_the_one_that_deals_unit_after_unit(agreement: Agreement, units: int) -> None:
    assert list(settle(agreement, years(units)).totals) == dealt_unit_by_unit(agreement, units)


@FAST
@given(agreements(), AMOUNTS)
def test_the_profit_that_remains_ends_the_tranche_and_one_unit_less_does_not(agreement: Agreement, units: int) -> None:
    remaining = settle(agreement, years(units)).periods[-1].next
    if remaining.profit is None:
        assert remaining.tranche == len(agreement.tranches) - 1
        return
    assert settle(agreement, years(units, remaining.profit)).periods[-1].next.tranche > remaining.tranche
    assert settle(agreement, years(units, remaining.profit - 1)).periods[-1].next.tranche == remaining.tranche


def test_the_announced_agreement_splits_a_period_where_microsoft_has_recovered_its_investment() -> None:
    settlement = settle(shipped(), [Profit(parse_period("2023"), 20_000_000_000_00)])
    recovery, returns = settlement.periods[0].parts
    assert recovery.shares == (13_000_000_000_00, 4_333_333_333_33, 0)
    assert returns.shares == (1_306_666_666_67, 1_306_666_666_67, 53_333_333_33)
    assert settlement.ends == (0, None, None)


def test_an_investment_counts_from_its_day_and_opens_the_first_tranche_again() -> None:
    of_2020, of_2021 = Profit(parse_period("2020"), 2_000_000_000_00), Profit(parse_period("2021"), 1_000_000_000_00)
    settlement = settle(shipped(), [of_2020])
    assert settlement.periods[0].parts[0].shares[0] == 1_000_000_000_00  # what Microsoft had invested by then
    assert settlement.ends[0] == 0
    settlement = settle(shipped(), [of_2020, of_2021])
    assert [part.stage.tranche for part in settlement.periods[1].parts] == [0]
    assert settlement.ends[0] is None


def test_after_the_caps_everything_falls_to_the_non_profit() -> None:
    settlement = settle(shipped(), [Profit(parse_period("2023"), 10**15), Profit(parse_period("2024"), 7)])
    assert settlement.paid[:2] == (91_000_000_000_00, 100_000_000_000_00)
    assert settlement.periods[1].shares == (0, 0, 7)


def test_a_loss_is_booked_in_the_shares_of_its_tranche_and_made_good_before_anybody_is_paid() -> None:
    settlement = settle(shipped(), years(-100, 60, 140))
    assert [each.shares for each in settlement.periods] == [(-75, -25, 0), (45, 15, 0), (105, 35, 0)]
    assert [each.paid for each in settlement.periods] == [(0, 0, 0), (0, 0, 0), (75, 25, 0)]
    assert [each.carried for each in settlement.periods] == [100, 40, 0]
    assert [part.kind for part in settlement.periods[2].parts] == [Kind.MADE_GOOD, Kind.PAID]


DATED = """
name = "dated"
currency = "EUR"
unit = 1
parties = [{ id = "ann" }, { id = "bob" }]
[[tranches]]
name = "early"
shares = { ann = 1 }
until = { date = 2020-01-31 }
[[tranches]]
name = "late"
shares = { bob = 1 }
"""


def test_a_date_inside_a_period_divides_it_by_days() -> None:
    settlement = settle(parse_agreement(DATED), [Profit(parse_period("2020-01..2020-02"), 600)])
    assert [(part.stage.tranche, part.units) for part in settlement.periods[0].parts] == [(0, 310), (1, 290)]
    assert settlement.totals == (310, 290)


def test_a_tranche_that_ends_with_the_last_day_of_a_period_ended_in_it() -> None:
    assert settle(parse_agreement(DATED), [Profit(parse_period("2020-01"), 600)]).ends[0] == 0


def test_a_tranche_may_end_by_a_goal_or_a_date_whichever_comes_first() -> None:
    text = DATED.replace("{ date = 2020-01-31 }", '{ party = "ann", amount = 100, date = 2020-01-31 }')
    first, later = Profit(parse_period("2020-01"), 150), Profit(parse_period("2020-02"), 150)
    assert settle(parse_agreement(text), [first]).totals == (100, 50)
    small = msgspec.structs.replace(first, units=30)
    assert settle(parse_agreement(text), [small, later]).totals == (30, 150)


def test_thirds_are_shared_to_the_unit(tmp_path: Path) -> None:
    text = """
name = "thirds"
currency = "EUR"
parties = [{ id = "ann" }, { id = "bob" }, { id = "cem" }]
tranches = [{ name = "all", shares = { ann = "1/3", bob = "1/3", cem = "1/3" } }]
"""
    settlement = settle(parse_agreement(text), years(1, 1, 1, 1, -2))
    assert [each.shares for each in settlement.periods] == [(0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 0, 1), (0, -1, -1)]
