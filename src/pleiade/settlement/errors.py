"""The one failure of this room."""


class SettlementError(Exception):
    """An agreement, a profit or a scenario that cannot be settled; the message says why and what to do."""
