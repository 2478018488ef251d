"""All prices in memory: what a gateway looks them up in, without waiting for a database."""

from collections import defaultdict
from collections.abc import Iterable

from pleiade.domain.model import ModelKind
from pleiade.domain.price import Price
from pleiade.prices.batch import MARK, in_batches, is_for_batches
from pleiade.prices.errors import UnpricedError
from pleiade.prices.rules import missing_rates, required_kinds


class PriceBook:
    """Every version of every price, as one moment knew them."""

    def __init__(self, prices: Iterable[Price] = ()) -> None:
        self._by_id: dict[str, Price] = {}
        self._versions: dict[tuple[str, str], list[Price]] = defaultdict(list)  # the one made last comes first
        for price in sorted(prices, key=lambda price: price.version, reverse=True):
            self._by_id[price.id] = price
            self._versions[price.storefront, price.model].append(price)

    def find(self, storefront: str, model: str, at: float) -> Price | None:
        """The price in force at `at` (Unix seconds): of those that have begun, the one made last. None if none."""
        for price in self._versions.get((storefront, model), ()):
            if price.effective <= at:
                return price
        return None

    def get(self, price_id: str) -> Price | None:
        """The version of that id, in force or not; what lines of batches cost has one of its own."""
        found = self._by_id.get(price_id.removesuffix(MARK))
        return in_batches(found) if found is not None and is_for_batches(price_id) else found

    def versions(self, storefront: str, model: str) -> list[Price]:
        """All versions of one price, the one made last first."""
        return list(self._versions.get((storefront, model), ()))

    def in_force(self, at: float) -> list[Price]:
        """What is for sale at `at`, by storefront and model."""
        found = (self.find(storefront, model, at) for storefront, model in sorted(self._versions))
        return [price for price in found if price is not None]

    def __len__(self) -> int:
        return len(self._by_id)


def require_priced(book: PriceBook, storefront: str, model: str, at: float, *, kind: ModelKind | None = None) -> Price:
    """The price in force of something that is about to be sold.

    `kind`, where known: what calls to the model use must have rates too. Raises UnpricedError, which says how to
    set a price.
    """
    price = book.find(storefront, model, at)
    needed = required_kinds(kind) if kind is not None else ()
    if price is None:
        options = " ".join(f"--{name} AMOUNT" for name in needed) or "--input AMOUNT --output AMOUNT"
        raise UnpricedError(
            f"{model} has no price in the storefront {storefront}, so it cannot be sold there. Set one: "
            f"pleiade price set {model} --storefront {storefront} --currency USD {options} --per 1M"
        )
    missing = missing_rates(price, kind) if kind is not None else []
    if missing:
        raise UnpricedError(
            f"the price of {model} in the storefront {storefront} has no rate for {' and '.join(missing)}. Set a new "
            f"one: pleiade price set {model} --storefront {storefront} --currency {price.currency} … "
            f"{' '.join(f'--{name} AMOUNT' for name in missing)}"
        )
    return price
