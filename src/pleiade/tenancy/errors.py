"""What tenancy refuses. One type for each answer that a caller must give; all say what to do."""


class TenancyError(Exception):
    """A change of tenants that cannot be made; the message says why and what to do."""


class NotFoundError(TenancyError):
    """Nothing of that id here; said in the same words when it exists in somebody else's organisation."""


class InvalidError(TenancyError):
    """A name, an email address, a role, a time or the like that cannot be used."""

    def __init__(self, message: str, *, param: str = "") -> None:
        super().__init__(message)
        self.param = param  # which argument, for the error body of an API


class ConflictError(TenancyError):
    """The state of things forbids it: already accepted, archived, the last owner, a bill not paid."""


def not_found(what: str, wanted: str, where: str = "") -> NotFoundError:
    """The one sentence for an id that is unknown, or another tenant's."""
    return NotFoundError(f"no {what} has the id {wanted[:80]!r}{f' in {where}' if where else ''}")
