"""Scenarios: exact growth, and the year in which each tranche ends."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.settlement import Settlement, SettlementError
from pleiade.settlement.scenario import compare, parse_growth
from settlement.agreements import shipped


def year_of_end(settlement: Settlement, tranche: int) -> str:
    ended = settlement.ends[tranche]
    return "" if ended is None else settlement.periods[ended].profit.period.label


def test_faster_growth_ends_each_tranche_no_later() -> None:
    rates = [Fraction(tenths, 10) for tenths in range(2, 7)]
    scenarios = compare(shipped(), 2023, 100_000_000_000, rates, 40)
    for tranche in (0, 1):
        ends = [year_of_end(each.settlement, tranche) for each in scenarios]
        assert ends == sorted(ends, reverse=True)
        assert "" not in ends


def test_profits_grow_exactly_and_rounding_does_not_grow_with_them() -> None:
    [scenario] = compare(shipped(), 2023, 1, [Fraction(1, 10)], 50)
    profits = [each.profit.units for each in scenario.settlement.periods]
    assert profits[:8] == [1, 1, 1, 1, 1, 2, 2, 2]
    assert profits[49] == round(Fraction(11, 10) ** 49)


def test_the_year_of_an_end_is_the_year_in_which_the_goal_was_met() -> None:
    [scenario] = compare(shipped(), 2023, 5_000_000_000_00, [Fraction(0)], 4)  # 3.75 a year of 13: in the fourth
    assert year_of_end(scenario.settlement, 0) == "2026"
    [scenario] = compare(shipped(), 2023, 5_000_000_000_00, [Fraction(0)], 3)
    assert year_of_end(scenario.settlement, 0) == ""


@settings(max_examples=30, deadline=None)
@given(st.integers(-(10**15), 10**15), st.integers(-100, 150))
def test_parts_sum_to_the_whole_in_every_scenario(units: int, hundredths: int) -> None:
    [scenario] = compare(shipped(), 2023, units, [Fraction(hundredths, 100)], 12)
    for each in scenario.settlement.periods:
        assert sum(each.shares) == each.profit.units


@pytest.mark.parametrize(
    ("text", "rate"), [("0.4", "2/5"), ("40%", "2/5"), ("40 %", "2/5"), ("-1", "-1"), ("1/3", "1/3")]
)
def test_a_rate_may_be_written_as_a_number_or_in_percent(text: str, rate: str) -> None:
    assert parse_growth(text) == Fraction(rate)


@pytest.mark.parametrize(
    ("text", "says"),
    [("-1.01", "cannot fall by more than all"), ("fast", "no number"), ("nan", "no number"), ("%", "no number")],
)
def test_a_rate_that_cannot_be_is_refused(text: str, says: str) -> None:
    with pytest.raises(SettlementError, match=says):
        parse_growth(text)


@pytest.mark.parametrize(
    ("first", "years", "rate", "says"),
    [
        (2023, 0, "0.1", "--years is 0"),
        (2023, 501, "0.1", "--years is 501"),
        (0, 5, "0.1", "--first is 0"),
        (9999, 2, "0.1", "--first is 9999"),
        (2023, 50, "1e9", "beyond all measure; take fewer --years"),
    ],
)
def test_a_scenario_beyond_all_measure_is_refused(first: int, years: int, rate: str, says: str) -> None:
    with pytest.raises(SettlementError, match=says):
        compare(shipped(), first, 10**12, [parse_growth(rate)], years)
