"""Dividing whole units: nothing is lost, nobody is taken from, and it is the deal that the rule describes."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.settlement.apportion import apportion, dealt_until

WEIGHTS = st.lists(st.integers(0, 1000), min_size=1, max_size=6).filter(any)
UNITS = st.integers(0, 10**15)


def dealt_one_by_one(weights: list[int], units: int) -> list[int]:
    parts = [0] * len(weights)
    for _ in range(units):
        behind = [Fraction(weight, 2 * part + 1) for weight, part in zip(weights, parts, strict=True)]
        parts[max(n for n, each in enumerate(behind) if each == max(behind))] += 1
    return parts


@settings(deadline=None)
@given(WEIGHTS, st.integers(0, 120))
def test_the_parts_are_those_of_a_deal_of_one_unit_after_another(weights: list[int], units: int) -> None:
    assert apportion(weights, units) == dealt_one_by_one(weights, units)


@settings(deadline=None)
@given(WEIGHTS, UNITS)
def test_parts_sum_to_the_whole(weights: list[int], units: int) -> None:
    assert sum(apportion(weights, units)) == units


@settings(deadline=None)
@given(WEIGHTS, UNITS)
def test_one_unit_more_is_one_unit_more_for_one_party_and_none_less_for_any(weights: list[int], units: int) -> None:
    fewer, more = apportion(weights, units), apportion(weights, units + 1)
    assert sorted(b - a for a, b in zip(fewer, more, strict=True)) == [*[0] * (len(weights) - 1), 1]


@settings(deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=3).filter(any), UNITS)
def test_up_to_three_parties_are_within_one_unit_of_their_exact_shares(weights: list[int], units: int) -> None:
    for part, weight in zip(apportion(weights, units), weights, strict=True):
        assert abs(part - Fraction(units * weight, sum(weights))) < 1


@settings(deadline=None)
@given(WEIGHTS, st.integers(1, 10**15), st.data())
def test_the_moment_of_a_partys_unit_is_known_without_dealing(
    weights: list[int], units: int, data: st.DataObject
) -> None:
    party = data.draw(st.sampled_from([n for n, weight in enumerate(weights) if weight]))
    moment = dealt_until(weights, party, units)
    assert apportion(weights, moment)[party] == units
    assert apportion(weights, moment - 1)[party] == units - 1
