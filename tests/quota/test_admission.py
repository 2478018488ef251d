"""From a caller and a deployment to what is asked, corrected and told."""

import msgspec
import pytest

from pleiade.domain import Principal, Role, Usage
from pleiade.domain.limits import Budget, Capacity, CapacityKind, RateLimit, Scope
from pleiade.domain.tenants import Billing
from pleiade.quota import (
    Bucket,
    Cost,
    Credit,
    CurrencyError,
    Estimate,
    LimitsBook,
    MemoryLimiter,
    NoCapacityError,
    Truing,
    Unit,
    corrections,
    plan,
)
from pleiade.quota.admission import MOST_SHAPES

ANN = Principal(key="key_1", project="proj_1", organisation="org-1", role=Role.MEMBER)
NOW = 1_763_812_830_000
ESTIMATE = Estimate(prompt=100, completion=50, most=400)


def asked(book: LimitsBook, **more: object):
    given = {"deployment": "gpt", "model": "pico", "estimate": ESTIMATE, "book": book, "at_ms": NOW, **more}
    return plan(ANN, **given)


def test_what_nothing_limits_asks_for_nothing() -> None:
    assert asked(LimitsBook()) == ()
    assert asked(LimitsBook(capacities={"other": Capacity(units=1)})) == ()


def test_a_standard_deployment_asks_for_tokens_requests_and_a_slice() -> None:
    tokens, requests, slice_ = asked(LimitsBook(capacities={"gpt": Capacity(units=100)}))
    assert (tokens.amount, tokens.limit, tokens.period_ms, tokens.truing) == (150, 100_000, 60_000, Truing.UP)
    assert (requests.amount, requests.limit, requests.period_ms, requests.truing) == (1, 600, 60_000, Truing.NEVER)
    assert (slice_.limit, slice_.period_ms, slice_.shown) == (10, 1000, False)


def test_a_slice_of_ten_seconds_lets_few_requests_be_uneven() -> None:
    book = LimitsBook(capacities={"gpt": Capacity(units=1, slice_s=10)})
    _, requests, slice_ = asked(book)
    assert (requests.limit, slice_.limit, slice_.period_ms) == (6, 1, 10_000)


def test_a_provisioned_deployment_asks_its_leaky_bucket_alone() -> None:
    book = LimitsBook(capacities={"gpt": Capacity(units=3, kind=CapacityKind.PROVISIONED)})
    (ask,) = asked(book)
    assert (ask.bucket, ask.amount, ask.limit, ask.truing) == (Bucket.LEAKY, 150, 3000, Truing.BOTH)


def test_a_pool_without_a_slice_serves_nobody() -> None:
    book = LimitsBook(pooled=frozenset({"pico"}), capacities={"redeployed": Capacity()})
    for name in ("gpt", "redeployed"):
        with pytest.raises(NoCapacityError, match=f"pleiade quota capacity {name}"):
            asked(book, deployment=name)
    assert asked(book, model="another") == ()


def test_key_project_and_organisation_are_asked_for_the_model_and_for_all() -> None:
    book = LimitsBook(
        rates={
            (Scope.KEY, "key_1", ""): RateLimit(max_requests_per_1_minute=5),
            (Scope.PROJECT, "proj_1", "pico"): RateLimit(max_tokens_per_1_minute=900, max_requests_per_1_day=7),
            (Scope.PROJECT, "proj_1", "other"): RateLimit(max_tokens_per_1_minute=1),
            (Scope.ORGANISATION, "org-1", ""): RateLimit(max_tokens_per_1_minute=9000),
            (Scope.ORGANISATION, "org-2", ""): RateLimit(max_tokens_per_1_minute=1),
        }
    )
    found = {(ask.scope, ask.unit, ask.amount, ask.limit, ask.truing) for ask in asked(book)}
    assert found == {
        (Scope.KEY, Unit.REQUESTS, 1, 5, Truing.NEVER),
        (Scope.PROJECT, Unit.TOKENS, 150, 900, Truing.BOTH),
        (Scope.PROJECT, Unit.REQUESTS, 1, 7, Truing.NEVER),
        (Scope.ORGANISATION, Unit.TOKENS, 150, 9000, Truing.BOTH),
    }
    assert len({ask.key for ask in asked(book)}) == 4


def test_pictures_and_batches_have_limits_of_their_own() -> None:
    rate = RateLimit(max_images_per_1_minute=4, batch_1_day_max_input_tokens=1000, max_requests_per_1_minute=9)
    book = LimitsBook(capacities={"gpt": Capacity(units=1)}, rates={(Scope.PROJECT, "proj_1", ""): rate})
    (batch,) = asked(book, batch=True)
    assert (batch.unit, batch.amount, batch.limit) == (Unit.BATCH_TOKENS, 100, 1000)
    pictures = [ask for ask in asked(book, estimate=Estimate(10, images=3)) if ask.unit is Unit.IMAGES]
    assert [(ask.amount, ask.limit) for ask in pictures] == [(3, 4)]


