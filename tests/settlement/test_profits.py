"""Profits by period: what a file or the ledger says, or one sentence with the line that is wrong."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.settlement import Profit, SettlementError
from pleiade.settlement.periods import gaps, parse_period
from pleiade.settlement.profits import ledger_profits, months_of, read_profits
from settlement.agreements import shipped


def read(text: str | bytes) -> list[Profit]:
    return read_profits(text if isinstance(text, bytes) else text.encode(), shipped(), "p.csv")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "p.csv has no periods; write a heading"),
        ("\n\n", "has no periods"),
        ("period,profit\n", "has no periods"),
        ("2023,5\n", "line 1: the heading is '2023,5'; write period,profit"),
        ("period,profit,profit\n2023,1,1\n", "line 1: the heading"),
        ("period,profit\n2023,1,000\n", "line 2: 3 fields where the heading has 2; write numbers without commas"),
        ("period,profit\n2023\n", "line 2: 1 fields"),
        ("period,profit\n2023,ten\n", "line 2: the profit is 'ten', which is no number"),
        ("period,profit\n2023,\n", "line 2: the profit is '', which is no number"),
        ("period,profit\n2023,NaN\n", "line 2: the profit is 'NaN', which is no number"),
        ("period,profit\n2023,Infinity\n", "line 2: the profit is 'Infinity', which is no number"),
        ("period,profit\n2023,1e999\n", "line 2: the profit is 1e999: out of all measure"),
        ("period,profit\n2023,1e25\n", "line 2: the profit is 1e25: more than"),
        ("period,profit\n2023,$5\n", r"line 2: the profit is '\$5'"),
        ("period,profit\n2023,٣\n", "line 2: the profit is '٣'"),
        ("period,profit\n2023," + "9" * 70, "line 2: the profit has 70 characters"),
        ("period,profit\n2023,0.001\n", "line 2: the profit is 0.001, finer than the smallest unit 0.01"),
        ("period,profit\n2023,1\n\n2023,2\n", "line 4: the period 2023 comes twice, first in p.csv, line 2"),
        ("period,profit\n2023,1\n2023-01..2023-12,2\n", "line 3: the period 2023-01..2023-12 comes twice"),
        ("period,profit\n2023,1\n2024,1\n2023,2\n", "line 4: the period 2023 comes twice"),
        ("period,profit\n2024,1\n2023,2\n", "line 3: the period 2023 stands after 2024; put periods in order"),
        ("period,profit\n2023,1\n2023-Q4,2\n", "line 3: the periods 2023 and 2023-Q4 overlap"),
        ("period,profit\n2023-W01,1\n2023-01-08,2\n", "line 3: the periods 2023-W01 and 2023-01-08 overlap"),
        ("period,profit\n2023-13,1\n", "line 2: '2023-13' is no period; write 2026, 2026-H1"),
        ("period,profit\nFY23,1\n", "line 2: 'FY23' is no period"),
        ("period,profit\n2024..2023,1\n", "line 2: the period '2024..2023' ends before it begins"),
        ("period,profit,currency\n2023,1,EUR\n", "line 2: the profit is in EUR, the agreement in USD"),
        ("period,profit,currency\n2023,1,\n", "line 2: the profit is in no currency"),
        ('period,profit\n2023,"1\n', "line 2: not readable as CSV"),
        ("period,profit\n2023,\x001\n", "line 2"),
        (b"period,profit\n2023,\xff\n", "p.csv is not UTF-8 text"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str | bytes, says: str) -> None:
    with pytest.raises(SettlementError, match=says) as caught:
        read(text)
    assert "\n" not in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(), st.text(alphabet='2034-QWH01.,;"\r\n \x00eE+').map(lambda text: f"period,profit\n{text}".encode())
    )
)
def test_no_bytes_whatever_break_the_reader(data: bytes) -> None:
    with suppress(SettlementError):  # any other exception is a failure
        profits = read(data)
        assert all(before.period.last < after.period.first for before, after in pairwise(profits))


def test_a_file_as_spreadsheets_write_it_is_read() -> None:
    profits = read("\ufeffProfit;Period".replace(";", ",") + "\r\n-0.01,2023\r\n\r\n 1e3 ,2024-H1\r\n")
    assert [(each.period.label, each.units) for each in profits] == [("2023", -1), ("2024-H1", 100_000)]


@pytest.mark.parametrize(
    ("label", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-H2", "2024-07-01", "2024-12-31"),
        ("2024-Q1", "2024-01-01", "2024-03-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-W01", "2024-01-01", "2024-01-07"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2024-02..2024-Q2", "2024-02-01", "2024-06-30"),
        ("9999", "9999-01-01", "9999-12-31"),
    ],
)
def test_a_period_is_a_stretch_of_the_calendar(label: str, first: str, last: str) -> None:
    period = parse_period(label)
    assert (str(period.first), str(period.last)) == (first, last)


@pytest.mark.parametrize(
    "label", ["", "0000", "2023-02-30", "2023-W54", "9999-W53", "2023-Q5", "2023-H3", "2023-1", "..", "1..2", "23"]
)
def test_what_is_no_stretch_of_the_calendar_is_refused(label: str) -> None:
    with pytest.raises(SettlementError, match="is no period"):
        parse_period(label)


def test_days_that_no_period_covers_are_told() -> None:
    assert gaps([parse_period(label) for label in ("2023-01", "2023-02", "2023-04")]) == ["2023-03-01..2023-03-31"]


def test_months_are_named_as_spans_or_one_by_one() -> None:
    assert months_of("2025-11..2026-02") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert months_of("2026-01, 2026-03") == ["2026-01", "2026-03"]


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-01..", "2026-02..2026-01", "0001-01..9999-12", "last month"]
)
def test_what_names_no_months_is_refused(text: str) -> None:
    with pytest.raises(SettlementError, match="months"):
        months_of(text)


def test_the_ledgers_months_are_rounded_so_that_nothing_is_lost() -> None:
    third = 3_333_333  # nano dollars: a third of a cent
    months = ["2026-01", "2026-02", "2026-03"]
    profits, late = ledger_profits([(month, third, "USD") for month in months], months, shipped())
    assert ([each.units for each in profits], late) == ([0, 1, 0], 0)
    back, late = ledger_profits(
        [("2026-01", -5_000_000, "USD"), ("2026-02", -10_000_000, "USD")], months[:2], shipped()
    )
    assert ([each.units for each in back], late) == ([0, -2], 0)  # -0.5 and -1.5 cents in all, half to even


def test_what_the_ledger_books_late_comes_into_the_first_month_that_is_not_settled() -> None:
    months = ["2026-01", "2026-02", "2026-03", "2026-04"]
    rows = [(month, 50_000_000, "USD") for month in months]  # 5 cents each
    january, february = parse_period("2026-01"), parse_period("2026-02")
    settled = {(january.first, january.last): 2, (february.first, february.last): 5}
    profits, late = ledger_profits(rows, months, shipped(), settled)
    assert ([each.units for each in profits], late) == ([2, 5, 8, 5], 0)
    profits, late = ledger_profits(rows, months[:2], shipped(), settled)
    assert ([each.units for each in profits], late) == ([2, 5], 3)


@pytest.mark.parametrize(
    ("rows", "months", "says"),
    [
        ([("2026-01", 5, "EUR")], ["2026-01"], "2026-01 is in EUR too, the agreement in USD.*--only-its-currency"),
        ([("2026-01", 5, "USD")], ["2026-01", "2026-02"], "no profit in USD for 2026-02"),
        ([("2026-01", 5, "USD")] * 2, ["2026-01"], "the month 2026-01 twice"),
        ([("2026-01", 5, "USD")], ["2026-01", "2026-01"], "2026-01 comes twice"),
        ([("2026-01", 5, "USD"), ("2026-02", 5, "USD")], ["2026-02", "2026-01"], "2026-01 stands after 2026-02"),
    ],
)
def test_months_that_the_ledger_cannot_answer_for_are_named(
    rows: list[tuple[str, int, str]], months: list[str], says: str
) -> None:
    with pytest.raises(SettlementError, match=says):
        ledger_profits(rows, months, shipped())
