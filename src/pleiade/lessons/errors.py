"""What can be wrong with a lesson: the errors of files, whose words fit here too."""

from pleiade.files import errors as of_files

NotFoundError = of_files.NotFoundError


class InvalidError(of_files.InvalidError):
    """The request is wrong, or comes at a wrong time; the message says how to mend it. `param` names the field."""

    def __init__(self, message: str, param: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(message, param=param, code=code)
