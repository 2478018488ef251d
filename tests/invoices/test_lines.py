"""Lines by model and kind add up to what the ledger holds, to the nano, whatever was sold."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.money import decimal, minor_unit, nano
from pleiade.domain.price import Price, Rate, RateKind
from pleiade.domain.usage import Usage
from pleiade.invoices import postings
from pleiade.invoices.document import LineType, Party, TaxRule
from pleiade.invoices.lines import METERED, usage_lines
from pleiade.invoices.meter import Metered, payers
from pleiade.invoices.month import Month, compute
from pleiade.prices import PriceBook, cost
from pleiade.prices.terms import Allowance, Discount, Plan, Step, Terms, Tiers

amounts = st.decimals("0.000001", "50", places=6).map(lambda amount: format(amount, "f"))
counts = st.integers(0, 100_000)


@st.composite
def prices(draw: st.DrawFn, number: int) -> Price:
    kinds = [RateKind.INPUT, RateKind.OUTPUT]
    kinds += [kind for kind in (RateKind.CACHED_INPUT, RateKind.REASONING, RateKind.CALL) if draw(st.booleans())]
    return Price(
        id=f"price_{number}",
        storefront="openai",
        model=draw(st.sampled_from(["a", "b"])),
        currency="USD",
        effective=0,
        rates=tuple(Rate(kind=kind, amount=draw(amounts), per=draw(st.sampled_from([1, 10**6]))) for kind in kinds),
    )


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    prompt, completion = draw(counts), draw(counts)
    return Usage(
        prompt_tokens=prompt,
        cached_tokens=draw(st.integers(0, prompt)),
        completion_tokens=completion,
        reasoning_tokens=draw(st.integers(0, completion)),
    )


def metered(price: Price, calls: list[Usage], account: str) -> Metered:
    """What the ledger's sums say about calls at one price."""
    return Metered(
        currency="USD",
        model=price.model,
        price=price.id,
        size="",
        quality="",
        outcome="completed",
        debit=account,
        calls=len(calls),
        prompt_tokens=sum(call.prompt_tokens for call in calls),
        cached_tokens=sum(call.cached_tokens for call in calls),
        completion_tokens=sum(call.completion_tokens for call in calls),
        reasoning_tokens=sum(call.reasoning_tokens for call in calls),
        images=0,
        audio=0,
        cost=sum(cost(price, call) for call in calls),
    )


@st.composite
def sold(draw: st.DrawFn) -> list[tuple[Price, list[Usage]]]:
    return [(draw(prices(number)), draw(st.lists(usages(), max_size=5))) for number in range(draw(st.integers(1, 3)))]


@st.composite
def agreed(draw: st.DrawFn) -> Terms | None:
    if draw(st.booleans()):
        return None
    middle = draw(st.integers(1, 10**5))
    steps = (Step(start=0, to=middle, amount=draw(amounts)), Step(start=middle, amount=draw(amounts)))
    return Terms(
        currency="USD",
        start="2026-10",
        plan=Plan(name="P", fee=draw(amounts)) if draw(st.booleans()) else None,
        allowances=(Allowance(kind=RateKind.OUTPUT, quantity=draw(st.integers(1, 10**5))),),
        tiers=(Tiers(model="a", kind=RateKind.INPUT, per=draw(st.sampled_from(["1", "1M"])), steps=steps),),
        discounts=(Discount(percent=draw(st.decimals("0.1", "100", places=1).map(str))),),
    )


@settings(max_examples=60)
@given(sold(), agreed(), st.sampled_from(["invoiced", "prepaid"]), st.integers(-(10**12), 10**13), st.booleans())
def test_a_bill_is_the_sum_of_its_lines_and_its_postings_owe_exactly_what_is_due(
    made: list[tuple[Price, list[Usage]]], terms: Terms | None, billing: str, available: int, taxed: bool
) -> None:
    receivable, credits = payers("org-1")
    rows = [metered(price, calls, credits if billing == "prepaid" else receivable) for price, calls in made]
    month = Month(
        id="inv_1",
        organisation="org-1",
        storefront="openai",
        billing=billing,
        period="2026-10",
        currency="USD",
        seller=Party(name="S"),
        customer=Party(name="C"),
        calls=rows,
        services=(),
        terms=terms,
        tax_rule=TaxRule(name="t", country="*", rate="19.6") if taxed else None,
        available=available,
    )
    document = compute(month, PriceBook(price for price, _ in made))
    lines = document.lines
    booked = sum(row.cost for row in rows)
    assert sum(line.amount for line in lines if line.type is LineType.USAGE) == booked
    assert sum(line.amount for line in lines if line.type is not LineType.TAX) == document.net
    assert sum(line.amount for line in lines) == document.total == document.credits + document.due
    assert document.total >= 0
    assert all(amount % minor_unit(2) == 0 for amount in (document.net, document.tax, document.total, document.due))
    assert 0 <= document.credits <= max(available, 0)
    assert not any(line.kind == METERED for line in lines)
    # What the month adds to what is owed, calls and postings together, is what is due.
    moved = sum(row.cost for row in rows if row.debit == receivable)
    for transfer in postings.of_invoice(document, rows, (), 1):
        moved += transfer.amount * ((transfer.debit == receivable) - (transfer.credit == receivable))
    assert moved == document.due


@settings(max_examples=60)
@given(sold())
def test_a_line_says_quantity_times_rate_but_for_the_roundings_of_its_calls(
    made: list[tuple[Price, list[Usage]]],
) -> None:
    for price, calls in made:
        for line in usage_lines([metered(price, calls, "receivable:o")], PriceBook([price])):
            worth = Fraction(nano(line.rate) * line.quantity, line.per)
            fee = nano(line.rate) if line.kind == RateKind.CALL else 0
            assert abs(line.amount - worth) <= len(calls) + 5 + Fraction(fee, 2)


def test_money_that_no_quantity_explains_stays_on_the_bill() -> None:
    price = Price(
        id="p",
        storefront="openai",
        model="m",
        currency="USD",
        effective=0,
        rates=(Rate(kind=RateKind.INPUT, amount="1", per=10**6), Rate(kind=RateKind.OUTPUT, amount="1", per=10**6)),
    )
    row = metered(price, [Usage(prompt_tokens=10)], "receivable:o")._replace(cost=10_000 + 77_000)
    lines = usage_lines([row], PriceBook([price]))
    assert [(line.kind, line.amount) for line in lines] == [("input", 10_000), (METERED, 77_000)]
    (unknown,) = usage_lines([row], PriceBook())
    assert (unknown.kind, unknown.amount) == (METERED, 87_000)


@given(st.integers(-(10**20), 10**20), st.sampled_from(sorted(CURRENCIES)))
def test_money_is_written_exactly_and_read_back(amount: int, currency: str) -> None:
    assert nano(decimal(amount, CURRENCIES[currency])) == amount


def test_what_is_finer_than_a_nano_is_no_money() -> None:
    with pytest.raises(ValueError, match="finer"):
        nano("0.0000000001")
