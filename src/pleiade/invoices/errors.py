"""What can be wrong with a bill; each message says what to do."""


class InvoiceError(Exception):
    """An invoice cannot be made, changed or shown as it was asked for."""
