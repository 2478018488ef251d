"""Attached files in the database, and which message or folder uses which: functions on a connection, by owner."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pleiade.products.chat.nouns import Attachment, Extract
from pleiade.products.chat.rows import attachment_from
from pleiade.products.records import space
from pleiade.products.records.errors import InvalidError, NotFoundError
from pleiade.products.records.rows import Owner, new_id, now, of, possible
from pleiade.store.chats import (
    chat_attachments,
    chat_folder_attachments,
    chat_message_attachments,
    chat_messages,
)

WHAT = "Attachment"
MOST = 20  # files of one message, or of one folder

_SHOWN = [column for column in chat_attachments.c if column.name != "text"]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The text of an attachment, for a model."""

    id: str
    name: str
    kind: str
    text: str


def insert(
    connection: sa.Connection, owner: Owner, *, name: str, size: int, extract: Extract, object: str, most_bytes: int = 0
) -> Attachment:
    """Keep what was found in a file; `object` names the object that holds its bytes.

    Raises InvalidError where its project keeps more than `most_bytes` then (0 = without a limit).
    """
    space.check(connection, owner.project, size, most_bytes)
    identifier = new_id("att")
    connection.execute(
        sa.insert(chat_attachments).values(
            id=identifier,
            project=owner.project,
            owner=owner.id,
            name=name,
            kind=extract.kind,
            type=extract.type,
            bytes=size,
            pages=extract.pages,
            characters=len(extract.text),
            text=extract.text,
            notice=extract.notice,
            object=object,
            created=now(),
        )
    )
    return find(connection, owner, identifier)


def find(connection: sa.Connection, owner: Owner, identifier: str) -> Attachment:
    """The attachment of that id. Raises NotFoundError."""
    return attachment_from(_row(connection, owner, identifier))


def find_object(connection: sa.Connection, owner: Owner, identifier: str) -> tuple[str, str, str]:
    """Name of the object that holds its bytes, their type, and the file's name. Raises NotFoundError."""
    row = _row(connection, owner, identifier)
    return row.object, row.type, row.name


def delete(connection: sa.Connection, owner: Owner, identifier: str) -> str:
    """Forget a file that nothing uses; the name of its object. Raises NotFoundError, InvalidError where it is used."""
    row = _row(connection, owner, identifier)
    gone = forget_unused(connection, [row.id])
    if not gone:
        raise InvalidError(
            "This file is used by a message or a folder: delete that, and the file goes with it.", code="file_in_use"
        )
    return gone[0]


def attach(connection: sa.Connection, owner: Owner, message: str, attachments: Sequence[str]) -> None:
    """Say that `message` uses those. Raises NotFoundError, InvalidError."""
    rows = _uses(connection, owner, attachments)
    if rows:
        connection.execute(
            sa.insert(chat_message_attachments), [{"message": message, "read": -1, **row} for row in rows]
        )


def attach_to_folder(connection: sa.Connection, owner: Owner, folder: str, attachments: Sequence[str]) -> list[str]:
    """Say that `folder` uses those and no others; objects of files that nothing uses any more. Raises as `attach`."""
    rows = _uses(connection, owner, attachments)
    table = chat_folder_attachments
    before = connection.scalars(sa.delete(table).where(table.c.folder == folder).returning(table.c.attachment)).all()
    if rows:
        connection.execute(sa.insert(table), [{"folder": folder, **row} for row in rows])
    return forget_unused(connection, list(before))


def of_messages(connection: sa.Connection, chat: str, message: str = "") -> dict[str, list[Attachment]]:
    """The attachments of a chat's messages (or of one), by message, in their order."""
    links = chat_message_attachments
    query = (
        sa.select(links.c.message, links.c.read, *_SHOWN)
        .join(chat_attachments, chat_attachments.c.id == links.c.attachment)
        .join(chat_messages, chat_messages.c.id == links.c.message)
        .where(chat_messages.c.chat == chat)
        .order_by(links.c.position)
    )
    if message:
        query = query.where(links.c.message == message)
    found: dict[str, list[Attachment]] = {}
    for row in connection.execute(query):
        found.setdefault(row.message, []).append(attachment_from(row, row.read))
    return found


