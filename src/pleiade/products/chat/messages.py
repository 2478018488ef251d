"""Messages in the database: functions on a connection, always within a chat that its owner has found."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.products.chat import attachments as files
from pleiade.products.chat import search
from pleiade.products.chat.calls import Call
from pleiade.products.chat.chats import Forgotten, searched
from pleiade.products.chat.nouns import TERMINAL, Chat, Message
from pleiade.products.chat.rows import message_from
from pleiade.products.chat.titles import title_from
from pleiade.products.records.errors import InvalidError, NotFoundError
from pleiade.products.records.rows import Owner, encoded, new_id, now, possible
from pleiade.store.chats import chat_message_attachments, chat_messages, chats
from pleiade.store.feedback import feedback

WHAT = "Message"
MOST = 20_000  # messages of one chat

_COLUMNS = [column for column in chat_messages.c if column.name != "request"]
_RATING = [column.label(f"rating_{column.name}") for column in feedback.c if column.name != "message"]
_SHOWN = sa.select(*_COLUMNS, *_RATING).select_from(
    chat_messages.outerjoin(feedback, feedback.c.message == chat_messages.c.id)
)


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a branch, as far as a request for an answer needs it."""

    id: str
    parent: str
    role: str
    status: str
    response: str
    content: str
    calls: str = ""  # of tools, JSON; "" = none


def list_all(connection: sa.Connection, chat: str) -> list[Message]:
    """The whole tree, in the order in which it grew: two queries, however long it is."""
    rows = connection.execute(_SHOWN.where(chat_messages.c.chat == chat).order_by(chat_messages.c.number)).all()
    given = files.of_messages(connection, chat)
    return [message_from(row, given.get(row.id, [])) for row in rows]


def find(connection: sa.Connection, chat: str, identifier: str) -> Message:
    """One message. Raises NotFoundError."""
    row = connection.execute(
        _SHOWN.where(chat_messages.c.id == possible(identifier, WHAT), chat_messages.c.chat == chat)
    ).first()
    if row is None:
        raise NotFoundError(WHAT, identifier)
    return message_from(row, files.of_messages(connection, chat, identifier).get(identifier, []))


def find_request(connection: sa.Connection, chat: str, identifier: str) -> Any:
    """The body of `POST /responses` that asked for an answer. Raises NotFoundError where nothing asked for it."""
    text = connection.scalar(
        sa.select(chat_messages.c.request).where(
            chat_messages.c.id == possible(identifier, WHAT), chat_messages.c.chat == chat
        )
    )
    if not text:
        raise NotFoundError(WHAT if text is None else "Request for the message", identifier)
    return msgspec.json.decode(text)


def insert(
    connection: sa.Connection,
    owner: Owner,
    chat: Chat,
    *,
    parent: str | None,
    role: str,
    content: str,
    attachments: Sequence[str] = (),
    status: str = "completed",
    response: str = "",
    deployment: str = "",
    request: object = None,
) -> Message:
    """A message under `parent` (None = it opens the chat), which becomes the one that is shown.

    Raises NotFoundError for a parent or an attachment that is not there, InvalidError where it does not fit there.
    """
    _check_place(connection, chat, parent, role)
    identifier, moment = new_id("msg"), now()
    inserted = connection.execute(
        sa.insert(chat_messages)
        .values(
            id=identifier,
            chat=chat.id,
            parent=parent or "",
            role=role,
            content=content,
            status=status,
            response=response,
            deployment=deployment,
            error="",
            usage="",
            timings="",
            calls="",
            request=encoded(request),
            created=moment,
        )
        .returning(chat_messages.c.number)
    )
    number: int = inserted.scalar_one()
    files.attach(connection, owner, identifier, attachments)
    values: dict[str, Any] = {"current": identifier, "updated": moment}
    if not chat.title and role == "user":
        values["title"] = title_from(content) or _first_name(connection, chat.id, identifier)
        values["words"] = searched(values["title"])
    connection.execute(sa.update(chats).where(chats.c.id == chat.id).values(**values))
    if not chat.temporary:
        search.index(connection, owner, {number: content})
    return find(connection, chat.id, identifier)


