"""Chats in the database: functions on a connection, always by owner."""

from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.products.chat.attachments import forget_old, forget_unused
from pleiade.products.chat.nouns import Chat
from pleiade.products.chat.rows import chat_from
from pleiade.products.records.errors import NotFoundError
from pleiade.products.records.rows import SECOND, Owner, new_id, now, of, possible
from pleiade.products.records.words import words_of
from pleiade.store.chats import chat_folders, chat_message_attachments, chat_messages, chat_shares, chats

WHAT = "Chat"
TEMPORARY_S = 24 * 3600  # how long a temporary chat is kept
_AT_ONCE = 500  # chats of one sweep: a database takes no endless list

_SHOWN = sa.select(chats, chat_shares.c.id.label("share"), chat_shares.c.expires.label("share_expires")).select_from(
    chats.outerjoin(chat_shares, chat_shares.c.chat == chats.c.id)
)


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Which chats are wanted, newest activity first."""

    limit: int = 20
    after: str = ""  # id of the last one that the caller has
    folder: str | None = None  # None = of all folders and of none
    archived: bool = False
    pinned: bool | None = None  # None = whether or not


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be set; UNSET stays as it is, None takes away."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    pinned: bool | msgspec.UnsetType = msgspec.UNSET
    archived: bool | msgspec.UnsetType = msgspec.UNSET
    folder: str | msgspec.UnsetType | None = msgspec.UNSET
    deployment: str | msgspec.UnsetType | None = msgspec.UNSET
    instructions: str | msgspec.UnsetType = msgspec.UNSET
    current: str | msgspec.UnsetType | None = msgspec.UNSET


class Forgotten(msgspec.Struct, frozen=True):
    """What went with a chat or a message, and is now to be removed elsewhere."""

    responses: list[str]
    objects: list[str]  # that hold the bytes of attachments nobody uses any more


def insert(
    connection: sa.Connection,
    owner: Owner,
    *,
    title: str = "",
    folder: str = "",
    deployment: str = "",
    instructions: str = "",
    temporary: bool = False,
    archived: bool = False,
    source: str = "",
    created: int = 0,
    updated: int = 0,
) -> Chat:
    """A new chat without messages. Times are Unix microseconds, 0 = now."""
    identifier, moment = new_id("chat"), now()
    connection.execute(
        sa.insert(chats).values(
            id=identifier,
            project=owner.project,
            owner=owner.id,
            title=title,
            words=searched(title),
            created=created or moment,
            updated=updated or created or moment,
            pinned=False,
            archived=archived,
            folder=folder,
            deployment=deployment,
            instructions=instructions,
            current="",
            temporary=temporary,
            source=source,
        )
    )
    return find(connection, owner, identifier)


def find(connection: sa.Connection, owner: Owner, identifier: str) -> Chat:
    """The chat of that id. Raises NotFoundError, also for a temporary one that is over."""
    row = connection.execute(
        _SHOWN.where(chats.c.id == possible(identifier, WHAT), of(owner, chats), sa.not_(_over()))
    ).first()
    if row is None:
        raise NotFoundError(WHAT, identifier)
    return chat_from(row)


def list_page(connection: sa.Connection, owner: Owner, wanted: Listing) -> tuple[list[Chat], bool] | None:
    """The chats that are wanted, and whether there are more; None where `after` names none. No message is read."""
    query = _SHOWN.where(of(owner, chats), sa.not_(chats.c.temporary), chats.c.archived == wanted.archived)
    if wanted.folder is not None:
        query = query.where(chats.c.folder == wanted.folder)
    if wanted.pinned is not None:
        query = query.where(chats.c.pinned == wanted.pinned)
    if wanted.after:
        last = connection.execute(
            sa.select(chats.c.updated, chats.c.id).where(chats.c.id == wanted.after, of(owner, chats))
        ).first()
        if last is None:
            return None
        query = query.where(
            sa.tuple_(chats.c.updated, chats.c.id) < sa.tuple_(sa.literal(last[0]), sa.literal(last[1]))
        )
    rows = connection.execute(query.order_by(chats.c.updated.desc(), chats.c.id.desc()).limit(wanted.limit + 1)).all()
    return [chat_from(row) for row in rows[: wanted.limit]], len(rows) > wanted.limit


def all_ids(connection: sa.Connection, owner: Owner) -> list[str]:
    """All chats of `owner` but temporary ones, oldest first."""
    query = sa.select(chats.c.id).where(of(owner, chats), sa.not_(chats.c.temporary))
    return list(connection.scalars(query.order_by(chats.c.created, chats.c.id)))


def update(connection: sa.Connection, owner: Owner, identifier: str, changes: Changes) -> Chat:
    """The chat as changed. Raises NotFoundError, also for a folder or a message that is not its owner's."""
    find(connection, owner, identifier)
    values: dict[str, Any] = {
        name: "" if value is None else value
        for name, value in msgspec.structs.asdict(changes).items()
        if value is not msgspec.UNSET
    }
    if values.get("folder"):
        check_folder(connection, owner, values["folder"])
    if values.get("current"):
        known = sa.select(chat_messages.c.id).where(
            chat_messages.c.id == possible(values["current"], "Message"), chat_messages.c.chat == identifier
        )
        if connection.scalar(known) is None:
            raise NotFoundError("Message", values["current"])
    if "title" in values:
        values["words"] = searched(values["title"])
    if values:
        connection.execute(sa.update(chats).where(chats.c.id == identifier).values(**values))
    return find(connection, owner, identifier)


