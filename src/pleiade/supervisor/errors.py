"""The one way in which a start is refused."""


class SupervisorError(Exception):
    """`pleiade up` cannot start or go on; the message says why and what to do."""
