"""What can go wrong with people's things, with what to do next; the gateway tells it in its caller's dialect."""


class NotFoundError(Exception):
    """Nothing of that id is the caller's; the same words whether it exists for others or not."""

    def __init__(self, what: str, identifier: str) -> None:
        super().__init__(f"{what} with id '{identifier[:100]}' not found.")


class InvalidError(Exception):
    """The request is wrong; the message says how to mend it. `param` names the field."""

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
