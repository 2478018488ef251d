"""Shared snapshots: one branch of a chat as it was shown, for whoever has the link, until it expires."""

import secrets
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from pleiade.products.chat import chats, messages
from pleiade.products.chat.calls import PICTURE
from pleiade.products.chat.nouns import Message, Share
from pleiade.products.records.errors import InvalidError, NotFoundError
from pleiade.products.records.rows import SECOND, Owner, now, possible
from pleiade.store.chats import chat_shares

WHAT = "Shared chat"


class SharedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One turn, as strangers see it: no ids, and of files their names only."""

    role: str
    content: str
    attachments: list[str]
    deployment: str | None
    created: int


class SharedChat(msgspec.Struct, frozen=True, kw_only=True):
    """What a link shows."""

    id: str
    object: Literal["chat.shared"] = "chat.shared"
    title: str
    created: int
    expires_at: int
    messages: list[SharedMessage]


def share(connection: sa.Connection, owner: Owner, identifier: str, seconds: int) -> Share:
    """Make a link to the branch that is shown; an earlier link of this chat stops working. Raises NotFoundError."""
    chat = chats.find(connection, owner, identifier)
    turns = messages.branch(connection, chat.id, chat.current) if chat.current else []
    if not turns:
        raise InvalidError("This chat is empty: there is nothing to share yet.", code="chat_is_empty")
    shown = {turn.id for turn in turns}
    snapshot = {
        "title": chat.title,
        "messages": [
            SharedMessage(
                role=message.role,
                content=message.content,
                attachments=[*(file.name for file in message.attachments), *_drawn(message)],
                deployment=message.deployment,
                created=message.created,
            )
            for message in messages.list_all(connection, chat.id)
            if message.id in shown and message.status != "in_progress"
        ],
    }
    moment = now()
    made = Share(id=f"share_{secrets.token_urlsafe(24)}", expires_at=moment // SECOND + seconds)
    connection.execute(sa.delete(chat_shares).where(chat_shares.c.chat == chat.id))
    connection.execute(
        sa.insert(chat_shares).values(
            id=made.id,
            chat=chat.id,
            snapshot=msgspec.json.encode(snapshot).decode(),
            created=moment,
            expires=made.expires_at * SECOND,
        )
    )
    return made


def _drawn(message: Message) -> list[str]:
    """Pictures of an answer by what they show: their files are in their owner's gallery, which a link does not open."""
    return [call["prompt"] for call in message.calls if call["type"] == PICTURE]


def revoke(connection: sa.Connection, owner: Owner, identifier: str) -> None:
    """Let the chat's link stop working. Raises NotFoundError where it has none."""
    chat = chats.find(connection, owner, identifier)
    if not connection.execute(sa.delete(chat_shares).where(chat_shares.c.chat == chat.id)).rowcount:
        raise NotFoundError("Link to the chat", identifier)


def find(connection: sa.Connection, identifier: str) -> SharedChat:
    """What a link shows, whoever asks. Raises NotFoundError, in the same words for an expired one."""
    row = connection.execute(
        sa.select(chat_shares).where(chat_shares.c.id == possible(identifier, WHAT), chat_shares.c.expires > now())
    ).first()
    if row is None:
        raise NotFoundError(WHAT, identifier)
    snapshot: dict[str, Any] = msgspec.json.decode(row.snapshot)
    return SharedChat(
        id=row.id,
        title=snapshot["title"],
        created=row.created // SECOND,
        expires_at=row.expires // SECOND,
        messages=msgspec.convert(snapshot["messages"], list[SharedMessage]),
    )
