"""What a call costs: every token once, exact, rounded once."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleiade.domain.price import Price, Rate, RateKind
from pleiade.domain.usage import Usage
from pleiade.prices import UnpricedError, billed, charge, cost, exact, rate_of
from prices.examples import price

amounts = st.decimals("0.000000001", "9999", places=9).map(lambda amount: format(amount, "f"))
counts = st.integers(0, 10**7)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    prompt, completion = draw(counts), draw(counts)
    return Usage(
        prompt_tokens=prompt,
        cached_tokens=draw(st.integers(0, prompt)),
        completion_tokens=completion,
        reasoning_tokens=draw(st.integers(0, completion)),
        images=draw(st.integers(0, 10)),
        audio=draw(counts),
    )


@st.composite
def prices(draw: st.DrawFn) -> Price:
    optional = [RateKind.CACHED_INPUT, RateKind.REASONING, RateKind.CALL]
    kinds = [RateKind.INPUT, RateKind.OUTPUT, RateKind.IMAGE, RateKind.AUDIO]
    kinds += [kind for kind in optional if draw(st.booleans())]
    return Price(
        id="price_x",
        storefront="openai",
        model="m",
        currency="USD",
        effective=0,
        rates=tuple(
            Rate(kind=kind, amount=draw(amounts), per=draw(st.sampled_from([1, 1000, 10**6, 3600]))) for kind in kinds
        ),
    )


def by_the_book(at: Price, usage: Usage) -> int:
    """The rule once more, slowly and in another arithmetic: decimals of 60 digits."""
    rates = {rate.kind: rate for rate in at.rates}
    parts = [
        (rates[RateKind.INPUT], usage.prompt_tokens - usage.cached_tokens),
        (rates.get(RateKind.CACHED_INPUT, rates[RateKind.INPUT]), usage.cached_tokens),
        (rates[RateKind.OUTPUT], usage.completion_tokens - usage.reasoning_tokens),
        (rates.get(RateKind.REASONING, rates[RateKind.OUTPUT]), usage.reasoning_tokens),
        (rates[RateKind.IMAGE], usage.images),
        (rates[RateKind.AUDIO], usage.audio),
    ]
    if RateKind.CALL in rates:
        parts.append((rates[RateKind.CALL], 1 if any(quantity for _, quantity in parts) else 0))
    with localcontext() as context:
        context.prec = 60
        # 3600 has a factor that no decimal ends at: all over one denominator first, divided once.
        total = sum(
            (Decimal(rate.amount) * quantity * (3_600_000_000 // rate.per) for rate, quantity in parts), Decimal(0)
        )
        nano = total * 10**9 / 3_600_000_000
        return int(nano.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


@given(prices(), usages())
def test_a_cost_is_what_the_rule_says(at: Price, usage: Usage) -> None:
    assert cost(at, usage) == by_the_book(at, usage)


@given(prices(), usages())
def test_a_cost_is_the_sum_of_its_parts_rounded_once(at: Price, usage: Usage) -> None:
    parts = billed(usage)
    if RateKind.CALL not in {rate.kind for rate in at.rates}:
        parts.pop(RateKind.CALL, None)
    total = sum((exact(at, kind, quantity) for kind, quantity in parts.items()), Fraction(0))
    assert abs(cost(at, usage) - total) <= Fraction(1, 2)
    assert cost(at, usage) == charge(at, dict(parts)) >= 0


@given(prices(), usages(), usages())
def test_more_use_never_costs_less_and_a_split_call_differs_by_its_roundings_only(
    at: Price, one: Usage, two: Usage
) -> None:
    both = Usage(
        prompt_tokens=one.prompt_tokens + two.prompt_tokens,
        cached_tokens=one.cached_tokens + two.cached_tokens,
        completion_tokens=one.completion_tokens + two.completion_tokens,
        reasoning_tokens=one.reasoning_tokens + two.reasoning_tokens,
        images=one.images + two.images,
        audio=one.audio + two.audio,
    )
    assert cost(at, both) >= max(cost(at, one), cost(at, two))
    if RateKind.CALL not in {rate.kind for rate in at.rates}:  # a fee for each call is paid for each part
        assert abs(cost(at, one) + cost(at, two) - cost(at, both)) <= 1


@given(usages())
def test_every_token_is_billed_once(usage: Usage) -> None:
    parts = billed(usage)
    tokens = sum(
        parts.get(kind, 0) for kind in (RateKind.INPUT, RateKind.CACHED_INPUT, RateKind.OUTPUT, RateKind.REASONING)
    )
    assert tokens == usage.total_tokens


def test_a_call_by_hand() -> None:
    at = price(input="0.15", cached_input="0.075", output="0.60")
    usage = Usage(prompt_tokens=1000, cached_tokens=400, completion_tokens=250, reasoning_tokens=100)
    # 600 at 0.15, 400 at 0.075, all 250 at 0.60 a million: 90 + 30 + 150 millionths of a dollar
    assert cost(at, usage) == 270_000


def test_halves_go_to_the_even_nano() -> None:
    at = price(input="0.0005", output="1")  # half a nano a token
    assert [cost(at, Usage(prompt_tokens=tokens)) for tokens in (1, 2, 3, 5, 7)] == [0, 1, 2, 2, 4]


def test_what_used_nothing_costs_nothing_whatever_the_fee() -> None:
    assert cost(price(input="1", output="1", call="0.01"), Usage()) == 0
    assert cost(price(input="1", output="1", call="0.01"), Usage(prompt_tokens=1)) == 10_001_000


def test_an_engine_that_counts_more_parts_than_the_whole_is_not_followed() -> None:
    at = price(input="1", cached_input="0.5", output="2", reasoning="4")
    usage = Usage(prompt_tokens=10, cached_tokens=99, completion_tokens=1, reasoning_tokens=9)
    assert cost(at, usage) == 10 * 500 + 1 * 4000


def test_what_has_no_rate_is_an_error_that_says_how_to_set_one_and_never_zero() -> None:
    with pytest.raises(UnpricedError, match=r"m has no price for output .*`pleiade price set m --storefront openai"):
        cost(price(input="1"), Usage(prompt_tokens=1, completion_tokens=1))
    with pytest.raises(UnpricedError, match="no price for image"):
        cost(price(input="1", output="1"), Usage(images=1))


def test_the_rate_that_names_an_image_most_closely_is_taken() -> None:
    def rate(amount: str, size: str = "", quality: str = "") -> Rate:
        return Rate(kind=RateKind.IMAGE, amount=amount, size=size, quality=quality)

    at = Price(
        id="p",
        storefront="openai",
        model="picture",
        currency="USD",
        effective=0,
        rates=(rate("0.02"), rate("0.04", "1024x1024"), rate("0.08", "1024x1024", "hd"), rate("0.03", "", "hd")),
    )
    asked = [("1024x1024", "hd"), ("1024x1024", "standard"), ("512x512", "hd"), ("256x256", "")]
    found = [rate_of(at, RateKind.IMAGE, size=size, quality=quality) for size, quality in asked]
    assert [rate.amount for rate in found if rate] == ["0.08", "0.04", "0.03", "0.02"]
    assert cost(at, Usage(images=3), size="1024x1024", quality="hd") == 240_000_000


def test_another_word_for_a_quality_is_no_way_to_a_cheaper_picture() -> None:
    rates = [
        Rate(kind=RateKind.IMAGE, amount=amount, quality=quality)
        for amount, quality in (("0.01", "low"), ("0.04", "standard"), ("0.17", "high"), ("0.30", "max"))
    ]
    at = msgspec.structs.replace(price(), rates=tuple(rates))
    asked = ("low", "medium", "standard", "auto", "high", "hd", "xhigh", "max")
    found = [rate_of(at, RateKind.IMAGE, quality=quality) for quality in asked]
    assert [rate.amount for rate in found if rate] == ["0.01", *["0.04"] * 3, *["0.17"] * 3, "0.30"]
    assert rate_of(at, RateKind.IMAGE, quality="superb") is None


def test_hours_and_training_tokens_are_charged_exactly_also_in_fractions() -> None:
    at = price(provisioned_hour="1.20", training_token="0.000008")
    assert charge(at, {RateKind.PROVISIONED_HOUR: Fraction(1, 3)}) == 400_000_000
    assert charge(at, {RateKind.PROVISIONED_HOUR: Decimal("0.5"), RateKind.TRAINING_TOKEN: 1000}) == 608_000_000
    with pytest.raises(ValueError, match="negative"):
        charge(at, {RateKind.PROVISIONED_HOUR: -1})
