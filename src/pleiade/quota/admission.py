"""From a caller, a deployment and an estimate to what a limiter is asked; and afterwards to the corrections.

Pure: no clock, no database, no HTTP. What callers are told is in `telling.py`.
"""

from collections.abc import Callable

import msgspec

from pleiade.domain import Principal, Usage
from pleiade.domain.limits import Budget, Capacity, CapacityKind, RateLimit, Scope
from pleiade.domain.tenants import Billing
from pleiade.quota.book import LimitsBook, Shape
from pleiade.quota.buckets import DAY_MS, MINUTE_MS
from pleiade.quota.estimate import Estimate
from pleiade.quota.limiter import Ask, Bucket, Correction, Truing, Unit, Verdict
from pleiade.quota.months import period_of

KEEP_MONEY_MS = 45 * DAY_MS  # a month's sum outlives its month, for calls that end after it
MOST_SHAPES = 20_000  # callers and deployments remembered in a book, some hundred bytes each
_NEVER, _UP, _BOTH = Truing.NEVER, Truing.UP, Truing.BOTH
_WINDOW, _LEAKY, _TOTAL = Bucket.WINDOW, Bucket.LEAKY, Bucket.TOTAL
_REQUESTS, _TOKENS, _IMAGES, _BATCH, _NANO = Unit.REQUESTS, Unit.TOKENS, Unit.IMAGES, Unit.BATCH_TOKENS, Unit.NANO
_CREDIT = Unit.CREDIT


class Cost(msgspec.Struct, frozen=True):
    """What a call is taken to cost, in 10^-9 of the currency's unit."""

    nano: int
    most: int  # what it cannot exceed: asked of hard budgets, so that hard means hard
    currency: str


class Credit(msgspec.Struct, frozen=True):
    """What a prepaid organisation may use in a month, and what the ledger has booked of it, both read together."""

    nano: int  # credits left, and what was booked this month
    booked: int


class NoCapacityError(Exception):
    """The deployment's model has a pool, and the pool has given the deployment nothing."""


class CurrencyError(Exception):
    """A hard budget is in another currency than the call's price, so it cannot be kept."""


def plan(
    principal: Principal,
    *,
    deployment: str,
    model: str,
    estimate: Estimate,
    book: LimitsBook,
    at_ms: int,
    cost: Cost | None = None,
    spent: Callable[[Scope, str, str], int] | None = None,
    credit: Callable[[str, str, str], Credit | None] | None = None,
    batch: bool = False,
) -> tuple[Ask, ...]:
    """Everything that a call must pass; () where nothing limits it.

    `model` is a Model.id; `at_ms` (Unix ms, the gateway's) decides which month a budget is charged to, as in the
    ledger. `cost` is None where nobody pays. `spent` tells the nano that the ledger has booked for a scope, subject and
    month: a budget survives the loss of the limiter's memory. `credit` tells what a prepaid organisation has, by id,
    currency and month (None: whatever it wants). `batch`: a line of a batch, which has limits of its own.
    Raises NoCapacityError, CurrencyError.
    """
    name = (principal.key, principal.project, principal.organisation, deployment, model, batch, principal.billing)
    shape = book.shapes.get(name)
    if shape is None:
        shape = _shape(principal, deployment, model, book, batch)
        if len(book.shapes) >= MOST_SHAPES:
            book.shapes.clear()
        book.shapes[name] = shape
    tokens = estimate.tokens
    asks: list[Ask] = []
    for ask in shape.asks:
        unit = ask.unit
        if unit is _REQUESTS:
            asks.append(ask)
        elif unit is _TOKENS:
            asks.append(_with(ask, tokens))
        elif unit is _BATCH:
            asks.append(_with(ask, estimate.prompt))
        elif estimate.images:
            asks.append(_with(ask, estimate.images))
    if shape.budgets and cost is not None:
        period = period_of(at_ms)
        for budget in shape.budgets:
            if budget.currency == cost.currency:
                asks.append(_money(budget, cost, period, spent))
            elif budget.hard:
                raise CurrencyError(
                    f"the budget of the {budget.scope} {budget.subject} is in {budget.currency} and the price in "
                    f"{cost.currency}: set both in one currency"
                )
    if shape.prepaid and cost is not None and credit is not None:
        period = period_of(at_ms)
        has = credit(principal.organisation, cost.currency, period)
        if has is not None:
            asks.append(_prepaid(principal.organisation, cost, period, has))
    return tuple(asks)


def corrections(verdict: Verdict, usage: Usage | None, cost_nano: int = 0, *, answered: str = "") -> list[Correction]:
    """What to settle once a call has ended with `usage` (None: it used nothing) and cost `cost_nano`.

    `answered`: the deployment that did; another one, which was asked before, was not used.
    Requests stay counted. A standard deployment is corrected upwards only; a provisioned one does not count what its
    cache knew (wire-contract §8).
    """
    usage = usage or Usage()
    found = []
    for ask in verdict.asks:
        if ask.truing is _NEVER:
            continue
        if answered and ask.scope is Scope.DEPLOYMENT and ask.subject != answered:
            actual = 0
        elif ask.unit is _TOKENS:
            actual = usage.total_tokens - (usage.cached_tokens if ask.bucket is _LEAKY else 0)
        elif ask.bucket is _TOTAL:
            actual = cost_nano
        else:
            actual = usage.images
        delta = actual - ask.amount
        if delta > 0 or (delta and ask.truing is _BOTH) or ask.bucket is _TOTAL:  # a total must hear of every end
            found.append(Correction(ask, delta, verdict.at_ms))
    return found


