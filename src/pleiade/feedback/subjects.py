"""What feedback is about: the branch of a chat up to the answer, or what was kept of a run. Only by consent."""

from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.feedback.nouns import About, Given, Turn
from pleiade.runs import Part
from pleiade.runs.reading import contents_of
from pleiade.store.chats import chat_messages


def about(connection: sa.Connection, given: Given) -> About | None:
    """Question and answer; None where its giver did not agree, or where nothing of it is kept."""
    if not given.consent:
        return None
    if given.message:
        return _of_chat(connection, given.chat, given.message)
    parts = contents_of(connection, given.run)
    return _of_part(parts[-1]) if parts else None


def _of_chat(connection: sa.Connection, chat: str, message: str) -> About | None:
    columns = (chat_messages.c.id, chat_messages.c.parent, chat_messages.c.role, chat_messages.c.content)
    rows = {row.id: row for row in connection.execute(sa.select(*columns).where(chat_messages.c.chat == chat))}
    branch, identifier = [], message
    while identifier in rows:
        row = rows.pop(identifier)  # each at most once
        branch.append(row)
        identifier = row.parent
    if not branch:
        return None
    answer, *before = branch
    return About(tuple(Turn(row.role, row.content) for row in reversed(before)), answer.content)


def _of_part(part: Part) -> About:
    """A call of the API: the forms that its routes take and give, else the text as it was."""
    asked = _json(part.asked)
    messages: tuple[Turn, ...] = ()
    if isinstance(asked, dict):
        turns = asked.get("messages", asked.get("input"))
        if isinstance(turns, list):
            messages = tuple(
                Turn(str(turn.get("role") or turn.get("type") or "user"), _text(turn.get("content")))
                for turn in turns
                if isinstance(turn, dict)
            )
        else:
            messages = (Turn("user", _text(turns if turns is not None else asked.get("prompt"))),)
    else:
        messages = (Turn("user", part.asked.decode(errors="replace")),)
    said = None if part.stream else _json(part.said)
    answer = part.said.decode(errors="replace")
    if isinstance(said, dict) and isinstance(said.get("choices"), list) and said["choices"]:
        choice = said["choices"][0]
        if isinstance(choice, dict):
            message = choice.get("message")
            answer = _text(message.get("content") if isinstance(message, dict) else choice.get("text"))
    return About(messages, answer, whole=not part.cut)


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):  # cut where it was too long
        return None


def _text(content: Any) -> str:
    """The words of a content: a string, or parts with texts in them."""
    if isinstance(content, list):
        texts = [part.get("text") if isinstance(part, dict) else part for part in content]
        return "\n".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""
