"""Which limiter a gateway gets: one process counts in memory, several need a store that they share."""

from collections.abc import Sequence

from pleiade.quota.errors import LimitsError
from pleiade.quota.limiter import Ask, Correction, Limiter, LimiterLostError, Verdict
from pleiade.quota.memory import MemoryLimiter, unix_ms

SCHEMES = ("redis://", "rediss://", "unix://")


class NoLimiter:
    """Several processes and no store: limits cannot be kept, so whatever is limited meets its deployment's stance."""

    async def reserve(self, asks: Sequence[Ask]) -> Verdict:
        """What nothing limits is allowed. Raises LimiterLostError for anything else."""
        if asks:
            raise LimiterLostError(
                "several gateway processes share no limiter: set PLEIADE_VALKEY_URL, or run one process"
            )
        return Verdict(True, unix_ms())

    async def settle(self, corrections: Sequence[Correction]) -> None:
        """Nothing was reserved."""

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""


def choose_limiter(valkey_url: str, *, processes: int) -> Limiter:
    """The limiter for `processes` gateways with that store ("" = none). Raises LimitsError for a URL of another kind.

    The store's module is imported only where there is one.
    """
    if valkey_url:
        if not valkey_url.startswith(SCHEMES):
            raise LimitsError(f"valkey_url: use {', '.join(SCHEMES)}, say redis://127.0.0.1:6379/0")
        from pleiade.quota.valkey import ValkeyLimiter

        return ValkeyLimiter(valkey_url)
    return MemoryLimiter() if processes == 1 else NoLimiter()
