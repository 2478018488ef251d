"""What tests of the money path need: a price, callers who pay, and a gateway's commerce over a real journal."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from scripted_engine import Exchange, usage
from scripted_gateway import CHAT, SECRET, key_for

from pleiade.domain import OpenKey
from pleiade.domain.books import Entry
from pleiade.domain.price import Price, Rate, RateKind
from pleiade.domain.tenants import Billing
from pleiade.gateway.commerce import Commerce
from pleiade.gateway.followed import Followed
from pleiade.gateway.keys import FixedKeys
from pleiade.ledger.journal import Journal
from pleiade.ledger.tail import JournalTail
from pleiade.prices import PriceBook
from pleiade.quota import Limiter, MemoryLimiter
from pleiade.quota.book import LimitsBook

PRICE = Price(
    id="price_1",
    storefront="openai",
    model="pico-1",
    currency="USD",
    effective=0,
    rates=(Rate(kind=RateKind.INPUT, amount="1", per=1_000_000), Rate(kind=RateKind.OUTPUT, amount="2", per=1_000_000)),
)
STREAM = CHAT | {"stream": True}


class PayingKeys(FixedKeys):
    """The same keys, of organisations that pay."""

    billing = Billing.INVOICED

    def load(self) -> Mapping[str, OpenKey]:
        return {
            digest: OpenKey(msgspec.structs.replace(opened.principal, billing=self.billing), opened.expires)
            for digest, opened in super().load().items()
        }


def paying(billing: Billing = Billing.INVOICED) -> PayingKeys:
    keys = PayingKeys({SECRET: key_for(SECRET)})
    keys.billing = billing
    return keys


class Books:
    """A gateway's commerce over a real journal, and the entries that stand in it."""

    def __init__(
        self,
        folder: Path,
        *,
        prices: Sequence[Price] = (),
        limits: LimitsBook | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        self.folder = folder
        self.journal = Journal.open(folder)
        self.commerce = Commerce(
            self.journal,
            prices=Followed("prices", PriceBook(), version=lambda: 1, load=lambda: PriceBook(prices)),
            limits=Followed("limits", LimitsBook(), version=lambda: 1, load=lambda: limits or LimitsBook()),
            limiter=limiter or MemoryLimiter(),
        )

    def entries(self) -> list[Entry]:
        tail = JournalTail(self.folder, self.journal.writer)
        try:
            return [entered.entry for entered in tail.read(1000)]
        finally:
            tail.close()

    async def settled(self, count: int = 1) -> list[Entry]:
        """The entries, once there are `count` and no call is open."""
        async with asyncio.timeout(10):
            while len(self.entries()) < count or self.journal.open_calls:  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.01)
        return self.entries()


async def never_answers(exchange: Exchange) -> None:
    """An engine that works for ever, and tells what it has counted."""
    if "/usage/" in exchange.path:
        request = exchange.path.rpartition("/")[2]
        await exchange.whole(200, {"request": request, "usage": usage(41, prompt=17)})
        return
    await asyncio.sleep(60)