def delete(connection: sa.Connection, owner: Owner, identifier: str) -> Forgotten:
    """Forget a chat and all that is in it. Raises NotFoundError."""
    found = connection.scalar(sa.select(chats.c.id).where(chats.c.id == possible(identifier, WHAT), of(owner, chats)))
    if found is None:
        raise NotFoundError(WHAT, identifier)
    return forget(connection, [identifier])


def sweep(connection: sa.Connection) -> Forgotten:
    """Forget temporary chats that are over, shares that have expired, and files that nothing uses after a day."""
    connection.execute(sa.delete(chat_shares).where(chat_shares.c.expires <= now()))
    over = connection.scalars(sa.select(chats.c.id).where(_over()).limit(_AT_ONCE)).all()
    gone = forget(connection, list(over)) if over else Forgotten([], [])
    return Forgotten(gone.responses, gone.objects + forget_old(connection, now() - TEMPORARY_S * SECOND))


def forget(connection: sa.Connection, identifiers: list[str]) -> Forgotten:
    """Forget these chats, whosever they are."""
    messages = sa.select(chat_messages.c.id).where(chat_messages.c.chat.in_(identifiers))
    responses = connection.scalars(
        sa.select(chat_messages.c.response).where(chat_messages.c.chat.in_(identifiers), chat_messages.c.response != "")
    ).all()
    files = connection.scalars(
        sa.select(chat_message_attachments.c.attachment)
        .where(chat_message_attachments.c.message.in_(messages))
        .distinct()
    ).all()
    connection.execute(sa.delete(chats).where(chats.c.id.in_(identifiers)))
    return Forgotten(list(responses), forget_unused(connection, list(files)))


def check_folder(connection: sa.Connection, owner: Owner, identifier: str) -> None:
    """Raises NotFoundError where `owner` has no such folder."""
    query = sa.select(chat_folders.c.id).where(
        chat_folders.c.id == possible(identifier, "Folder"), of(owner, chat_folders)
    )
    if connection.scalar(query) is None:
        raise NotFoundError("Folder", identifier)


def searched(title: str) -> str:
    """A title as it is searched: each of its words between spaces."""
    return f" {' '.join(words_of(title))} "


def _over() -> sa.ColumnElement[bool]:
    return sa.and_(chats.c.temporary, chats.c.created < now() - TEMPORARY_S * SECOND)
