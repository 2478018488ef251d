"""Terms of an organisation: tiers, allowances, discounts and plans, judged by the month."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.domain.price import NANO, RateKind
from pleiade.prices import PriceError
from pleiade.prices.terms import Allowance, Discount, Line, Plan, Step, Terms, Tiers, adjust, graduated
from pleiade.prices.terms_file import problems_of_terms, read_terms


def line(quantity: int, listed: int, kind: RateKind = RateKind.INPUT, model: str = "m") -> Line:
    return Line(model=model, kind=kind, quantity=quantity, listed=listed)


@st.composite
def tiers(draw: st.DrawFn) -> Tiers:
    ends = sorted(draw(st.sets(st.integers(1, 60), max_size=4)))
    starts = [0, *ends]
    amounts = [draw(st.decimals("0.01", "9", places=2).map(str)) for _ in starts]
    steps = [
        Step(start=start, to=to, amount=amount)
        for start, to, amount in zip(starts, [*ends, None], amounts, strict=True)
    ]
    return Tiers(model="m", kind=RateKind.INPUT, steps=tuple(steps), per=draw(st.sampled_from(["1", "1K"])))


@settings(max_examples=40)
@given(tiers(), st.integers(0, 100))
def test_tiers_cost_what_unit_by_unit_counting_says(agreed: Tiers, quantity: int) -> None:
    per = {"1": 1, "1K": 1000}[agreed.per]
    total = Fraction(0)
    for unit in range(quantity):
        (step,) = (step for step in agreed.steps if step.start <= unit and (step.to is None or unit < step.to))
        total += Fraction(step.amount) * NANO / per
    assert graduated(agreed, quantity) == total
    assert problems_of_terms(Terms(currency="USD", start="2026-12", tiers=(agreed,))) == []


@settings(max_examples=40)
@given(tiers(), st.integers(0, 100), st.integers(0, 100))
def test_more_units_never_cost_less_in_tiers(agreed: Tiers, few: int, more: int) -> None:
    assert graduated(agreed, few) <= graduated(agreed, few + more)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 1000), st.integers(0, 10**12)), max_size=6),
    st.integers(1, 1500),
    st.integers(1, 500),
    st.decimals("0.01", "100", places=2).map(str),
)
def test_allowances_and_discounts_never_make_a_line_negative_and_free_no_unit_twice(
    used: list[tuple[str, int, int]], pooled: int, own: int, percent: str
) -> None:
    lines = [line(quantity, listed if quantity else 0, model=model) for model, quantity, listed in used]
    allowances = (
        Allowance(kind=RateKind.INPUT, quantity=pooled),
        Allowance(kind=RateKind.INPUT, quantity=own, model="a"),
    )
    terms = Terms(currency="USD", start="2026-12", allowances=allowances, discounts=(Discount(percent=percent),))
    changes = adjust(terms, lines)
    for had, change in zip(lines, changes, strict=True):
        assert 0 <= change.free <= had.quantity
        assert 0 <= had.listed + change.allowance + change.tiers + change.discount <= had.listed
    assert sum(change.free for change in changes) <= pooled + own
    assert sum(change.free for had, change in zip(lines, changes, strict=True) if had.model == "b") <= pooled


def test_a_month_by_hand() -> None:
    terms = Terms(
        currency="USD",
        start="2026-12",
        plan=Plan(name="Team", fee="60.00", included=(Allowance(kind=RateKind.INPUT, quantity=1_000_000),)),
        tiers=(
            Tiers(
                model="m",
                kind=RateKind.INPUT,
                per="1M",
                steps=(Step(start=0, to=2_000_000, amount="0.10"), Step(start=2_000_000, amount="0.05")),
            ),
        ),
        discounts=(Discount(percent="10", model="m"), Discount(percent="50")),
    )
    # 5 million at the list's 0.15 = 0.75. One million is free (-0.15); of the other four, two cost 0.10 and two 0.05:
    # 0.30 instead of 0.60 (-0.30); ten percent off that are 0.03.
    (change,) = adjust(terms, [line(5_000_000, 750_000_000)])
    assert (change.free, change.allowance, change.tiers, change.discount, change.percent) == (
        1_000_000,
        -150_000_000,
        -300_000_000,
        -30_000_000,
        "10",
    )


TERMS = """
from = "2026-12"
currency = "USD"

[plan]
name = "Team"
fee = 60.00
included = [{ kind = "output", quantity = 1_000_000 }]

[[allowances]]
kind = "input"
quantity = 100_000
model = "chat"

[[tiers]]
model = "chat"
kind = "input"
per = "1M"
steps = [{ from = 0, to = 10_000_000, amount = "0.15" }, { from = 10_000_000, amount = 0.10 }]

[[discounts]]
percent = "12.5"
"""


def test_terms_are_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "terms.toml"
    path.write_text(TERMS)
    terms = read_terms(path)
    assert terms.plan is not None
    assert (terms.plan.fee, terms.tiers[0].steps[1].amount, terms.discounts[0].percent) == ("60.00", "0.10", "12.5")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("from = 10_000_000", "from = 9_000_000", "begins at 9,000,000 and overlaps the one that ends at 10,000,000"),
        ("from = 10_000_000", "from = 11_000_000", "between 10,000,000 and 11,000,000 there is no price"),
        ("to = 10_000_000, ", "", "has no end"),
        ("to = 10_000_000", "to = 0", "before it begins"),
        ("amount = 0.10", "to = 20_000_000, amount = 0.10", "from 20,000,000 on"),
        ("from = 0,", "from = 5,", "between 0 and 5 there is no price"),
        ('amount = "0.15"', 'amount = "0"', "free units are allowances"),
        ('amount = "0.15"', 'amount = "-1"', "negative"),
        ("amount = 0.10", "amount = nan", "not an amount"),
        ('percent = "12.5"', 'percent = "101"', "at most 100"),
        ('percent = "12.5"', 'percent = "0"', "more than 0"),
        ('from = "2026-12"', 'from = "2026-13"', "is no month"),
        ('currency = "USD"', 'currency = "US"', "no currency's code"),
        ("quantity = 100_000", "quantity = -5", "frees nothing"),
        ("fee = 60.00", "fee = -60.00", "negative"),
        ("fee = 60.00", "fee = 60", r"plan.fee.*60.00"),
        ('percent = "12.5"', 'percent = "12.5"\ncolour = "red"', "colour"),
        ('model = "chat"\nkind = "input"\nper', 'kind = "input"\nper', "model"),
        ('kind = "input"\nper', 'kind = "image"\nper', "sizes and qualities"),
    ],
)
def test_terms_that_cannot_be_meant_are_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in TERMS
    path = tmp_path / "terms.toml"
    path.write_text(TERMS.replace(old, new, 1))
    with pytest.raises(PriceError, match=says):
        read_terms(path)


def test_two_sets_of_tiers_for_one_kind_are_refused() -> None:
    one = Tiers(model="m", kind=RateKind.INPUT, steps=(Step(amount="1"),))
    (problem,) = problems_of_terms(Terms(currency="USD", start="2026-12", tiers=(one, one)))
    assert "two sets of tiers" in problem
