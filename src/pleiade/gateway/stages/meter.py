"""Every call of a model is in the ledger: reserved before an engine is asked, settled exactly once after."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pleiade.domain.books import Outcome, Reservation
from pleiade.gateway.call import CLIENT_CLOSED, Call
from pleiade.gateway.errors import ApiError, timed_out, unavailable
from pleiade.gateway.lost_usage import settle_cut_off
from pleiade.gateway.metering import NOTHING, MeteredAnswer, Metering
from pleiade.ledger import LedgerError

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

_FILTERED_CODES = ("content_filter", "content_policy_violation")
_TIMEOUTS = ("timeout", "first_byte_timeout")
_OURS = (*_TIMEOUTS, "draining")  # reasons for cutting a call that are not its caller's


class Meter:
    """Writes to the journal; a call that it cannot reserve does not run."""

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        self._gateway = gateway
        assert gateway.commerce is not None
        self._commerce = gateway.commerce

    async def __call__(self, call: Call) -> None:
        """Raises ApiError 503 where the ledger cannot be written."""
        try:
            metering = Metering(call, self._commerce.journal, call.price, _reservation(call))
        except LedgerError as error:
            raise unavailable(f"The ledger cannot be written, so no call is taken: {error}", 5.0) from error
        inner, call.answer = call.answer, MeteredAnswer(call.answer, metering)
        try:
            await self._next(call)
            metering.settle(Outcome.COMPLETED)
        except asyncio.CancelledError:
            if not call.answer.started:
                call.status = _status_of_cut(call)
            outcome = Outcome.FAILED if call.cut in _OURS else Outcome.CANCELLED
            self._settle_cut_off(call, metering, outcome)
            raise
        except ApiError as error:
            if not call.answer.started:
                call.status, _ = call.dialect.error(error)
            if error.status >= 500:
                self._settle_cut_off(call, metering, Outcome.FAILED)
            else:  # the engine refused the request: it used nothing
                outcome = Outcome.FILTERED if error.code in _FILTERED_CODES else Outcome.FAILED
                metering.settle(outcome, call.usage_now or NOTHING)
            raise
        except Exception:
            self._settle_cut_off(call, metering, Outcome.FAILED)
            raise
        finally:
            metering.settle(Outcome.FAILED)
            call.answer = inner

    def _settle_cut_off(self, call: Call, metering: Metering, outcome: Outcome) -> None:
        """Settle what broke off: at once where its usage is known, else when the engine has been asked for it."""
        if metering.settled or call.usage_now is not None or call.line is not None:
            metering.settle(outcome)
        elif not call.attempts:
            metering.settle(outcome, NOTHING)
        else:
            metering.hand_over()
            call.unsettled = asyncio.create_task(settle_cut_off(self._gateway.session, call, metering, outcome))
            self._commerce.later(call.unsettled)


def _status_of_cut(call: Call) -> int:
    """What the caller is told instead of an answer."""
    if call.cut in _TIMEOUTS:
        return call.dialect.error(timed_out(""))[0]
    return 503 if call.cut == "draining" else CLIENT_CLOSED


def _reservation(call: Call) -> Reservation:
    principal, target, price = call.principal, call.target, call.price
    assert target is not None
    return Reservation(
        call=call.name,
        organisation=principal.organisation,
        project=principal.project,
        key=principal.key,
        user=principal.user,
        storefront=principal.storefront,
        billing=principal.billing,
        deployment=target.endpoint.deployment,
        model=target.endpoint.model,
        price=price.id if price is not None else "",
        currency=price.currency if price is not None else "",
        operation=call.operation,
        stream=call.stream,
        image_size=call.estimate.size if call.estimate is not None else "",
        image_quality=call.estimate.quality if call.estimate is not None else "",
        estimate=call.estimate.tokens if call.estimate is not None else 0,
        on_answer=call.line is not None,
    )
