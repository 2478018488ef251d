"""The way from a route to the books: what the rooms of money refuse is told as an answer, in their own words."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Principal
from pleiade.domain.money import nano
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, bad_request, missing_scope
from pleiade.gateway.organization.administration import Administration
from pleiade.invoices import InvoiceError
from pleiade.ledger.errors import LedgerError
from pleiade.prices.errors import PriceError
from pleiade.prices.rules import amount_problem
from pleiade.settlement import SettlementError
from pleiade.tenancy.rights import may

P = ParamSpec("P")
T = TypeVar("T")
REFUSED = (InvoiceError, LedgerError, PriceError, SettlementError)


class Books:
    """The database of the administration, for bills and settlements."""

    def __init__(self, administration: Administration) -> None:
        self.administration = administration

    async def run(self, function: Callable[Concatenate[sa.Engine, P], T], *args: P.args, **options: P.kwargs) -> T:
        """`function(database, …)` in a thread. What it refuses is told as ApiError 400, 404 or 503."""
        try:
            return await self.administration.run(function, *args, **options)
        except REFUSED as error:
            message = str(error)[:1].upper() + str(error)[1:]
            raise ApiError(400, message if message.endswith(".") else message + ".", code="refused") from error


def is_house(principal: Principal, action: str) -> bool:
    """Whether the caller acts for the house, and may do `action` there."""
    return may(principal, action, DEFAULT_ORGANISATION)


def require_member(call: Call, action: str) -> str:
    """The caller's organisation, in which they may do `action`. Raises ApiError 401."""
    organisation = call.principal.organisation
    if not may(call.principal, action, organisation):
        raise missing_scope(action)
    return organisation


def require_house(call: Call, action: str) -> None:
    """Only the house's administrators go on. Raises ApiError 401."""
    if not is_house(call.principal, action):
        raise missing_scope(action)


def nano_of(text: str, param: str, *, signed: bool = False) -> int:
    """The nano of an amount in a request: a decimal string, never a float. Raises ApiError 400."""
    bare = text.strip()
    negative = signed and bare.startswith("-")
    if problem := amount_problem(bare.removeprefix("-") if negative else bare, param):
        raise bad_request(f"Invalid '{param}': {problem}.", param=param, code="invalid_value")
    try:
        return nano(bare)
    except ValueError as error:
        raise bad_request(f"Invalid '{param}': {error}.", param=param, code="invalid_value") from error