def _shape(principal: Principal, deployment: str, model: str, book: LimitsBook, batch: bool) -> Shape:
    """What every call of that caller to that deployment must pass, but for its amounts. Raises NoCapacityError."""
    asks: list[Ask] = []
    if not batch:
        capacity = book.capacity(deployment, model)
        if capacity is None:
            raise NoCapacityError(
                f"{deployment} has no capacity: {model} has a pool, and {deployment} no slice of it. "
                f"Its operator gives it one: pleiade quota capacity {deployment} UNITS"
            )
        if capacity.units:
            asks += _of_deployment(deployment, capacity)
    subjects = (
        (Scope.KEY, principal.key),
        (Scope.PROJECT, principal.project),
        (Scope.ORGANISATION, principal.organisation),
    )
    for scope, subject in subjects:
        for of_model in (model, ""):
            rate = book.rates.get((scope, subject, of_model))
            if rate is not None:
                asks += _of_rate(scope, subject, of_model, rate, batch)
    budgets = [budget for who in subjects if (budget := book.budgets.get(who)) is not None]
    prepaid = principal.billing is Billing.PREPAID and (Scope.ORGANISATION, principal.organisation) not in book.budgets
    return Shape(tuple(asks), tuple(budgets), prepaid)


def _of_deployment(name: str, capacity: Capacity) -> list[Ask]:
    scope, tokens, requests = Scope.DEPLOYMENT, capacity.tokens_per_minute, capacity.requests_per_minute
    if capacity.kind is CapacityKind.PROVISIONED:  # tokens alone count there (wire-contract §8)
        key = _key("level", scope, name)
        return [Ask(key, _LEAKY, 0, tokens, MINUTE_MS, 0, True, _TOKENS, scope, name, _BOTH)]
    slice_ms = capacity.slice_s * 1000
    in_slice = -(-requests * slice_ms // MINUTE_MS)  # rounded up: the minute's own counter keeps the rest
    return [
        _window("tpm", scope, name, "", _TOKENS, tokens, MINUTE_MS, _UP),
        _window("rpm", scope, name, "", _REQUESTS, requests, MINUTE_MS),
        _window(f"r{capacity.slice_s}s", scope, name, "", _REQUESTS, in_slice, slice_ms, shown=False),
    ]


def _of_rate(scope: Scope, subject: str, model: str, rate: RateLimit, batch: bool) -> list[Ask]:
    if batch:
        limits = [("btpd", _BATCH, rate.batch_1_day_max_input_tokens, DAY_MS, _NEVER)]
    else:
        limits = [
            ("tpm", _TOKENS, rate.max_tokens_per_1_minute, MINUTE_MS, _BOTH),
            ("rpm", _REQUESTS, rate.max_requests_per_1_minute, MINUTE_MS, _NEVER),
            ("rpd", _REQUESTS, rate.max_requests_per_1_day, DAY_MS, _NEVER),
            ("ipm", _IMAGES, rate.max_images_per_1_minute, MINUTE_MS, _BOTH),
        ]
    return [
        _window(name, scope, subject, model, unit, limit, period_ms, truing)
        for name, unit, limit, period_ms, truing in limits
        if limit is not None
    ]


def _money(budget: Budget, cost: Cost, period: str, spent: Callable[[Scope, str, str], int] | None) -> Ask:
    scope, subject, hard = budget.scope, budget.subject, budget.hard
    key = f"money\x1f{scope}\x1f{subject}\x1f{period} {budget.currency}"
    floor = spent(scope, subject, period) if spent else 0
    amount = cost.most if hard else cost.nano
    return Ask(key, _TOTAL, amount, budget.nano, KEEP_MONEY_MS, floor, hard, _NANO, scope, subject, _BOTH, False)


def _prepaid(organisation: str, cost: Cost, period: str, credit: Credit) -> Ask:
    scope, limit = Scope.ORGANISATION, max(0, credit.nano)
    key = f"credit\x1f{scope}\x1f{organisation}\x1f{period} {cost.currency}"
    of = (_CREDIT, scope, organisation, _BOTH, False)
    return Ask(key, _TOTAL, cost.most, limit, KEEP_MONEY_MS, credit.booked, True, *of)


def _with(ask: Ask, amount: int) -> Ask:
    """The same ask for another amount (msgspec's own `replace` takes three times as long)."""
    return Ask(
        *(ask.key, ask.bucket, amount, ask.limit, ask.period_ms, 0, True, ask.unit),
        *(ask.scope, ask.subject, ask.truing, ask.shown),
    )


def _window(
    name: str,
    scope: Scope,
    subject: str,
    model: str,
    unit: Unit,
    limit: int,
    period_ms: int,
    truing: Truing = _NEVER,
    *,
    shown: bool = True,
) -> Ask:
    key = _key(name, scope, subject, model)
    return Ask(key, _WINDOW, 1, limit, period_ms, 0, True, unit, scope, subject, truing, shown)


def _key(*parts: str) -> str:
    """Names a bucket. Names hold what they want but control characters, so this cannot be two buckets at once."""
    return "\x1f".join(parts)
