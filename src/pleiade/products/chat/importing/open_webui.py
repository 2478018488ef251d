"""Open WebUI's export: a list of chats, each with a tree under `chat.history`, older ones with a plain list."""

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


def chat_from(record: dict[str, Any]) -> ImportedChat:
    """One chat, as listed or as its inner part alone. Raises UnreadableError."""
    chat = record["chat"] if isinstance(record.get("chat"), dict) else record
    history = chat.get("history")
    history = history if isinstance(history, dict) else {}
    tree = history.get("messages")
    if isinstance(tree, dict) and tree:
        found = [_piece(key, message, key_of(message.get("parentId"))) for key, message in tree.items() if _is(message)]
    else:
        found = _chained(chat.get("messages"))
    pieces = in_order(piece for piece in found if piece.role in ("user", "assistant"))
    created = moment(record.get("created_at")) or moment(chat.get("timestamp"))
    return ImportedChat(
        source=source_of("openwebui", record.get("id") or chat.get("id"), pieces),
        title=line(record.get("title")) or line(chat.get("title")),
        created=created,
        updated=moment(record.get("updated_at")) or created,
        archived=record.get("archived") is True,
        pinned=record.get("pinned") is True,
        pieces=pieces,
        current=key_of(history.get("currentId")),
    )


def _chained(listed: object) -> list[Piece]:
    """A plain list: each message follows the one before it."""
    found: list[Piece] = []
    for number, message in enumerate(listed if isinstance(listed, list) else []):
        if _is(message):
            found.append(_piece(f"#{number}", message, found[-1].key if found else ""))
    return found


def _piece(key: str, message: dict[str, Any], parent: str) -> Piece:
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        content = "\n\n".join(part for part in parts if isinstance(part, str))
    created, model = moment(message.get("timestamp")), line(message.get("model"))
    role = message["role"]
    return Piece(key=key, parent=parent, role=role, content=text(content), created=created, model=model)


def _is(message: object) -> bool:
    return isinstance(message, dict) and isinstance(message.get("role"), str)
