"""Folders in the database: functions on a connection, always by owner."""

from collections.abc import Sequence

import sqlalchemy as sa

from pleiade.products.chat import attachments as files
from pleiade.products.chat.nouns import Attachment, Folder
from pleiade.products.records.errors import InvalidError, NotFoundError
from pleiade.products.records.rows import SECOND, Owner, new_id, now, of, possible
from pleiade.store.chats import chat_folder_attachments, chat_folders, chats

WHAT = "Folder"
MOST = 1000  # folders of one owner


def insert(
    connection: sa.Connection,
    owner: Owner,
    *,
    name: str,
    instructions: str = "",
    deployment: str = "",
    attachments: Sequence[str] = (),
) -> Folder:
    """A new folder. Raises NotFoundError for an attachment that is not there, InvalidError."""
    count = connection.scalar(sa.select(sa.func.count()).select_from(chat_folders).where(of(owner, chat_folders)))
    if (count or 0) >= MOST:
        raise InvalidError(f"There may be {MOST} folders: delete one that you do not need.", code="too_many_folders")
    identifier = new_id("folder")
    connection.execute(
        sa.insert(chat_folders).values(
            id=identifier,
            project=owner.project,
            owner=owner.id,
            name=name,
            instructions=instructions,
            deployment=deployment,
            created=now(),
        )
    )
    files.attach_to_folder(connection, owner, identifier, attachments)
    return find(connection, owner, identifier)


def find(connection: sa.Connection, owner: Owner, identifier: str) -> Folder:
    """The folder of that id. Raises NotFoundError."""
    row = connection.execute(
        sa.select(chat_folders).where(chat_folders.c.id == possible(identifier, WHAT), of(owner, chat_folders))
    ).first()
    if row is None:
        raise NotFoundError(WHAT, identifier)
    return _from_row(row, files.of_folders(connection, [identifier]).get(identifier, []))


def list_all(connection: sa.Connection, owner: Owner) -> list[Folder]:
    """All folders of `owner`, by name."""
    rows = connection.execute(sa.select(chat_folders).where(of(owner, chat_folders))).all()
    given = files.of_folders(connection, [row.id for row in rows])
    found = [_from_row(row, given.get(row.id, [])) for row in rows]
    return sorted(found, key=lambda folder: (folder.name.casefold(), folder.id))


def update(
    connection: sa.Connection,
    owner: Owner,
    identifier: str,
    values: dict[str, str],
    attachments: Sequence[str] | None,
) -> tuple[Folder, list[str]]:
    """The folder as changed (None = its files stay), and objects that nobody needs any more. Raises NotFoundError."""
    find(connection, owner, identifier)
    if values:
        connection.execute(sa.update(chat_folders).where(chat_folders.c.id == identifier).values(**values))
    gone: list[str] = []
    if attachments is not None:
        gone = files.attach_to_folder(connection, owner, identifier, attachments)
    return find(connection, owner, identifier), gone


def delete(connection: sa.Connection, owner: Owner, identifier: str) -> list[str]:
    """Forget a folder; its chats stay, in no folder. The objects that nobody needs any more. Raises NotFoundError."""
    find(connection, owner, identifier)
    connection.execute(sa.update(chats).where(of(owner, chats), chats.c.folder == identifier).values(folder=""))
    links = chat_folder_attachments
    used = connection.scalars(sa.select(links.c.attachment).where(links.c.folder == identifier)).all()
    connection.execute(sa.delete(chat_folders).where(chat_folders.c.id == identifier))
    return files.forget_unused(connection, list(used))


def _from_row(row: sa.Row[tuple[object, ...]], attachments: list[Attachment]) -> Folder:
    return Folder(
        id=row.id,
        name=row.name,
        instructions=row.instructions,
        deployment=row.deployment or None,
        attachments=attachments,
        created=row.created // SECOND,
    )
