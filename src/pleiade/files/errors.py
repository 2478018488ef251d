"""What can go wrong with files, each with what to do next."""


class NotFoundError(Exception):
    """The project has nothing of that id; the same words whether another one has."""

    def __init__(self, what: str, identifier: str) -> None:
        super().__init__(f"No such {what} object: {identifier[:100]}")


class InvalidError(Exception):
    """The request is wrong; the message says how to mend it. `param` names the field, `line` the line of the file."""

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.line = line
