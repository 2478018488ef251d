"""What things cost: price lists by storefront, what one call costs by them, and the terms agreed with organisations.

This room does not know who called, where entries are booked, nor what an invoice looks like.
"""

from pleiade.prices.arithmetic import billed, charge, cost, exact, rate_of
from pleiade.prices.book import PriceBook, require_priced
from pleiade.prices.catalogue import apply_prices, book, book_in, history, set_price, version
from pleiade.prices.errors import PriceError, UnpricedError
from pleiade.prices.rules import missing_rates, required_kinds
from pleiade.prices.selling import require_sellable

__all__ = [
    "PriceBook",
    "PriceError",
    "UnpricedError",
    "apply_prices",
    "billed",
    "book",
    "book_in",
    "charge",
    "cost",
    "exact",
    "history",
    "missing_rates",
    "rate_of",
    "require_priced",
    "require_sellable",
    "required_kinds",
    "set_price",
    "version",
]
