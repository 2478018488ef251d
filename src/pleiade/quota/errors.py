"""The one error of setting limits."""


class LimitsError(Exception):
    """A limit that cannot be set; the message says what is wrong and what to do."""
