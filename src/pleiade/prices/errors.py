"""What can be wrong with a price; each message says what to do."""


class PriceError(Exception):
    """A price, a price list or an organisation's terms cannot be used."""


class UnpricedError(PriceError):
    """Something would be sold that has no price."""
