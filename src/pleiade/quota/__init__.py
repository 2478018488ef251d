"""Limits: capacity of deployments, rates of callers, budgets in money; what is asked of a limiter and what it means.

This room knows the store and the domain; it does not know HTTP routes, engines, nor how a call is settled in the books.
"""

from pleiade.quota.admission import Cost, Credit, CurrencyError, NoCapacityError, corrections, plan
from pleiade.quota.book import LimitsBook
from pleiade.quota.choice import choose_limiter
from pleiade.quota.errors import LimitsError
from pleiade.quota.estimate import Estimate, estimate
from pleiade.quota.limiter import Ask, Bucket, Correction, Limiter, LimiterLostError, Standing, Truing, Unit, Verdict
from pleiade.quota.memory import MemoryLimiter
from pleiade.quota.telling import Refusal, lost, rate_headers, refusal, spillover_headers, unallotted

__all__ = [
    "Ask",
    "Bucket",
    "Correction",
    "Cost",
    "Credit",
    "CurrencyError",
    "Estimate",
    "Limiter",
    "LimiterLostError",
    "LimitsBook",
    "LimitsError",
    "MemoryLimiter",
    "NoCapacityError",
    "Refusal",
    "Standing",
    "Truing",
    "Unit",
    "Verdict",
    "choose_limiter",
    "corrections",
    "estimate",
    "lost",
    "plan",
    "rate_headers",
    "refusal",
    "spillover_headers",
    "unallotted",
]
