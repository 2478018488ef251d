"""All limits in memory, as one moment knew them: a gateway asks this book, and no database, about each call."""

from collections.abc import Mapping

import msgspec

from pleiade.domain.limits import Budget, Capacity, RateLimit, Scope
from pleiade.quota.limiter import Ask

UNLIMITED = Capacity()


class Shape(msgspec.Struct, frozen=True):
    """What calls of one caller to one deployment must pass: asks that lack their amounts, and budgets."""

    asks: tuple[Ask, ...]
    budgets: tuple[Budget, ...]
    prepaid: bool  # it may use what credits it has; a budget of the organisation's own stands above that


class LimitsBook(msgspec.Struct, frozen=True, kw_only=True):
    """Every limit there is. Whatever is not in it is not limited."""

    version: int = 0
    capacities: Mapping[str, Capacity] = {}  # by deployment
    pooled: frozenset[str] = frozenset()  # models with a pool: a deployment of theirs without a slice serves nobody
    rates: Mapping[tuple[Scope, str, str], RateLimit] = {}  # by scope, subject and model ("" = all models together)
    budgets: Mapping[tuple[Scope, str], Budget] = {}  # by scope and subject
    shapes: dict[tuple[object, ...], Shape] = {}  # filled by admission: worked out once a caller, deployment and book

    def capacity(self, deployment: str, model: str) -> Capacity | None:
        """A deployment's capacity; None where its model's pool has given it none."""
        capacity = self.capacities.get(deployment, UNLIMITED)
        return None if not capacity.units and model in self.pooled else capacity
