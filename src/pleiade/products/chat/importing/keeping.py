"""Imported chats in the database, each once however often it is imported: functions on a connection, by owner."""

import sqlalchemy as sa

from pleiade.products.chat import chats as chat_records
from pleiade.products.chat import folders, search
from pleiade.products.chat.importing.imported import ImportedChat
from pleiade.products.chat.titles import title_from
from pleiade.products.records.rows import SECOND, Owner, new_id, now, of
from pleiade.store.chats import chat_folders, chat_messages, chats

HERE = "it is here already."


def keep(connection: sa.Connection, owner: Owner, imported: ImportedChat) -> str:
    """Keep a chat; why it was not, "" if it was."""
    _, _, original = imported.source.partition(":")
    known = sa.select(chats.c.id).where(
        of(owner, chats), sa.or_(chats.c.source == imported.source, chats.c.id == original)
    )
    if connection.execute(known.limit(1)).first() is not None:
        return HERE
    moment = now()
    created = _micro(imported.created or imported.pieces[0].created) or moment
    updated = _micro(imported.updated or max(piece.created for piece in imported.pieces)) or created
    first = next((piece.content for piece in imported.pieces if piece.role == "user"), "")
    chat = chat_records.insert(
        connection,
        owner,
        title=imported.title or title_from(first),
        folder=_folder(connection, owner, imported.folder),
        archived=imported.archived,
        source=imported.source,
        created=created,
        updated=updated,
    )
    ids = {piece.key: new_id("msg") for piece in imported.pieces}
    rows = [
        {
            "id": ids[piece.key],
            "chat": chat.id,
            "parent": ids.get(piece.parent, ""),
            "role": piece.role,
            "content": piece.content,
            "status": "completed",
            "response": "",
            "deployment": piece.model,
            "error": "",
            "usage": "",
            "timings": "",
            "calls": "",
            "request": "",
            "created": _micro(piece.created) or created,
        }
        for piece in imported.pieces
    ]
    connection.execute(sa.insert(chat_messages), rows)
    current = ids.get(imported.current) or rows[-1]["id"]
    connection.execute(sa.update(chats).where(chats.c.id == chat.id).values(current=current, pinned=imported.pinned))
    kept = connection.execute(
        sa.select(chat_messages.c.number, chat_messages.c.content).where(chat_messages.c.chat == chat.id)
    ).all()
    search.index(connection, owner, {row.number: row.content for row in kept})
    return ""


def _folder(connection: sa.Connection, owner: Owner, name: str) -> str:
    """The folder of that name, made where there is none."""
    if not name:
        return ""
    found = connection.scalar(
        sa.select(chat_folders.c.id).where(of(owner, chat_folders), chat_folders.c.name == name).limit(1)
    )
    return found or folders.insert(connection, owner, name=name).id


def _micro(seconds: float) -> int:
    return int(seconds * SECOND)
