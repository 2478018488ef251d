"""The waterfall drawn: in characters and as a picture, true to the amounts."""

import re
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.settlement import parse_agreement, settle
from pleiade.settlement.agreement import Agreement
from pleiade.settlement.chart import FILLINGS, chart_lines
from pleiade.settlement.svg import draw
from settlement.agreements import agreements, shipped, years


def test_bars_grow_with_what_was_paid_and_tell_where_a_tranche_ends() -> None:
    lines = chart_lines(settle(shipped(), years(-100, 10**12, 10**12, 10**12, first=2023)))[1:]
    bars = [sum(line.count(filling) for filling in FILLINGS) for line in lines]
    assert bars[0] == 0
    assert bars == sorted(bars)
    assert bars[1] < bars[2] < bars[3]
    assert [line.partition("◀")[2] for line in lines] == ["", "", " recovery ends", ""]


def test_a_bar_is_divided_as_the_money_is() -> None:
    last = chart_lines(settle(shipped(), years(10**9)))[-1]
    assert abs(last.count("█") - 3 * last.count("▒")) <= 3
    assert "░" not in last


@settings(max_examples=40, deadline=None)
@given(agreements(dated=True), st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=90), st.integers(60, 160))
def test_no_line_of_bars_is_wider_than_the_screen(agreement: Agreement, series: list[int], width: int) -> None:
    lines = chart_lines(settle(agreement, years(*series)), width)
    widest = max(len(re.sub(f"[{FILLINGS}]", "", line)) for line in lines[1:])
    assert max(len(line) for line in lines[1:]) <= max(width, widest + 10)
    assert len(lines) <= 50


def test_the_picture_is_one_file_with_every_party_and_the_end_of_each_tranche() -> None:
    text = draw(
        [("one <title>", settle(shipped(), years(10**12, 10**14, first=2023))), ("two", settle(shipped(), years(5)))]
    )
    picture = ElementTree.fromstring(text)
    words = [element.text for element in picture.iter() if element.text]
    for expected in (
        "one <title>",
        "two",
        "Microsoft",
        "Other investors",
        "OpenAI's non-profit",
        "recovery and returns end 2024",
    ):
        assert expected in words
    assert "href" not in text  # nothing is fetched
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}polygon"))) == 6


def test_names_cannot_break_the_picture() -> None:
    text = """
name = "a & b </svg><script>"
currency = "EUR"
parties = [{ id = "ann", name = "<b>\\"Ann\\" & 💸" }]
tranches = [{ name = "<all>", shares = { ann = 1 } }]
"""
    agreement = parse_agreement(text)
    words = [
        element.text for element in ElementTree.fromstring(draw([(agreement.name, settle(agreement, years(0)))])).iter()
    ]
    assert '<b>"Ann" & 💸' in words
