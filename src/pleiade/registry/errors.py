"""The one way in which this room says no."""


class RegistryError(Exception):
    """A model or a deployment cannot be used as asked; the message says what is wrong and what to do."""
