"""Limits: capacity of deployments, rates of callers, budgets in money; what is asked of a limiter and what it means.

This room knows the store and the domain; it does not know HTTP routes, engines, nor how a call is settled in the books.
"""

from pleiade.quota.limiter import Ask, Bucket, Correction, Limiter, LimiterLostError, Standing, Truing, Unit, Verdict
from pleiade.quota.memory import MemoryLimiter

__all__ = [
    "Ask",
    "Bucket",
    "Correction",
    "Limiter",
    "LimiterLostError",
    "MemoryLimiter",
    "Standing",
    "Truing",
    "Unit",
    "Verdict",
]