def of_folders(connection: sa.Connection, folders: Sequence[str]) -> dict[str, list[Attachment]]:
    """The files of folders, by folder, in their order."""
    links = chat_folder_attachments
    found: dict[str, list[Attachment]] = {}
    query = (
        sa.select(links.c.folder, *_SHOWN)
        .join(chat_attachments, chat_attachments.c.id == links.c.attachment)
        .where(links.c.folder.in_(folders))
        .order_by(links.c.position)
    )
    for row in connection.execute(query):
        found.setdefault(row.folder, []).append(attachment_from(row))
    return found


def documents(connection: sa.Connection, messages: Sequence[str]) -> dict[str, list[Document]]:
    """What models read of the attachments of these messages, by message, in their order."""
    links = chat_message_attachments
    fields = [chat_attachments.c[name] for name in Document.__struct_fields__]
    found: dict[str, list[Document]] = {}
    for start in range(0, len(messages), 500):
        query = (
            sa.select(links.c.message, *fields)
            .join(chat_attachments, chat_attachments.c.id == links.c.attachment)
            .where(links.c.message.in_(messages[start : start + 500]))
            .order_by(links.c.position)
        )
        for row in connection.execute(query):
            fields_of_row = {name: getattr(row, name) for name in Document.__struct_fields__}
            found.setdefault(row.message, []).append(Document(**fields_of_row))
    return found


def ids_of(connection: sa.Connection, messages: Sequence[str]) -> set[str]:
    """The attachments of these messages."""
    links, found = chat_message_attachments, set[str]()
    for start in range(0, len(messages), 500):
        part = messages[start : start + 500]
        found |= set(connection.scalars(sa.select(links.c.attachment).where(links.c.message.in_(part))))
    return found


def note_read(connection: sa.Connection, message: str, read: dict[str, int]) -> None:
    """Remember how many characters of each attachment of `message` a model was given."""
    links = chat_message_attachments
    for attachment, characters in read.items():
        connection.execute(
            sa.update(links).where(links.c.message == message, links.c.attachment == attachment).values(read=characters)
        )


def forget_unused(connection: sa.Connection, attachments: Sequence[str]) -> list[str]:
    """Forget those of `attachments` that no message and no folder uses; the names of their objects."""
    objects: list[str] = []
    for start in range(0, len(attachments), 500):
        gone = (
            sa.delete(chat_attachments)
            .where(chat_attachments.c.id.in_(attachments[start : start + 500]), _unused())
            .returning(chat_attachments.c.object)
        )
        objects += connection.scalars(gone).all()
    return objects


def forget_old(connection: sa.Connection, before: int) -> list[str]:
    """Forget what nothing uses and is older than `before` (Unix microseconds); the names of the objects."""
    gone = (
        sa.delete(chat_attachments)
        .where(chat_attachments.c.created < before, _unused())
        .returning(chat_attachments.c.object)
    )
    return list(connection.scalars(gone))


def _unused() -> sa.ColumnElement[bool]:
    return sa.and_(
        *(
            sa.not_(sa.exists().where(links.c.attachment == chat_attachments.c.id))
            for links in (chat_message_attachments, chat_folder_attachments)
        )
    )


def _row(connection: sa.Connection, owner: Owner, identifier: str) -> sa.Row[tuple[object, ...]]:
    row = connection.execute(
        sa.select(*_SHOWN).where(chat_attachments.c.id == possible(identifier, WHAT), of(owner, chat_attachments))
    ).first()
    if row is None:
        raise NotFoundError(WHAT, identifier)
    return row


def _uses(connection: sa.Connection, owner: Owner, attachments: Sequence[str]) -> list[dict[str, object]]:
    if len(attachments) > MOST:
        raise InvalidError(f"At most {MOST} files go together: leave some out.", param="attachments")
    wanted = list(dict.fromkeys(attachments))
    for identifier in wanted:
        find(connection, owner, identifier)
    return [{"attachment": identifier, "position": position} for position, identifier in enumerate(wanted)]
