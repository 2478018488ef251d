"""Our own export (exporting.py), read back: each chat is a Thread, with the name of its folder."""

from typing import Any

from pleiade.products.chat.importing.imported import (
    ImportedChat,
    Piece,
    in_order,
    key_of,
    line,
    moment,
    source_of,
    text,
)


def chat_from(record: dict[str, Any], folders: dict[str, str]) -> ImportedChat:
    """One chat; `folders` are names by id. Raises UnreadableError."""
    messages = [one for one in record["messages"] if isinstance(one, dict) and isinstance(one.get("id"), str)]
    pieces = in_order(
        Piece(
            key=message["id"],
            parent=key_of(message.get("parent")),
            role=message["role"],
            content=text(message.get("content")),
            # Equal seconds keep the order of the list, which is the one in which the chat grew.
            created=moment(message.get("created")),
            model=line(message.get("deployment")),
        )
        for message in messages
        if message.get("role") in ("user", "assistant")
    )
    return ImportedChat(
        source=source_of("pleiade", record.get("id"), pieces),
        title=line(record.get("title")),
        created=moment(record.get("created")),
        updated=moment(record.get("updated")),
        archived=record.get("archived") is True,
        pinned=record.get("pinned") is True,
        folder=folders.get(key_of(record.get("folder")), ""),
        pieces=pieces,
        current=key_of(record.get("current")),
    )
