"""The things of Chat, as its routes show them. Times are Unix seconds; ids are opaque."""

from typing import Any, Literal

import msgspec

Role = Literal["user", "assistant"]
Status = Literal["in_progress", "completed", "incomplete", "failed", "cancelled"]
Kind = Literal["text", "pdf", "word", "image"]
Verdict = Literal["up", "down"]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A link that shows a snapshot of one branch to whoever has it."""

    id: str
    url: str = ""  # filled in by whoever knows where this server is reached
    expires_at: int


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation: a tree of messages of which one branch is shown."""

    id: str
    object: Literal["chat"] = "chat"
    title: str
    created: int
    updated: int  # of its last message
    pinned: bool
    archived: bool
    folder: str | None
    deployment: str | None  # that answers unless told otherwise
    instructions: str
    current: str | None  # the last message of the branch that is shown
    temporary: bool
    shared: Share | None


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that somebody gave to read."""

    id: str
    object: Literal["chat.attachment"] = "chat.attachment"
    name: str
    bytes: int
    kind: Kind
    pages: int | None
    characters: int  # of its text
    read: float  # share of the text that a model is given, 0 to 1
    notice: str | None  # what was or will be left out, and why
    created: int


class Extract(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a file's bytes."""

    kind: Kind
    type: str  # "application/pdf", …
    text: str = ""
    pages: int = 0  # 0 = it has none
    notice: str = ""  # what could not be read, and why


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody thought of an answer."""

    object: Literal["chat.feedback"] = "chat.feedback"
    message: str
    verdict: Verdict
    reasons: list[str]
    correction: str | None  # what it should have said
    consent: bool  # the chat up to here may be learned from
    created: int
    updated: int


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One turn. Siblings under one parent are versions of it: an edited question, another answer."""

    id: str
    object: Literal["chat.message"] = "chat.message"
    chat: str
    parent: str | None
    role: Role
    content: str
    attachments: list[Attachment]
    calls: list[dict[str, Any]]  # function_call and image_generation_call items of its response; pictures by their id
    status: Status
    response_id: str | None  # follow it with GET /responses/{response_id}?stream=true while it is in progress
    deployment: str | None
    error: dict[str, Any] | None
    usage: dict[str, Any] | None
    timings: dict[str, Any] | None  # first_token_ms, total_ms
    content_filters: list[dict[str, Any]] | None  # what a filter found in its prompt and in it
    feedback: Feedback | None
    created: int


class Thread(Chat, frozen=True, kw_only=True):
    """A chat with its whole tree of messages, in the order in which it grew."""

    messages: list[Message]


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A set of chats with instructions, files and a deployment of its own ("project" on screen)."""

    id: str
    object: Literal["chat.folder"] = "chat.folder"
    name: str
    instructions: str
    deployment: str | None
    attachments: list[Attachment]
    created: int


class ChatList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of chats, newest activity first."""

    object: Literal["list"] = "list"
    data: list[Chat]
    first_id: str | None
    last_id: str | None
    has_more: bool


class FolderList(msgspec.Struct, frozen=True, kw_only=True):
    """All folders, by name."""

    object: Literal["list"] = "list"
    data: list[Folder]


class FoundList(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found, best first."""

    object: Literal["list"] = "list"
    data: list["Found"]


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """That something is gone."""

    id: str
    object: str
    deleted: bool


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A place where searched words stand."""

    chat: str
    message: str | None  # None: in the title
    title: str
    snippet: str
    ranges: list[tuple[int, int]]  # of the words in `snippet`, in UTF-16 units as JavaScript counts
    created: int


TERMINAL = frozenset({"completed", "incomplete", "failed", "cancelled"})
