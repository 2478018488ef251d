"""Who gets what of a profit under a partner agreement: the agreement's file, its waterfall, scenarios, drawings.

This room is arithmetic on exact numbers; it does not know where profits come from, HTTP, nor (but for `record`
and `kept`) any database.
"""

from pleiade.settlement.errors import SettlementError
from pleiade.settlement.reading import load_agreement, parse_agreement
from pleiade.settlement.settling import Profit, Settlement, settle

__all__ = ["Profit", "Settlement", "SettlementError", "load_agreement", "parse_agreement", "settle"]
