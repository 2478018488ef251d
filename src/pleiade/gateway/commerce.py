"""What a gateway holds of the business: its journal, prices and limits in memory, and the limiter that it asks."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from pleiade.domain.limits import Scope
from pleiade.gateway.credits import Credits, read_credits
from pleiade.gateway.followed import Followed
from pleiade.ledger.journal import Journal
from pleiade.prices import PriceBook
from pleiade.quota import Credit, Limiter, choose_limiter
from pleiade.quota.book import LimitsBook
from pleiade.quota.months import period_of
from pleiade.settings import Settings

logger = logging.getLogger(__name__)

Spent = Mapping[tuple[Scope, str], int]  # nano booked in a month
SPENT_EVERY_S = 5.0
FINISH_S = 5.0  # for what goes on after its call
_PAYERS: Mapping[Scope, Literal["organisation", "project", "key"]] = {
    Scope.ORGANISATION: "organisation",
    Scope.PROJECT: "project",
    Scope.KEY: "key",
}


class Companion(Protocol):
    """What runs beside: it is started after prices and limits are known, and stopped before them."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def stop(self) -> None:
        """End."""
        ...


class Commerce:
    """Journal, prices, limits, limiter. `open_commerce` builds the one of an installation."""

    def __init__(
        self,
        journal: Journal,
        *,
        prices: Followed[PriceBook],
        limits: Followed[LimitsBook],
        limiter: Limiter,
        read_spent: Callable[[LimitsBook, str], Spent] = lambda book, period: {},
        read_credits: Callable[[str], Credits] | None = None,
    ) -> None:
        """`read_spent` (of a month, "2026-11") may block; it is asked every few seconds where there are budgets.

        So is `read_credits`, always; without it, prepaid organisations use what they want.
        """
        self.journal = journal
        self.prices = prices
        self.limits = limits
        self.limiter = limiter
        self._read_spent = read_spent
        self._spent: tuple[str, Spent] = ("", {})  # a month, and what was booked in it
        self._read_credits = read_credits
        self._credits: tuple[str, Credits] = ("", {})  # a month, and what may be used in it
        self._tasks: set[asyncio.Task[None]] = set()
        self._follower: asyncio.Task[None] | None = None
        self.companions: list[Companion] = []

    def spent(self, scope: Scope, subject: str, period: str) -> int:
        """Nano that the ledger had booked for that month when it was last read; 0 for a month that was not read."""
        month, booked = self._spent
        return booked.get((scope, subject), 0) if month == period else 0

    def credit(self, organisation: str, currency: str, period: str) -> Credit | None:
        """What a prepaid organisation may use in that month, when it was last read; None = what it wants."""
        if self._read_credits is None:
            return None
        month, credits = self._credits
        return credits.get((organisation, currency), Credit(0, 0)) if month == period else None

    def later(self, work: "asyncio.Task[None]") -> None:
        """Let `work` go on after its call; `stop` waits for it."""
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)

    async def start(self) -> None:
        """Load prices and limits (errors are the caller's), connect the limiter."""
        await self.prices.start()
        await self.limits.start()
        await self.limiter.start()
        await self._refresh_spent()
        self._follower = asyncio.create_task(self._follow_spent(), name="follow spending")
        for companion in self.companions:
            await companion.start()

    async def stop(self) -> None:
        """Finish what is owed to the ledger, and close it."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FINISH_S)
            late = tuple(self._tasks)
            for task in late:  # it settles as it ends, and the journal is about to be closed
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for companion in self.companions:
            await companion.stop()
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)
        await self.limiter.stop()
        await self.limits.stop()
        await self.prices.stop()
        self.journal.close()

    async def _refresh_spent(self) -> None:
        book, month = self.limits.value, period_of(int(time.time() * 1000))
        self._spent = month, await asyncio.to_thread(self._read_spent, book, month) if book.budgets else {}
        if self._read_credits is not None:
            self._credits = month, await asyncio.to_thread(self._read_credits, month)

    async def _follow_spent(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(SPENT_EVERY_S)
            try:
                await self._refresh_spent()
                failing = False
            except Exception:
                if not failing:
                    logger.exception("what was spent cannot be read; what was read before stays")
                failing = True


def open_commerce(settings: Settings) -> Commerce:
    """The commerce of an installation. Raises StoreError, LedgerError, LimitsError."""
    from pleiade import prices
    from pleiade.ledger.balances import spent_by
    from pleiade.quota.alerts import Alerts
    from pleiade.quota.reading import limits_book, limits_version
    from pleiade.store import open_database

    db = open_database(settings.database)

    def read_spent(book: LimitsBook, month: str) -> Spent:
        booked = {
            scope: spent_by(db, payer, [subject for of, subject in book.budgets if of is scope], month)
            for scope, payer in _PAYERS.items()
        }
        return {
            (scope, subject): booked[scope].get((subject, budget.currency), 0)
            for (scope, subject), budget in book.budgets.items()
        }

    commerce = Commerce(
        Journal.open(settings.home_path / "ledger", sync_ms=settings.ledger_sync_ms),
        prices=Followed("prices", PriceBook(), version=lambda: prices.version(db), load=lambda: prices.book(db)),
        limits=Followed("limits", LimitsBook(), version=lambda: limits_version(db), load=lambda: limits_book(db)),
        limiter=choose_limiter(settings.valkey_url, processes=settings.workers),
        read_spent=read_spent,
        read_credits=lambda month: read_credits(db, month),
    )
    commerce.companions.append(Alerts(db, book=lambda: commerce.limits.value, spent=commerce.spent))
    return commerce
