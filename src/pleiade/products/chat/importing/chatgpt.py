"""ChatGPT's conversations.json: a mapping of nodes with parents, many of which are not for people to see."""

from typing import Any

from pleiade.products.chat.importing.imported import ImportedChat, Piece, in_order, line, moment, source_of, text


def chat_from(conversation: dict[str, Any]) -> ImportedChat:
    """One conversation. Raises UnreadableError; what is not as ChatGPT writes it is left out."""
    nodes = conversation["mapping"] if isinstance(conversation["mapping"], dict) else {}
    shown = {key: piece for key, node in nodes.items() if (piece := _piece(key, node)) is not None}
    nearest = {key: _nearest(nodes, node.get("parent"), shown) for key, node in nodes.items() if key in shown}
    pieces = in_order(
        Piece(
            key=key,
            parent=nearest[key],
            role=piece.role,
            content=piece.content,
            created=piece.created,
            model=piece.model,
        )
        for key, piece in shown.items()
    )
    identifier = conversation.get("conversation_id") or conversation.get("id")
    return ImportedChat(
        source=source_of("chatgpt", identifier, pieces),
        title=line(conversation.get("title")),
        created=moment(conversation.get("create_time")),
        updated=moment(conversation.get("update_time")),
        archived=conversation.get("is_archived") is True,
        pieces=pieces,
        current=_nearest(nodes, conversation.get("current_node"), shown),
    )


def _nearest(nodes: dict[str, Any], key: object, shown: dict[str, Piece]) -> str:
    """The first node from `key` upwards that people see; "" where there is none."""
    passed = set()
    while isinstance(key, str) and key not in passed:
        if key in shown:
            return key
        passed.add(key)
        node = nodes.get(key)
        key = node.get("parent") if isinstance(node, dict) else None
    return ""


def _piece(key: str, node: object) -> Piece | None:
    """What a node shows people; None for instructions, tools, thoughts and empty beginnings."""
    message = node.get("message") if isinstance(node, dict) else None
    if not isinstance(message, dict):
        return None
    author, metadata = message.get("author"), message.get("metadata")
    role = author.get("role") if isinstance(author, dict) else None
    metadata = metadata if isinstance(metadata, dict) else {}
    if role not in ("user", "assistant") or metadata.get("is_visually_hidden_from_conversation"):
        return None
    if message.get("recipient") not in (None, "all"):
        return None  # to a tool
    content = _content(message.get("content"))
    if not content.strip():
        return None
    created, model = moment(message.get("create_time")), line(metadata.get("model_slug"))
    return Piece(key=key, parent="", role=role, content=content, created=created, model=model)


def _content(content: object) -> str:
    if not isinstance(content, dict):
        return ""
    match content.get("content_type"):
        case "text" | "multimodal_text":
            parts = content.get("parts")
            return "\n\n".join(filter(None, map(_part, parts))) if isinstance(parts, list) else ""
        case "code":
            return f"```\n{text(content.get('text'))}\n```"
        case _:
            return ""


def _part(part: object) -> str:
    if isinstance(part, dict):
        told = text(part.get("text"))
        return told or "[A picture or a file, which is not in the export]"
    return text(part)
