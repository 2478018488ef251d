"""Exact numbers, in and out."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.settlement import SettlementError
from pleiade.settlement.amounts import decimal, exact, grouped, percent, plain, to_units


@settings(deadline=None)
@given(st.integers(-(10**27), 10**27), st.integers(0, 9))
def test_an_amount_written_out_reads_back_as_itself(units: int, digits: int) -> None:
    if abs(units) <= 10 ** (18 + digits):
        assert to_units(decimal(units, digits), digits, "it") == units
    assert grouped(units, digits).replace(",", "") == decimal(units, digits)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.1", "1/10"), ("1_000.5", "2001/2"), ("-2.50e-1", "-1/4"), (".5", "1/2"), ("1/3", "1/3"), (" 7 ", "7")],
)
def test_a_number_is_read_exactly(text: str, number: str) -> None:
    assert exact(text, "it") == Fraction(number)


@pytest.mark.parametrize(
    "text", ["", "-", ".", "e5", "1.", "1__0", "0x10", "1e", "nan", "-inf", "1,5", "1/2/3", "-1/2", "²"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(SettlementError, match=r"it is .*, which is no number"):
        exact(text, "it")


def test_numbers_are_written_as_short_as_they_are() -> None:
    assert [plain(Fraction(text)) for text in ("0.40", "7", "-1/8", "1/3")] == ["0.4", "7", "-0.125", "1/3"]
    assert [percent(Fraction(text)) for text in ("0.75", "1/200", "1/3")] == ["75 %", "0.5 %", "1/3"]
    assert [grouped(units, 2) for units in (-5, 123456789, -100000)] == ["-0.05", "1,234,567.89", "-1,000.00"]
