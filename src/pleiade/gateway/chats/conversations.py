"""The routes of chats and of their messages."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from pleiade.gateway.call import Call
from pleiade.gateway.chats.answers import Answers
from pleiade.gateway.chats.bodies import ChatChanges, NewAnswer, NewChat, NewMessage
from pleiade.gateway.chats.files import Files
from pleiade.gateway.chats.sharing import Sharing
from pleiade.gateway.desk import Desk, asked_for, owner_of, send, send_deleted, truth_asked_for
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.paging import lost_cursor, parse_page
from pleiade.products.chat import attachments, chats, messages
from pleiade.products.chat.chats import Changes, Forgotten, Listing
from pleiade.products.chat.nouns import Chat, ChatList, Deleted, Message, Thread
from pleiade.products.records.errors import InvalidError
from pleiade.products.records.rows import Owner


class Conversations:
    """`/chats`, `/chats/{chat_id}`, and the messages and answers in them."""

    def __init__(self, desk: Desk, answers: Answers, files: Files, sharing: Sharing) -> None:
        self._desk = desk
        self._answers = answers
        self._files = files
        self._sharing = sharing
        one, message = "/chats/{chat_id}", "/chats/{chat_id}/messages/{message_id}"
        query = ("limit", "after", "folder", "archived", "pinned")
        post, get, delete = (partial(Route, method=method) for method in ("POST", "GET", "DELETE"))
        self.routes: Sequence[Route] = (
            get(path="/chats", handler=self.list_page, gives=ChatList, query=query),
            post(path="/chats", handler=self.create, takes=NewChat, gives=Chat),
            get(path=one, handler=self.retrieve, gives=Thread),
            post(path=one, handler=self.update, takes=ChatChanges, gives=Chat),
            delete(path=one, handler=self.delete, gives=Deleted),
            post(path=f"{one}/messages", handler=self.add, takes=NewMessage, gives=Message),
            post(path=f"{one}/answers", handler=self.answer, takes=NewAnswer, gives=Message),
            get(path=f"{message}/request", handler=self.show_request),
            delete(path=message, handler=self.delete_message, gives=Deleted),
        )

    async def list_page(self, call: Call) -> None:
        """The caller's chats, newest activity first; temporary ones are in no list."""
        page = parse_page(call.query, descending=True)
        folder = asked_for(call, "folder")
        wanted = Listing(
            limit=page.limit,
            after=page.after.replace("\0", ""),
            folder=folder if folder is None else folder.replace("\0", ""),
            archived=truth_asked_for(call, "archived") or False,
            pinned=truth_asked_for(call, "pinned"),
        )
        found = await self._desk.read(chats.list_page, owner_of(call), wanted)
        if found is None:
            raise lost_cursor(page.after)
        data, more = found
        first, last = (data[0].id, data[-1].id) if data else (None, None)
        shown = [self._sharing.linked(call, chat) for chat in data]
        await send(call, ChatList(data=shown, first_id=first, last_id=last, has_more=more))

    async def create(self, call: Call) -> None:
        """Begin a chat. Raises ApiError 404 for a folder that is not the caller's."""
        wanted = await self._desk.body(call, NewChat)
        await send(call, await self._desk.write(_create, owner_of(call), wanted))

    async def retrieve(self, call: Call) -> None:
        """A chat with its whole tree of messages. Raises ApiError 404."""
        owner, identifier = owner_of(call), call.params["chat_id"]
        thread = await self._desk.read(read_thread, owner, identifier)
        unfinished = [message.id for message in thread.messages if message.status == "in_progress"]
        if unfinished and await self._answers.refresh(call, identifier, unfinished):
            thread = await self._desk.read(read_thread, owner, identifier)
        await send(call, self._sharing.linked(call, thread))

    async def update(self, call: Call) -> None:
        """Rename, pin, archive or move a chat, or show another branch of it. Raises ApiError 400, 404."""
        wanted = await self._desk.body(call, ChatChanges)
        changes = Changes(**msgspec.structs.asdict(wanted))
        chat = await self._desk.write(chats.update, owner_of(call), call.params["chat_id"], changes)
        await send(call, self._sharing.linked(call, chat))

    async def delete(self, call: Call) -> None:
        """Forget a chat: its messages, its answers' responses, files that nothing else uses. Raises ApiError 404."""
        identifier = call.params["chat_id"]
        await self._clear(await self._desk.write(chats.delete, owner_of(call), identifier))
        await send_deleted(call, identifier, "chat")

    async def add(self, call: Call) -> None:
        """Add a question; a second one under the same parent is an edited version. Raises ApiError 400, 404."""
        wanted = await self._desk.body(call, NewMessage)
        await self._chat(call)
        await self._answers.refresh(call, call.params["chat_id"])  # the parent may have ended unseen
        await send(call, await self._desk.write(_add, owner_of(call), call.params["chat_id"], wanted))

    async def answer(self, call: Call) -> None:
        """Begin an answer to a question, and say which response to follow. Raises ApiError as POST /responses."""
        wanted = await self._desk.body(call, NewAnswer)
        await send(call, await self._answers.make(call, await self._chat(call), wanted))

    async def show_request(self, call: Call) -> None:
        """The exact body of POST /responses that an answer was asked for with. Raises ApiError 404."""
        chat = await self._chat(call)
        await send(call, await self._desk.read(messages.find_request, chat.id, call.params["message_id"]))

    async def delete_message(self, call: Call) -> None:
        """Forget a message and all that hangs below it. Raises ApiError 404."""
        chat, identifier = await self._chat(call), call.params["message_id"]
        await self._clear(await self._desk.write(messages.delete, chat, identifier))
        await send_deleted(call, identifier, "chat.message")

    async def _clear(self, gone: Forgotten) -> None:
        """Remove what went with a chat or a message."""
        await self._answers.forget(gone.responses)
        await self._files.remove(gone.objects)

    async def _chat(self, call: Call) -> Chat:
        return await self._desk.read(chats.find, owner_of(call), call.params["chat_id"])


def read_thread(connection: Any, owner: Owner, identifier: str) -> Thread:
    """A chat with all its messages, on one snapshot. Raises NotFoundError."""
    chat = chats.find(connection, owner, identifier)
    return Thread(**msgspec.structs.asdict(chat), messages=messages.list_all(connection, chat.id))


def _create(connection: Any, owner: Owner, wanted: NewChat) -> Chat:
    if wanted.folder:
        chats.check_folder(connection, owner, wanted.folder)
    return chats.insert(
        connection,
        owner,
        title=wanted.title,
        folder=wanted.folder or "",
        deployment=wanted.deployment or "",
        instructions=wanted.instructions,
        temporary=wanted.temporary,
    )


def _add(connection: Any, owner: Owner, identifier: str, wanted: NewMessage) -> Message:
    """A message, with the files of the chat's folder that no message above it has brought."""
    chat = chats.find(connection, owner, identifier)
    parent = chat.current if wanted.parent is msgspec.UNSET else wanted.parent
    given = list(wanted.attachments)
    if not given and not wanted.content.strip():
        raise InvalidError("This message is empty: write something, or attach a file.", param="content")
    if chat.folder and wanted.role == "user":
        of_folder = attachments.of_folders(connection, [chat.folder]).get(chat.folder, [])
        if of_folder:
            above = [turn.id for turn in messages.branch(connection, chat.id, parent)] if parent else []
            brought = attachments.ids_of(connection, above)
            given += [one.id for one in of_folder if one.id not in brought and one.id not in given]
    return messages.insert(
        connection,
        owner,
        chat,
        parent=parent,
        role=wanted.role,
        content=wanted.content,
        attachments=given,
    )
