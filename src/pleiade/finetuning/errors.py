"""What can go wrong with a fine-tune, each with what to do next."""


class TuningError(Exception):
    """A job cannot go on; the message is a sentence that a person can act on. `param` names the field at fault."""

    def __init__(self, message: str, *, code: str = "training_failed", param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param


class RefusedError(Exception):
    """This house does not take the job: the lab is missing, or nobody said what training costs."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
