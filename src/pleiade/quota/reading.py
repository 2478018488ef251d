"""Reading the book of limits from the database."""

import sqlalchemy as sa

from pleiade.quota.book import LimitsBook
from pleiade.quota.budgets import list_budgets
from pleiade.quota.capacity import list_pools, list_slices
from pleiade.quota.rates import list_rates
from pleiade.store import version_of


def limits_version(db: sa.Engine) -> int:
    """Grows with every change of a limit: who holds a book polls this."""
    return version_of(db, "limits")


def limits_book(db: sa.Engine) -> LimitsBook:
    """All limits. A change made while they are read makes the version grow, and the next look reads it. StoreError."""
    version = limits_version(db)
    return LimitsBook(
        version=version,
        capacities={entry.deployment: entry.capacity for entry in list_slices(db)},
        pooled=frozenset(pool.model for pool in list_pools(db)),
        rates={(entry.scope, entry.subject, entry.model): entry.rate for entry in list_rates(db)},
        budgets={(budget.scope, budget.subject): budget for budget in list_budgets(db)},
    )
