"""From a caller, a deployment and an estimate to what a limiter is asked; and afterwards to the corrections.

Pure: no clock, no database, no HTTP. What callers are told is in `telling.py`.
"""

from collections.abc import Callable

import msgspec

from pleiade.domain import Principal, Usage
from pleiade.domain.limits import Capacity, CapacityKind, RateLimit, Scope
from pleiade.quota.book import LimitsBook
from pleiade.quota.buckets import DAY_MS, MINUTE_MS
from pleiade.quota.estimate import Estimate
from pleiade.quota.limiter import Ask, Bucket, Correction, Truing, Unit, Verdict
from pleiade.quota.months import period_of

KEEP_MONEY_MS = 45 * DAY_MS  # a month's sum outlives its month, for calls that end after it
_NEVER, _UP, _BOTH = Truing.NEVER, Truing.UP, Truing.BOTH
_WINDOW, _LEAKY, _TOTAL = Bucket.WINDOW, Bucket.LEAKY, Bucket.TOTAL
_REQUESTS, _TOKENS, _IMAGES, _BATCH, _NANO = Unit.REQUESTS, Unit.TOKENS, Unit.IMAGES, Unit.BATCH_TOKENS, Unit.NANO


class Cost(msgspec.Struct, frozen=True):
    """What a call is taken to cost, in 10^-9 of the currency's unit."""

    nano: int
    most: int  # what it cannot exceed: asked of hard budgets, so that hard means hard
    currency: str


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
    batch: bool = False,
) -> tuple[Ask, ...]:
    """Everything that a call must pass; () where nothing limits it.

    `model` is a Model.id; `at_ms` (Unix ms, the gateway's) decides which month a budget is charged to, as in the
    ledger. `cost` is None where nobody pays. `spent` tells the nano that the ledger has booked for a scope, subject and
    month: a budget survives the loss of the limiter's memory. `batch`: a line of a batch, which has limits of its
    own. Raises NoCapacityError, CurrencyError.
    """
    asks: list[Ask] = []
    if not batch:
        capacity = book.capacity(deployment, model)
        if capacity is None:
            raise NoCapacityError(
                f"{deployment} has no capacity: {model} has a pool, and {deployment} no slice of it. "
                f"Its operator gives it one: pleiade quota capacity {deployment} UNITS"
            )
        if capacity.units:
            _ask_deployment(asks, deployment, capacity, estimate)
    subjects = (
        (Scope.KEY, principal.key),
        (Scope.PROJECT, principal.project),
        (Scope.ORGANISATION, principal.organisation),
    )
    if book.rates:
        for scope, subject in subjects:
            for of_model in (model, ""):
                rate = book.rates.get((scope, subject, of_model))
                if rate is not None:
                    _ask_rate(asks, scope, subject, of_model, rate, estimate, batch)
    if book.budgets and cost is not None:
        for scope, subject in subjects:
            _ask_budget(asks, scope, subject, book, cost, at_ms, spent)
    return tuple(asks)


def corrections(verdict: Verdict, usage: Usage | None, cost_nano: int = 0) -> list[Correction]:
    """What to settle once a call has ended with `usage` (None: it used nothing) and cost `cost_nano`.

    Requests stay counted. A standard deployment is corrected upwards only; a provisioned one does not count what its
    cache knew (wire-contract §8).
    """
    usage = usage or Usage()
    found = []
    for ask in verdict.asks:
        if ask.truing is _NEVER:
            continue
        if ask.unit is _TOKENS:
            actual = usage.total_tokens - (usage.cached_tokens if ask.bucket is _LEAKY else 0)
        elif ask.unit is _NANO:
            actual = cost_nano
        else:
            actual = usage.images
        delta = actual - ask.amount
        if delta > 0 or (delta and ask.truing is _BOTH) or ask.bucket is _TOTAL:  # a total must hear of every end
            found.append(Correction(ask, delta, verdict.at_ms))
    return found


def _ask_deployment(asks: list[Ask], name: str, capacity: Capacity, estimate: Estimate) -> None:
    scope, tokens, requests = Scope.DEPLOYMENT, capacity.tokens_per_minute, capacity.requests_per_minute
    if capacity.kind is CapacityKind.PROVISIONED:  # tokens alone count there (wire-contract §8)
        key = _key("level", scope, name)
        asks.append(Ask(key, _LEAKY, estimate.tokens, tokens, MINUTE_MS, 0, True, _TOKENS, scope, name, _BOTH))
        return
    asks.append(_window("tpm", scope, name, "", _TOKENS, estimate.tokens, tokens, MINUTE_MS, _UP))
    asks.append(_window("rpm", scope, name, "", _REQUESTS, 1, requests, MINUTE_MS))
    slice_ms = capacity.slice_s * 1000
    in_slice = -(-requests * slice_ms // MINUTE_MS)  # rounded up: the minute's own counter keeps the rest
    asks.append(_window(f"r{capacity.slice_s}s", scope, name, "", _REQUESTS, 1, in_slice, slice_ms, shown=False))


def _ask_rate(
    asks: list[Ask], scope: Scope, subject: str, model: str, rate: RateLimit, estimate: Estimate, batch: bool
) -> None:
    if batch:
        if (limit := rate.batch_1_day_max_input_tokens) is not None:
            asks.append(_window("btpd", scope, subject, model, _BATCH, estimate.prompt, limit, DAY_MS))
        return
    if (limit := rate.max_tokens_per_1_minute) is not None:
        asks.append(_window("tpm", scope, subject, model, _TOKENS, estimate.tokens, limit, MINUTE_MS, _BOTH))
    if (limit := rate.max_requests_per_1_minute) is not None:
        asks.append(_window("rpm", scope, subject, model, _REQUESTS, 1, limit, MINUTE_MS))
    if (limit := rate.max_requests_per_1_day) is not None:
        asks.append(_window("rpd", scope, subject, model, _REQUESTS, 1, limit, DAY_MS))
    if (limit := rate.max_images_per_1_minute) is not None and estimate.images:
        asks.append(_window("ipm", scope, subject, model, _IMAGES, estimate.images, limit, MINUTE_MS, _BOTH))


def _ask_budget(
    asks: list[Ask],
    scope: Scope,
    subject: str,
    book: LimitsBook,
    cost: Cost,
    at_ms: int,
    spent: Callable[[Scope, str, str], int] | None,
) -> None:
    budget = book.budgets.get((scope, subject))
    if budget is None:
        return
    if budget.currency != cost.currency:
        if budget.hard:
            raise CurrencyError(
                f"the budget of the {scope} {subject} is in {budget.currency} and the price in {cost.currency}: "
                "set both in one currency"
            )
        return
    amount = cost.most if budget.hard else cost.nano
    period = period_of(at_ms)
    floor = spent(scope, subject, period) if spent else 0
    key = _key("money", scope, subject, f"{period} {budget.currency}")
    shown = False
    asks.append(
        Ask(key, _TOTAL, amount, budget.nano, KEEP_MONEY_MS, floor, budget.hard, _NANO, scope, subject, _BOTH, shown)
    )


def _window(
    name: str,
    scope: Scope,
    subject: str,
    model: str,
    unit: Unit,
    amount: int,
    limit: int,
    period_ms: int,
    truing: Truing = _NEVER,
    *,
    shown: bool = True,
) -> Ask:
    key = _key(name, scope, subject, model)
    return Ask(key, _WINDOW, amount, limit, period_ms, 0, True, unit, scope, subject, truing, shown)


def _key(*parts: str) -> str:
    """Names a bucket. Names hold what they want but control characters, so this cannot be two buckets at once."""
    return "\x1f".join(parts)
