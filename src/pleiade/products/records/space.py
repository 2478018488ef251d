"""How many bytes of files the people of a project keep: pictures of the gallery and attachments together."""

import sqlalchemy as sa

from pleiade.products.records.errors import InvalidError
from pleiade.store.chats import chat_attachments
from pleiade.store.pictures import picture_objects

_MB = 1024 * 1024


def used(connection: sa.Connection, project: str) -> int:
    """Bytes that a project keeps."""
    sums = [
        connection.scalar(sa.select(sa.func.sum(table.c.bytes)).where(table.c.project == project))
        for table in (picture_objects, chat_attachments)
    ]
    return sum(int(one or 0) for one in sums)


def check(connection: sa.Connection, project: str, more: int, most: int) -> None:
    """Raises InvalidError where `more` bytes make it more than `most` (0 = without a limit)."""
    if not most:
        return
    now = used(connection, project)
    if now + more > most:
        raise InvalidError(
            f"This project keeps {now / _MB:.1f} MB of pictures and files and may keep {most // _MB} MB: delete what "
            "is no longer needed, or ask the operator to raise PLEIADE_PROJECT_FILES_MB.",
            code="space_exhausted",
        )
