"""The books: calls reserved and settled in journals, shipped to the database, folded into usage, costs and balances.

This room knows the domain, the store and the settings; it does not know HTTP, engines, what a model costs, nor who may
ask.
"""

from pleiade.ledger.errors import LedgerError

__all__ = ["LedgerError"]