def test_a_hard_budget_is_asked_for_the_most_a_soft_one_for_the_expected() -> None:
    budgets = {
        (Scope.KEY, "key_1"): Budget(scope=Scope.KEY, subject="key_1", nano=10**9, currency="USD"),
        (Scope.PROJECT, "proj_1"): Budget(scope=Scope.PROJECT, subject="proj_1", nano=5, currency="USD", hard=False),
    }
    book = LimitsBook(budgets=budgets)
    assert asked(book) == ()  # nobody pays
    hard, soft = asked(book, cost=Cost(70, 500, "USD"), spent=lambda scope, subject, period: len(subject))
    assert (hard.amount, hard.limit, hard.enforced, hard.floor) == (500, 10**9, True, 5)
    assert (soft.amount, soft.limit, soft.enforced, soft.floor) == (70, 5, False, 6)
    assert "2025-11" in hard.key
    (december, _) = asked(book, cost=Cost(70, 500, "USD"), at_ms=NOW + 10 * 86_400_000)
    assert "2025-12" in december.key


def test_a_hard_budget_in_another_currency_is_refused_a_soft_one_left_out() -> None:
    hard = Budget(scope=Scope.KEY, subject="key_1", nano=10**9, currency="EUR")
    with pytest.raises(CurrencyError, match="EUR and the price in USD"):
        asked(LimitsBook(budgets={(Scope.KEY, "key_1"): hard}), cost=Cost(1, 1, "USD"))
    soft = Budget(scope=Scope.KEY, subject="key_1", nano=10**9, currency="EUR", hard=False)
    assert asked(LimitsBook(budgets={(Scope.KEY, "key_1"): soft}), cost=Cost(1, 1, "USD")) == ()


BOOK = LimitsBook(
    capacities={"gpt": Capacity(units=1), "ptu": Capacity(units=1, kind=CapacityKind.PROVISIONED)},
    rates={(Scope.PROJECT, "proj_1", ""): RateLimit(max_tokens_per_1_minute=1000, max_requests_per_1_minute=10)},
    budgets={(Scope.KEY, "key_1"): Budget(scope=Scope.KEY, subject="key_1", nano=10**9, currency="USD")},
)


@pytest.mark.parametrize(
    ("deployment", "usage", "cost", "expected"),
    [
        # standard: never down; the project's tokens and the key's money both ways
        ("gpt", Usage(prompt_tokens=80, completion_tokens=20), 40, {"project": -50, "key": -460}),
        ("gpt", Usage(prompt_tokens=80, completion_tokens=90), 600, {"deployment": 20, "project": 20, "key": 100}),
        ("gpt", None, 0, {"project": -150, "key": -500}),
        ("gpt", Usage(prompt_tokens=100, completion_tokens=50), 500, {"key": 0}),  # a total hears of every end
        # provisioned: both ways, without what the cache knew
        ("ptu", Usage(prompt_tokens=100, completion_tokens=50, cached_tokens=90), 500, {"deployment": -90, "key": 0}),
    ],
)
async def test_each_bucket_is_corrected_its_own_way(deployment: str, usage, cost: int, expected: dict) -> None:
    verdict = await MemoryLimiter().reserve(asked(BOOK, deployment=deployment, cost=Cost(70, 500, "USD")))
    found = corrections(verdict, usage, cost)
    assert {entry.ask.scope.value: entry.delta for entry in found} == expected
    assert all(entry.at_ms == verdict.at_ms for entry in found)


PREPAID = msgspec.structs.replace(ANN, billing=Billing.PREPAID)


def of_prepaid(book: LimitsBook, **more: object):
    given = {"deployment": "gpt", "model": "pico", "estimate": ESTIMATE, "book": book, "at_ms": NOW, **more}
    return plan(PREPAID, cost=Cost(70, 500, "USD"), credit=lambda org, currency, month: Credit(900, 300), **given)


async def test_a_prepaid_organisation_uses_what_it_has() -> None:
    limiter = MemoryLimiter()
    (ask,) = asks = of_prepaid(LimitsBook())
    assert (ask.unit, ask.scope, ask.subject) == (Unit.CREDIT, Scope.ORGANISATION, "org-1")
    first = await limiter.reserve(asks)
    assert (first.allowed, first.levels) == (True, (800,))  # 300 booked, 500 held of 900
    assert not (await limiter.reserve(asks)).allowed
    await limiter.settle(corrections(first, Usage(), 40))
    assert (await limiter.reserve(asks)).levels == (840,)


def test_only_those_who_prepay_are_asked_and_a_budget_of_their_own_stands_above() -> None:
    credit = {"cost": Cost(70, 500, "USD"), "credit": lambda org, currency, month: Credit(0, 0)}
    assert asked(LimitsBook(), **credit) == ()
    own = Budget(scope=Scope.ORGANISATION, subject="org-1", nano=10**9, currency="USD", hard=False)
    book = LimitsBook(budgets={(Scope.ORGANISATION, "org-1"): own})
    assert [ask.unit for ask in of_prepaid(book)] == [Unit.NANO]


def test_callers_are_remembered_apart_and_not_without_end() -> None:
    book = LimitsBook(rates={(Scope.KEY, "key_7", ""): RateLimit(max_requests_per_1_minute=5)})
    for number in [*range(MOST_SHAPES + 50), 7]:
        caller = Principal(key=f"key_{number}", project="p", organisation="o", role=Role.MEMBER)
        found = plan(caller, deployment="gpt", model="pico", estimate=ESTIMATE, book=book, at_ms=NOW)
        assert len(found) == (1 if number == 7 else 0)
    assert len(book.shapes) <= MOST_SHAPES
