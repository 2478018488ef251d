"""What lines of batches cost: half of every rate, as both of the clouds have it. A price of its own, made of the other.

Its id is the other one's with a mark, so that ledger, invoices and proofs find rates and words by the id alone.
"""

from decimal import Decimal
from functools import lru_cache

import msgspec

from pleiade.domain.price import Price

MARK = ":batch"
_SHARE = Decimal("0.5")


@lru_cache(maxsize=1024)
def in_batches(price: Price) -> Price:
    """The price of the same model in batches."""
    rates = tuple(msgspec.structs.replace(rate, amount=f"{Decimal(rate.amount) * _SHARE:f}") for rate in price.rates)
    return msgspec.structs.replace(price, id=price.id + MARK, rates=rates)


def is_for_batches(price_id: str) -> bool:
    """Whether that is the id of such a price."""
    return price_id.endswith(MARK)
