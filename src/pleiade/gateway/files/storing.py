"""What the store of files says when it cannot be used, as the caller is told it; the rest is for the log."""

import logging

from pleiade.files.contents import GoneError
from pleiade.gateway.errors import ApiError
from pleiade.store.object_storage import NoSpaceError, ObjectsError

logger = logging.getLogger(__name__)


class Stored:
    """Within it, a failure of the store of files becomes what the caller is told."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case NoSpaceError():
                logger.error("a file is refused: %s", error)
                raise ApiError(
                    507,
                    "The server has no room left for this file; nothing of it was kept. Ask the operator to make room, "
                    "then send it again.",
                    type="server_error",
                    code="insufficient_storage",
                    headers=((b"x-should-retry", b"false"),),
                ) from error
            case GoneError():
                logger.error("%s", error)
                raise ApiError(404, "The bytes of this file are gone.", code="not_found") from error
            case ObjectsError() | OSError():
                logger.error("the store of files cannot be used: %s", error)
                raise ApiError(
                    500,
                    "The place for files cannot be used now; the server's log says why.",
                    type="server_error",
                    code="storage_failed",
                ) from error
            case _:
                return