def finish(
    connection: sa.Connection,
    identifier: str,
    *,
    content: str,
    calls: Sequence[Call],
    status: str,
    error: object,
    usage: object,
    timings: object,
    filters: object = None,
) -> None:
    """Write down what became of an answer, once; nothing happens where it is over or was deleted meanwhile."""
    row = connection.execute(
        sa.update(chat_messages)
        .where(chat_messages.c.id == identifier, chat_messages.c.status.not_in(TERMINAL))
        .values(
            content=content,
            calls=encoded(calls or None),
            status=status,
            error=encoded(error),
            usage=encoded(usage),
            timings=encoded(timings),
            filters=encoded(filters),
        )
        .returning(chat_messages.c.number, chat_messages.c.chat)
    ).first()
    if row is None:
        return
    chat = connection.execute(
        sa.update(chats)
        .where(chats.c.id == row.chat)
        .values(updated=now())
        .returning(chats.c.temporary, chats.c.project, chats.c.owner)
    ).one()
    if not chat.temporary:
        search.index(connection, Owner(chat.project, chat.owner), {row.number: content})


def unfinished(connection: sa.Connection, chat: str) -> list[tuple[str, str]]:
    """Message and response of each answer of a chat that is still being made, as far as its row says."""
    rows = connection.execute(
        sa.select(chat_messages.c.id, chat_messages.c.response).where(
            chat_messages.c.chat == chat, chat_messages.c.status == "in_progress"
        )
    ).all()
    return [(row.id, row.response) for row in rows]


def branch(connection: sa.Connection, chat: str, leaf: str) -> list[Turn]:
    """The messages from the first one to `leaf`. Raises NotFoundError."""
    fields = [chat_messages.c[name] for name in Turn.__struct_fields__]
    above = (
        sa.select(chat_messages.c.number, chat_messages.c.parent)
        .where(chat_messages.c.id == possible(leaf, WHAT), chat_messages.c.chat == chat)
        .cte("above", recursive=True)
    )
    higher = sa.select(chat_messages.c.number, chat_messages.c.parent).where(
        chat_messages.c.id == above.c.parent, chat_messages.c.chat == chat
    )
    above = above.union_all(higher)
    # A parent is always older than its children.
    rows = connection.execute(
        sa.select(*fields).join(above, above.c.number == chat_messages.c.number).order_by(chat_messages.c.number)
    ).all()
    if not rows:
        raise NotFoundError(WHAT, leaf)
    return [Turn(**row._asdict()) for row in rows]


def delete(connection: sa.Connection, chat: Chat, identifier: str) -> Forgotten:
    """Forget a message and what hangs below it; its parent is shown if one of those was. Raises NotFoundError."""
    top = find(connection, chat.id, identifier)
    below = sa.select(chat_messages.c.id).where(chat_messages.c.id == identifier).cte("below", recursive=True)
    lower = sa.select(chat_messages.c.id).where(chat_messages.c.parent == below.c.id, chat_messages.c.chat == chat.id)
    gone = list(connection.scalars(sa.select(below.union_all(lower).c.id)))
    responses: list[str] = []
    attached: list[str] = []
    for start in range(0, len(gone), 500):
        part = gone[start : start + 500]
        attached += connection.scalars(
            sa.select(chat_message_attachments.c.attachment).where(chat_message_attachments.c.message.in_(part))
        ).all()
        deleted = sa.delete(chat_messages).where(chat_messages.c.id.in_(part)).returning(chat_messages.c.response)
        responses += [name for name in connection.scalars(deleted) if name]
    if chat.current in gone:
        connection.execute(sa.update(chats).where(chats.c.id == chat.id).values(current=top.parent or ""))
    return Forgotten(responses, files.forget_unused(connection, sorted(set(attached))))


def _check_place(connection: sa.Connection, chat: Chat, parent: str | None, role: str) -> None:
    count = connection.scalar(
        sa.select(sa.func.count()).select_from(chat_messages).where(chat_messages.c.chat == chat.id)
    )
    if (count or 0) >= MOST:
        raise InvalidError(f"A chat holds at most {MOST} messages: begin another one.", code="chat_is_full")
    if parent is None:
        if role == "assistant":
            raise InvalidError("An answer needs a question before it: name it as 'parent'.", param="parent")
        return
    above = connection.execute(
        sa.select(chat_messages.c.role, chat_messages.c.status).where(
            chat_messages.c.id == possible(parent, WHAT), chat_messages.c.chat == chat.id
        )
    ).first()
    if above is None:
        raise NotFoundError(WHAT, parent)
    if above.status not in TERMINAL:
        raise InvalidError(
            "This answer is still being made: wait for its end, or cancel its response.",
            param="parent",
            code="answer_not_complete",
        )
    if above.role == role:
        before = "an answer" if role == "user" else "a question"
        raise InvalidError(f"A message of the {role} stands under {before}: choose another 'parent'.", param="parent")


def _first_name(connection: sa.Connection, chat: str, message: str) -> str:
    given = files.of_messages(connection, chat, message).get(message)
    return title_from(given[0].name) if given else ""
