"""Whether a call may reach an engine now: its price, its limits, and where it spills over to."""

import asyncio
import logging
import time

from pleiade.domain import Endpoint, EndpointState, ModelKind, Principal, Usage
from pleiade.domain.limits import Scope
from pleiade.domain.price import Price, RateKind
from pleiade.domain.tenants import Billing
from pleiade.gateway.call import Call
from pleiade.gateway.commerce import Commerce
from pleiade.gateway.directory import Directory, Target
from pleiade.gateway.errors import ApiError, not_for_sale
from pleiade.prices import PriceBook, UnpricedError, cost, missing_rates, rate_of, required_kinds
from pleiade.prices.batch import in_batches
from pleiade.quota import LimiterLostError, Verdict
from pleiade.quota.admission import Cost, CurrencyError, NoCapacityError, corrections, plan
from pleiade.quota.estimate import Estimate
from pleiade.quota.telling import Refusal, lost, refusal, unallotted

logger = logging.getLogger(__name__)

WARN_EVERY_S = 60.0
NAMED_SPILLOVER = b"x-ms-spillover-deployment"  # a caller's own choice (wire-contract §6.2)


class Admission:
    """Asks the limiter for a call, and tells it afterwards what was used."""

    def __init__(self, commerce: Commerce, directory: Directory) -> None:
        self._commerce = commerce
        self._directory = directory
        self._warned: dict[str, float] = {}  # deployment → monotonic seconds

    def price_of(
        self, principal: Principal, target: Target, estimate: Estimate, *, batch: bool = False
    ) -> Price | None:
        """What the caller pays for this model; None for the installation's own use of a model without a price,
        and for moderation, which is free where it has none.

        Raises ApiError 403 for a customer: nothing is sold without a price for all that it uses.
        """
        endpoint = target.endpoint
        price = price_in_force(self._commerce.prices.value, principal, endpoint)
        kind = ModelKind(endpoint.kind)
        if principal.billing is not Billing.INTERNAL and (price is not None or required_kinds(kind)):
            if price is None or missing_rates(price, kind):
                raise not_for_sale(endpoint.deployment)
            of = {"size": estimate.size, "quality": estimate.quality}
            if estimate.images and rate_of(price, RateKind.IMAGE, **of) is None:
                raise not_for_sale(endpoint.deployment, f" for pictures of the size {of['size']} in {of['quality']}")
        return in_batches(price) if batch and price is not None else price

    async def reserve(self, call: Call, target: Target, *, deployment_only: bool = False) -> Verdict | None:
        """The limiter's verdict on `target`; None where nothing limits the call. Raises ApiError where it must not run.

        `deployment_only`: the caller's own limits have been asked already, for another attempt.
        """
        endpoint, book = target.endpoint, self._commerce.limits.value
        limited = book.capacities or book.pooled or book.rates or book.budgets
        if not limited and call.principal.billing is not Billing.PREPAID:
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
                credit=self._commerce.credit,
                batch=call.line is not None,
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
                self._warn(endpoint.deployment, error)
                return None
            raise api_error(call, stance) from error

    def _warn(self, deployment: str, error: LimiterLostError) -> None:
        """Say that a deployment stands open: not for each call, but as long as it is so."""
        now = time.monotonic()
        if now - self._warned.get(deployment, float("-inf")) > WARN_EVERY_S:
            self._warned[deployment] = now
            logger.warning("%s stands open while limits cannot be checked: %s", deployment, error)

    async def settle(self, call: Call) -> None:
        """Correct what was reserved for a call by what it used; where its engine is asked for that, once it told."""
        if not call.verdicts:
            return
        if call.unsettled is not None:
            self._commerce.later(asyncio.create_task(self._settle_after(call.unsettled, call)))
        else:
            await self._correct(call)

    async def _settle_after(self, settling: "asyncio.Task[None]", call: Call) -> None:
        try:
            await asyncio.wait((settling,))
        finally:
            await self._correct(call)

    async def _correct(self, call: Call) -> None:
        answered = call.target.endpoint.deployment if call.target is not None else ""
        for verdict in call.verdicts:
            found = corrections(verdict, call.usage_now, call.cost, answered=answered)
            if found:
                await self._commerce.limiter.settle(found)

    def spillover_of(self, call: Call, target: Target) -> Target | None:
        """The ready deployment of the same model that takes what `target` refuses; None if there is none.

        Another model would be another answer at another price than the ones that the call was reserved for.
        """
        base = self.base_of(call, target)
        if base is not None and base.endpoint.model == target.endpoint.model:
            return base
        named = call.headers.get(NAMED_SPILLOVER, b"").decode("latin-1")
        capacity = self._commerce.limits.value.capacities.get(target.endpoint.deployment)
        name = named or (capacity.spillover if capacity is not None else "")
        other = self._directory.find(name) if name else None
        if other is None or other is target or other.endpoint.model != target.endpoint.model:
            return None
        return other if other.endpoint.state is EndpointState.READY else None

    @staticmethod
    def base_of(call: Call, target: Target) -> Target | None:
        """The deployment that a call was meant for, where the canary `target` cannot take it and that one can."""
        base = call.diverted_from
        if base is None or base is target or base.endpoint.traffic.drained:
            return None
        return base if base.endpoint.state is EndpointState.READY else None


def price_in_force(book: PriceBook, principal: Principal, endpoint: Endpoint) -> Price | None:
    """What the caller pays now; an adapter that has no price of its own is sold as its base. None where none is set."""
    now = time.time()
    own = book.find(principal.storefront, endpoint.model, now)
    return own or (book.find(principal.storefront, endpoint.priced_as, now) if endpoint.priced_as else None)


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
            cost(
                price,
                Usage(prompt_tokens=estimate.prompt, completion_tokens=tokens, images=estimate.images),
                size=estimate.size,
                quality=estimate.quality,
            )
            for tokens in (estimate.completion, max(estimate.completion, estimate.most))
        )
    except UnpricedError:
        return None  # settling says so in the log: the price does not name what the call uses
    return Cost(nano, most, price.currency)
