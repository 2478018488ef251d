"""Whether a call may reach an engine now: its price, its limits, and where it spills over to."""

import logging
import time

from pleiade.domain import EndpointState, Principal, Usage
from pleiade.domain.limits import Scope
from pleiade.domain.price import Price
from pleiade.domain.tenants import Billing
from pleiade.gateway.call import Call
from pleiade.gateway.commerce import Commerce
from pleiade.gateway.directory import Directory, Target
from pleiade.gateway.errors import ApiError, not_for_sale
from pleiade.prices import UnpricedError, cost
from pleiade.quota import LimiterLostError, Verdict
from pleiade.quota.admission import Cost, CurrencyError, NoCapacityError, corrections, plan
from pleiade.quota.estimate import Estimate
from pleiade.quota.telling import Refusal, lost, refusal, unallotted

logger = logging.getLogger(__name__)

NAMED_SPILLOVER = b"x-ms-spillover-deployment"  # a caller's own choice (wire-contract §6.2)


class Admission:
    """Asks the limiter for a call, and tells it afterwards what was used."""

    def __init__(self, commerce: Commerce, directory: Directory) -> None:
        self._commerce = commerce
        self._directory = directory

    def price_of(self, principal: Principal, target: Target) -> Price | None:
        """What the caller pays for this model; None for the installation's own use of a model without a price.

        Raises ApiError 403 for a customer: nothing is sold without a price.
        """
        endpoint = target.endpoint
        price = self._commerce.prices.value.find(principal.storefront, endpoint.model, time.time())
        if price is None and principal.billing is not Billing.INTERNAL:
            raise not_for_sale(endpoint.deployment)
        return price

    async def reserve(self, call: Call, target: Target, *, deployment_only: bool = False) -> Verdict | None:
        """The limiter's verdict on `target`; None where nothing limits the call. Raises ApiError where it must not run.

        `deployment_only`: the caller's own limits have been asked already, for another attempt.
        """
        endpoint, book = target.endpoint, self._commerce.limits.value
        if not (book.capacities or book.pooled or book.rates or book.budgets):
            return None
        assert call.estimate is not None
        try:
            asks = plan(
                call.principal,
                deployment=endpoint.deployment,
                model=endpoint.model,
                estimate=call.estimate,
                book=book,
                at_ms=int(time.time() * 1000),
                cost=_expected_cost(call.price, call.estimate),
                spent=self._commerce.spent,
            )
        except (NoCapacityError, CurrencyError) as error:
            raise api_error(call, unallotted(str(error))) from error
        if deployment_only:
            asks = tuple(ask for ask in asks if ask.scope is Scope.DEPLOYMENT)
        if not asks:
            return None
        try:
            return await self._commerce.limiter.reserve(asks)
        except LimiterLostError as error:
            capacity = book.capacity(endpoint.deployment, endpoint.model)
            stance = lost(capacity) if capacity is not None else None
            if stance is None:
                logger.warning("%s stands open while limits cannot be checked: %s", endpoint.deployment, error)
                return None
            raise api_error(call, stance) from error

    async def settle(self, verdict: Verdict | None, usage: Usage | None, cost_nano: int) -> None:
        """Correct what was reserved by what was used."""
        if verdict is not None:
            found = corrections(verdict, usage, cost_nano)
            if found:
                await self._commerce.limiter.settle(found)

    def spillover_of(self, call: Call, target: Target) -> Target | None:
        """The ready deployment that takes what `target` refuses; None if there is none."""
        named = call.headers.get(NAMED_SPILLOVER, b"").decode("latin-1")
        capacity = self._commerce.limits.value.capacities.get(target.endpoint.deployment)
        name = named or (capacity.spillover if capacity is not None else "")
        other = self._directory.find(name) if name else None
        if other is None or other is target or other.endpoint.kind != target.endpoint.kind:
            return None
        return other if other.endpoint.state is EndpointState.READY else None


def refused(call: Call, verdict: Verdict) -> ApiError:
    """The 429 (or, over a budget, Azure's 403) of a refused reservation, in the caller's words."""
    told = refusal(verdict, model=call.model, operation=call.operation, api_version=call.api_version)
    return api_error(call, told)


def by_deployment(verdict: Verdict) -> bool:
    """Whether it was the deployment that was full, and not the caller's own limit."""
    return verdict.asks[verdict.failed].scope is Scope.DEPLOYMENT


def api_error(call: Call, told: Refusal) -> ApiError:
    """A refusal as the caller's dialect says it."""
    if call.dialect.name == "azure":
        return ApiError(
            told.azure_status,
            told.azure_message,
            type=None,
            code=told.azure_code,
            retry_after_s=told.retry_after_s,
            headers=told.azure_headers,
        )
    return ApiError(
        told.status,
        told.message,
        type=told.type,
        code=told.code,
        retry_after_s=told.retry_after_s,
        headers=told.headers,
    )


def _expected_cost(price: Price | None, estimate: Estimate) -> Cost | None:
    if price is None:
        return None
    try:
        nano, most = (
            cost(price, Usage(prompt_tokens=estimate.prompt, completion_tokens=tokens, images=estimate.images))
            for tokens in (estimate.completion, max(estimate.completion, estimate.most))
        )
    except UnpricedError:
        return None  # settling says so in the log: the price does not name what the call uses
    return Cost(nano, most, price.currency)
